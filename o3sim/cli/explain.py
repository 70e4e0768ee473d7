"""`o3sim explain`: where the cycles of a run went, and what would save them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.errors import InputError


def explain(
    target: Annotated[
        str, typer.Argument(metavar="RESULT.json|ARCH", help="Result of `run --json`, or an architecture.")
    ],
    workload: Annotated[
        str | None, typer.Argument(metavar="WORKLOAD", help="By default the one the result is of.")
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", metavar="N", help="Images to run; by default as many as it has.")
    ] = None,
    image_file: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Images in place of the workload's own.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(metavar="LAYER", help="Layer to watch; by default the longest.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(metavar="ARCH", help="Which run of a result with several; the first.")
    ] = None,
    profiles: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read profiles that `profile --save DIR` kept.")
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes to spread the runs over.")] = 1,
) -> None:
    """Tell where the cycles of a run went, and what limits each layer.

    Runs it again, and once more for each unit with that unit's limits taken away, and reports what
    that saves. Also how full the queue and the PEs are, and how deep neurons are decided.
    """
    if images is not None and images < 1:
        raise InputError(f"--images {images}: expected at least 1")
    if jobs < 1:
        raise InputError(f"--jobs {jobs}: expected at least 1")
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.report.console import make_console
    from o3sim.report.explain import print_explanation
    from o3sim.studies.whatif.measure import explain as explain_source
    from o3sim.studies.whatif.source import source_of
    from o3sim.workers.pool import prepare

    prepare(jobs)
    source = source_of(target, workload, image_file, images, run, profiles)
    with progress_on_stderr() as progress:
        found = explain_source(source, layer, progress, jobs)
    print_explanation(make_console(), found)
