"""`o3sim explain`: where the cycles of a run went, and what would save them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from o3sim.cli import candidates, options
from o3sim.cli.machines import load_machine, said
from o3sim.errors import InputError


def explain(
    target: Annotated[
        str,
        typer.Argument(
            metavar="RESULT.json|ARCH",
            help="Result of `run --json`, or an architecture.",
            autocompletion=candidates.architectures,
        ),
    ],
    workload: options.WorkloadOfResult = None,
    settings: options.Set = None,
    images: options.ImagesOfResult = None,
    image_file: options.ImageFile = None,
    layer: options.LongestLayer = None,
    run: Annotated[
        str | None, typer.Option(metavar="ARCH", help="Which run of a result with several; the first.")
    ] = None,
    profiles: options.Profiles = None,
    jobs: options.Jobs = 1,
    wide: options.Wide = False,
    _allow_code: options.AllowCode = False,
) -> None:
    """Tell where the cycles of a run went, and what limits each layer.

    Runs it again, and once more for each unit with that unit's limits taken away, and reports what
    that saves. Also how full the queue and the PEs are, and how deep neurons are decided.
    """
    if settings and target.endswith(".json"):
        raise InputError(
            f"--set {settings[0]}: a result is of its own machine; name ARCH and WORKLOAD instead"
        )
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.report.console import make_console
    from o3sim.report.explain import print_explanation
    from o3sim.runs.kernels import prepare
    from o3sim.studies.whatif.measure import explain as explain_source
    from o3sim.studies.whatif.source import source_of

    changed = load_machine(target, settings) if settings else None
    prepare(jobs)
    source = source_of(target, workload, image_file, images, run, profiles)
    if changed is not None:
        source = replace(source, architecture=changed)
    with progress_on_stderr() as progress:
        found = explain_source(source, layer, progress, jobs)
    print(said(settings), end="")
    print_explanation(make_console(wide=wide), found, wide)
