"""`o3sim trace`: what happens in a layer, cycle by cycle, for people and for viewers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from o3sim.cli import candidates, options
from o3sim.cli.machines import load_machine
from o3sim.errors import InputError


def trace(  # noqa: PLR0913, PLR0917 - a command has as many parameters as options
    architecture: options.Architecture,
    workload: options.Workload,
    layer: options.Layer,
    output: options.OutputFile,
    settings: options.Set = None,
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="canonical, kanata, chrome, vcd, parquet, or yours: FILE.py:Class.",
            autocompletion=candidates.trace_formats,
        ),
    ] = "canonical",
    ops: options.Ops = "",
    cycles: options.Cycles = "",
    image: options.Image = 0,
    image_file: options.ImageFile = None,
    engine: options.Engine = None,
    profiles: options.Profiles = None,
    _allow_code: options.AllowCode = False,
) -> None:
    """Write what happens in one layer of WORKLOAD on ARCH, or in a part of it, to a file.

    FILE.gz is compressed, and - is standard output. Cycles count from the layer's first; engines show the
    same events. docs/traces.md explains the formats and their viewers.
    """
    from o3sim.config.consent import check_consent
    from o3sim.config.ranges import parse_range
    from o3sim.trace.files import open_trace
    from o3sim.trace.registry import load_writer
    from o3sim.trace.window import event_window

    spans = parse_range("--ops", ops), parse_range("--cycles", cycles)
    machine = load_machine(architecture, settings)
    check_consent(machine, more=[format_name])
    try:
        make_writer = load_writer(format_name)
    except InputError as error:
        raise InputError(f"--format {format_name}: {error}") from None

    from o3sim.cli.progress import progress_on_stderr
    from o3sim.config.custom_code import code_place, is_custom
    from o3sim.config.custom_load import custom_code_errors
    from o3sim.network.layer_names import layer_number
    from o3sim.runs.case import load_case, with_saved_profiles
    from o3sim.trace.session import trace_layer

    loaded = load_case(workload, image_file, image + 1, [machine])
    number = layer_number(layer, [each.name for each in loaded.network.layers])
    case = with_saved_profiles(loaded.one(image), profiles, [machine])
    window = event_window(number, *spans)
    custom = [code_place(format_name)] if is_custom(format_name) else []
    with custom_code_errors(custom), progress_on_stderr() as progress, open_trace(output) as stream:
        events = trace_layer(machine, case, window, make_writer, stream, engine, progress)
    print(f"wrote {events:,} events of layer {case.network.layers[number].name} to {output}", file=sys.stderr)
