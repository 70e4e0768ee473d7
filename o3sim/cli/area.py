"""`o3sim area`: what a machine takes of a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from o3sim.cli import candidates, options, outputs
from o3sim.cli.machines import load_machine, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from o3sim.network.layer import Sized

By = Literal["unit", "module", "machine"]


def area(
    architecture: options.Architecture,
    settings: options.Set = None,
    workload: Annotated[
        str,
        typer.Option(
            metavar="WORKLOAD",
            help="The network it is for: it sizes the table of thresholds and a line buffer.",
            autocompletion=candidates.workloads,
        ),
    ] = "",
    by: Annotated[
        By, typer.Option(metavar="unit|module|machine", help="A row for each unit, each module, or in all.")
    ] = "unit",
    part: Annotated[
        str, typer.Option(metavar="PART", help="The chip to hold it against, by its board.")
    ] = "",
    json: options.Json = "",
) -> None:
    """Estimate the LUTs, flip-flops and block RAMs that ARCH takes on a Xilinx 7, and whether they fit.

    Constants are fitted to what Yosys makes of each unit; docs/area.md has the errors, and what is left out.
    """
    from o3sim.area.parts import part_of
    from o3sim.report.area import AreaReport, print_area, to_json

    machine = load_machine(architecture, settings)
    named = part or machine.fits
    held = part_of(named, f"--part {part}" if part else "fits") if named else None
    report = AreaReport.of(machine, _layers(workload), held)
    if json:
        outputs.write_json(json, to_json(report))
    if json != outputs.STANDARD_OUTPUT:
        from o3sim.report.console import make_console

        print(said(settings), end="")
        print_area(make_console(), report, by)


def _layers(workload: str) -> Sequence[Sized]:
    if not workload:
        return ()
    from o3sim.network.load import layer_sizes, load_workload

    return layer_sizes(load_workload(workload))
