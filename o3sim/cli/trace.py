"""`o3sim trace`: what happens in a layer, cycle by cycle, for people and for viewers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from o3sim.cli import candidates, options, outputs
from o3sim.cli.machines import load_machine
from o3sim.errors import InputError


def trace(
    architecture: options.Architecture,
    workload: options.Workload,
    output: options.OutputFile,
    layer: options.LayerOrAll = None,
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
    interval: Annotated[
        int | None,
        typer.Option(
            "--interval",
            metavar="N",
            help="Write counts of every N cycles in place of events, as CSV or FILE.parquet.",
        ),
    ] = None,
    image: options.Image = 0,
    image_file: options.ImageFile = None,
    engine: options.Engine = None,
    profiles: options.Profiles = None,
    _allow_code: options.AllowCode = False,
) -> None:
    """Write what happens in one layer of WORKLOAD on ARCH, or in a part of it, to a file.

    FILE.gz is compressed, and - is standard output. Cycles count from the layer's first; engines show the
    same events. --interval N writes a table. docs/traces.md explains the formats and their viewers.
    """
    from o3sim.config.consent import check_consent
    from o3sim.config.ranges import parse_range
    from o3sim.trace.files import open_trace
    from o3sim.trace.registry import load_writer
    from o3sim.trace.window import event_window

    if interval is not None:
        _intervals(
            interval, architecture, settings, workload, layer, output, image, image_file, engine, profiles,
            {"--format": "" if format_name == "canonical" else format_name, "--ops": ops, "--cycles": cycles},
        )  # fmt: skip
        return
    if layer is None:
        raise InputError("which layer? --layer LAYER")
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


def _intervals(
    interval: int,
    architecture: str,
    settings: Sequence[str] | None,
    workload: str,
    layer: str | None,
    output: Path,
    image: int,
    image_file: Path | None,
    engine: str | None,
    profiles: Path | None,
    of_events: Mapping[str, str],
) -> None:
    """Write the table of `--interval`."""
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.config.consent import check_consent
    from o3sim.files import write_atomic
    from o3sim.network.layer_names import layer_number
    from o3sim.results.table import csv_text, write_parquet
    from o3sim.runs.case import load_case, with_saved_profiles
    from o3sim.trace.intervals import interval_rows

    options.at_least_one("--interval", interval)
    for option, value in of_events.items():
        if value:
            raise InputError(f"{option} {value}: is of events; --interval {interval} counts whole layers")
    machine = load_machine(architecture, settings)
    check_consent(machine)
    loaded = load_case(workload, image_file, image + 1, [machine])
    names = [each.name for each in loaded.network.layers]
    layers = range(len(names)) if layer is None else [layer_number(layer, names)]
    case = with_saved_profiles(loaded.one(image), profiles, [machine])
    with progress_on_stderr() as progress:
        rows = list(interval_rows(machine, case, layers, interval, engine, progress))
    if output.suffix == ".parquet":
        write_parquet(output, rows)
    elif str(output) == outputs.STANDARD_OUTPUT:
        print(csv_text(rows), end="")
    else:
        write_atomic(output, csv_text(rows))
    print(f"wrote {len(rows):,} intervals of {interval:,} cycles to {output}", file=sys.stderr)
