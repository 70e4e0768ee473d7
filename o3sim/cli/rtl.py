"""`o3sim rtl`: a machine that runs layers as SystemVerilog, held against the simulator."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from o3sim.cli import options
from o3sim.cli.machines import load_machine

EXIT_DIFFERENT = 1


def rtl(
    architecture: options.Architecture,
    workload: options.Workload,
    layer: options.LayerRow,
    output: options.OutputFolder,
    settings: options.Set = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Build it with Verilator and compare its trace with the simulator's."),
    ] = False,
    image: options.Image = 0,
    image_file: options.ImageFile = None,
) -> None:
    """Write ARCH as SystemVerilog that runs a layer of WORKLOAD, or several in a row, with a testbench.

    --layer is repeatable: one machine then runs these layers one after the other, each on the output of
    the one before.

    Exit status of --check: 0, all events and output bits are the same; 1, they differ. What is written
    and how to read it is in docs/rtl.md.
    """
    from o3sim.rtl.check import check_tools
    from o3sim.rtl.emit import Subject, prepare_folder, texts, write

    if check:
        check_tools()
    prepare_folder(output)
    machine = load_machine(architecture, settings)

    from o3sim.cli.progress import progress_on_stderr
    from o3sim.network.layer_names import layer_row
    from o3sim.runs.case import load_case

    loaded = load_case(workload, image_file, image + 1, [machine])
    numbers = layer_row(layer, [each.name for each in loaded.network.layers])
    case = loaded.one(image)
    subject = Subject(machine, case.network, numbers[0], case.images.x[0], len(numbers))
    files = texts(subject)
    write(files, output)
    print(f"wrote {len(files)} files of layer {subject.title} to {output}", file=sys.stderr)
    if not check:
        return
    from o3sim.network.activity import doing
    from o3sim.rtl.check import difference, events_of, run_rtl, write_expected
    from o3sim.rtl.emit import output_bits

    with progress_on_stderr() as progress:
        write_expected(subject, case, output, progress)
    with doing("building and running the RTL with Verilator"):
        run_rtl(output)
    report = difference(subject, output)
    if report:
        print(*report, sep="\n")
        raise typer.Exit(EXIT_DIFFERENT)
    bits = sum(each.size for each in output_bits(subject))
    print(f"equal: {events_of(output):,} events and {bits:,} output bits of layer {subject.title}")
