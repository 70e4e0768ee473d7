"""`o3sim fifo`: how deep the FIFOs between the stages of a pipeline have to be."""

from __future__ import annotations

from typing import Annotated

import typer

from o3sim.cli import options, outputs
from o3sim.cli.machines import load_machine, said


def fifo(
    architecture: options.Architecture,
    workload: options.Workload,
    settings: options.Set = None,
    images: options.Images = 4,
    image_file: options.ImageFile = None,
    words: Annotated[
        bool,
        typer.Option("--words", help="Depths in words of each stage's pe.width_edges bits, finer than rows."),
    ] = False,
    json: options.Json = "",
    _allow_code: options.AllowCode = False,
) -> None:
    """Find the least rows between the stages of a pipeline that keep its rate.

    Images go through it back to back, in as many cycles as their pruning takes. Prints the depths, and what
    smaller ones cost: kbit against images/s, mean and worst. With --words as few words as do as well.
    docs/pipelined.md.
    """
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.report.console import make_console
    from o3sim.report.fifo import print_depths, to_json
    from o3sim.runs.case import load_case
    from o3sim.runs.kernels import prepare
    from o3sim.runs.runner import runner_of
    from o3sim.studies.fifo.find import find_depths

    machine = load_machine(architecture, settings)
    case = load_case(workload, image_file, images, [machine])
    runner_of(machine, case.network)
    prepare(1)
    with progress_on_stderr() as progress:
        found = find_depths(machine, case, progress, words)
    if json:
        outputs.write_json(json, to_json(found, len(case)))
    if json != outputs.STANDARD_OUTPUT:
        print(said(settings), end="")
        print_depths(make_console(), found, len(case))
