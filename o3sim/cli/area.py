"""`o3sim area`: what a machine takes of a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from o3sim.cli import candidates, options, outputs
from o3sim.cli.machines import load_machine, said
from o3sim.errors import InputError

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
    synthesize: Annotated[
        bool,
        typer.Option(
            "--synthesize", help="Have Yosys count each unit at this machine's sizes, beside the estimate."
        ),
    ] = False,
    unit: Annotated[
        list[str] | None,
        typer.Option(metavar="UNIT", help="With --synthesize, only this unit, however long; repeatable."),
    ] = None,
    json: options.Json = "",
) -> None:
    """Estimate what ARCH takes of a Xilinx 7, whether it fits, and the clock that its slowest unit allows.

    Constants are fitted to what Yosys makes of each unit, those of the clock to placements on an ECP5;
    docs/area.md has the errors, and what is left out.
    """
    from o3sim.area.parts import part_of
    from o3sim.report.area import AreaReport, print_area, to_json

    if unit and not synthesize:
        raise InputError("--unit: chooses what --synthesize counts; give that too, or neither")
    machine = load_machine(architecture, settings)
    if synthesize:
        from o3sim.rtl.scope import check_machine

        check_machine(machine)
    named = part or machine.fits
    held = part_of(named, f"--part {part}" if part else "fits") if named else None
    report = AreaReport.of(machine, _layers(workload), held)
    counted = None
    if synthesize:
        from o3sim.cli.synthesis import count_cells

        counted = count_cells(report.pieces, unit or ())
    if json:
        outputs.write_json(json, to_json(report, counted))
    if json != outputs.STANDARD_OUTPUT:
        from o3sim.report.console import make_console
        from o3sim.report.counted import print_counted

        console = make_console()
        print(said(settings), end="")
        print_area(console, report, by)
        if counted is not None:
            print_counted(console, report.name, by, report.rows(by), counted)


def _layers(workload: str) -> Sequence[Sized]:
    if not workload:
        return ()
    from o3sim.network.load import layer_sizes, load_workload

    return layer_sizes(load_workload(workload))
