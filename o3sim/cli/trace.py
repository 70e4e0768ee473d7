"""`o3sim trace`: what happens in a layer, cycle by cycle, for people and for viewers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from o3sim.errors import InputError


def trace(  # noqa: PLR0913, PLR0917 - a command has as many parameters as options
    architecture: Annotated[
        str, typer.Argument(metavar="ARCH", help="Architecture: shipped name or YAML file.")
    ],
    workload: Annotated[str, typer.Argument(metavar="WORKLOAD", help="Workload: shipped name or YAML file.")],
    layer: Annotated[
        str, typer.Option("--layer", metavar="LAYER", help="Layer to trace: its name, or number from 0.")
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File to write; FILE.gz is compressed; - for stdout."
        ),
    ],
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="canonical, kanata, chrome, vcd, parquet, or yours: FILE.py:Class.",
        ),
    ] = "canonical",
    ops: Annotated[
        str, typer.Option(metavar="A:B", help="Only ops A to B-1 of the layer, in program order from 0.")
    ] = "",
    cycles: Annotated[
        str, typer.Option(metavar="A:B", help="Only cycles A to B-1, from the layer's first on.")
    ] = "",
    image: Annotated[int, typer.Option(metavar="I", help="Image to run, from 0.")] = 0,
    image_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Images (x) in place of the workload's own."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="NAME", help="compiled or simpy; both show the same events.")
    ] = None,
    profiles: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read profiles that `profile --save DIR` kept.")
    ] = None,
) -> None:
    """Write what happens in one layer of WORKLOAD on ARCH, or in a part of it, to a file.

    Cycles count from the layer's first. docs/traces.md explains the formats and their viewers.
    """
    from o3sim.trace.files import STANDARD_OUTPUT, check_target, open_trace
    from o3sim.trace.registry import load_writer
    from o3sim.trace.window import event_window, parse_range

    spans = parse_range("--ops", ops), parse_range("--cycles", cycles)
    try:
        make_writer = load_writer(format_name)
    except InputError as error:
        raise InputError(f"--format {format_name}: {error}") from None
    if output != STANDARD_OUTPUT:
        check_target(Path(output))

    from o3sim.cli.progress import progress_on_stderr
    from o3sim.config.custom_code import code_place, is_custom
    from o3sim.config.custom_load import custom_code_errors
    from o3sim.config.load import load_architecture
    from o3sim.runs.case import load_case, with_saved_profiles
    from o3sim.trace.session import trace_layer
    from o3sim.trace.window import layer_number

    machine = load_architecture(architecture)
    if image < 0:
        raise InputError(f"--image {image}: images count from 0")
    loaded = load_case(workload, image_file, image + 1)
    number = layer_number(layer, [each.name for each in loaded.network.layers])
    case = with_saved_profiles(loaded.one(image), profiles, [machine])
    window = event_window(number, *spans)
    custom = [code_place(format_name)] if is_custom(format_name) else []
    with custom_code_errors(custom), progress_on_stderr() as progress, open_trace(output) as stream:
        events = trace_layer(machine, case, window, make_writer, stream, engine, progress)
    print(f"wrote {events:,} events of layer {case.network.layers[number].name} to {output}", file=sys.stderr)
