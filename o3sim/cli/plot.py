"""`o3sim plot`: figures of results, of decision depths, and of machines at work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import options, plot_tables
from o3sim.cli.machines import changed, load_machine
from o3sim.cli.plot_style import figure_style
from o3sim.cli.plot_tables import By, FiguresOfFolders, Where
from o3sim.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from o3sim.config.architecture import Architecture
    from o3sim.report.plot.traced import TraceFile
    from o3sim.report.plot.watched import Watched, WatchedMachine

plot_app = typer.Typer(cls=FiguresOfFolders, help="Draw figures (PNG, SVG or PDF).", no_args_is_help=True)
for table_figure in (
    plot_tables.lines,
    plot_tables.pareto,
    plot_tables.heatmap,
    plot_tables.energy,
    plot_tables.pruning,
):
    plot_app.command()(table_figure)

Results = Annotated[list[Path], typer.Argument(metavar="RESULT.json...", help="Results of `run --json`.")]


@plot_app.command()
def stack(
    results: Results,
    output: options.Figure,
    layer: options.AllLayers = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """Cycle stacks: the layers of one run, or several runs beside each other."""
    from o3sim.report.plot.stack import draw_stack, stack_data
    from o3sim.results.saved import load_runs

    data = stack_data([run for path in results for run in load_runs(path)], layer)
    with figure_style(inches, style):
        _write(draw_stack(data), output)


@plot_app.command()
def speedup(  # noqa: PLR0913, PLR0917 - the command's options
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT.json...|DIR", help="Results of `run --json`, or a sweep's folder."),
    ],
    output: options.FigureOfTable = None,
    over: Annotated[
        str,
        typer.Option(metavar="ARCH|KEY=VALUE", help="What the others are compared with; a key for a sweep."),
    ] = "dense",
    x: Annotated[
        str | None, typer.Option("--x", metavar="KEY", help="Column of a sweep along the axis.")
    ] = None,
    y: Annotated[
        str | None, typer.Option("--y", metavar="KEY", help="Column of a sweep to divide, else the latency.")
    ] = None,
    by: By = None,
    where: Where = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """Speed-up of architectures over one of them; of a sweep's points over those that differ in a key."""
    if len(results) == 1 and (results[0].is_dir() or results[0].suffix == ".csv"):
        plot_tables.table_speedup(results[0], x, y, over, by, where, output, (inches, style))
        return
    if output is None:
        raise InputError("where to? --output FILE")
    if x or y or by or where:
        raise InputError("--x, --y, --by and --where are for the table of a sweep; give its folder")
    from o3sim.report.plot.speedup import draw_speedup, speedup_data
    from o3sim.results.saved import load_runs

    data = speedup_data([load_runs(path) for path in results], over)
    with figure_style(inches, style):
        _write(draw_speedup(data), output)


@plot_app.command()
def images(
    results: Results,
    output: options.Figure,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """Latency of the images of runs one by one: a box for each architecture."""
    from o3sim.report.plot.image_boxes import boxes_data, draw_boxes
    from o3sim.results.saved import load_runs

    data = boxes_data([run for path in results for run in load_runs(path)])
    with figure_style(inches, style):
        _write(draw_boxes(data), output)


@plot_app.command()
def interval(
    table: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Table of `trace --interval N`.")],
    output: options.Figure,
    layer: options.AllLayers = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """Show what PEs do and how full the queue is over time, from counts of every N cycles."""
    from o3sim.report.plot.interval import draw_interval, interval_data

    data = interval_data(table, layer)
    with figure_style(inches, style):
        _write(draw_interval(data), output)


@plot_app.command()
def depth(
    output: options.Figure,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    images: options.Images = 1,
    image_file: options.ImageFile = None,
    profiles: options.Profiles = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """How deep into their edges neurons are decided, layer by layer: no machine is run."""
    from o3sim.report.plot.depth import depth_data, draw_depth
    from o3sim.runs.case import load_case, with_saved_profiles
    from o3sim.studies.whatif.depths import DepthSums

    loaded, depths = load_case(workload, image_file, images), DepthSums()
    case = with_saved_profiles(loaded, profiles)
    for item in case.items():
        depths.add(case.image(item).profiles())
    title = f"{loaded.title}, {images} image{'s' * (images != 1)}"
    with figure_style(inches, style):
        _write(draw_depth(depth_data(depths.layers), title), output)


@plot_app.command()
def occupancy(  # noqa: PLR0913, PLR0917 - the command's options
    architectures: options.Architectures,
    output: options.Figure,
    layer: options.OptionalLayer = None,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    settings: options.Set = None,
    image: options.Image = 0,
    image_file: options.ImageFile = None,
    profiles: options.Profiles = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
    _allow_code: options.AllowCode = False,
) -> None:
    """Ops in the queue and neurons in flight: histograms over the first cycles of a layer.

    --set changes every ARCH.
    """
    from o3sim.report.plot.occupancy import draw_occupancy, occupancy_data

    panels, watched = _panels(architectures, settings, layer, workload, (image_file, image), profiles)
    data = occupancy_data({panel.name: panel.occupancy() for panel in panels})
    title = _layers_of(panels) if watched is None else f"{watched.case.title}, layer {watched.name}"
    title += changed(settings)
    with figure_style(inches, style):
        _write(draw_occupancy(data, title), output)


@plot_app.command()
def timeline(  # noqa: PLR0913, PLR0917 - the command's options
    architectures: options.Architectures,
    output: options.Figure,
    layer: options.OptionalLayer = None,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    settings: options.Set = None,
    cycles: options.Cycles = "0:100",
    image: options.Image = 0,
    image_file: options.ImageFile = None,
    profiles: options.Profiles = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
    _allow_code: options.AllowCode = False,
) -> None:
    """Show what every PE does in every cycle, architectures below each other on one time axis.

    --set changes every ARCH.
    """
    from o3sim.report.plot.timeline import draw_timeline

    first, end = _span(cycles)
    panels, watched = _panels(architectures, settings, layer, workload, (image_file, image), profiles)
    data = [panel.timeline(first, end) for panel in panels]
    title = _layers_of(panels) if watched is None else f"layer {watched.name} of {watched.case.title}"
    title += changed(settings)
    with figure_style(inches, style):
        _write(draw_timeline(data, title), output)


def _span(cycles: str) -> tuple[int, int]:
    """Read which cycles to show; what has no end ends with its layer."""
    from o3sim.config.ranges import NO_END, parse_range
    from o3sim.report.plot.watched import MOST_TIMELINE_CYCLES

    first, end = parse_range("--cycles", cycles)
    if end != NO_END and end - first > MOST_TIMELINE_CYCLES:
        raise InputError(f"--cycles {cycles}: at most {MOST_TIMELINE_CYCLES:,} can be seen in a figure")
    return first, end


def _panels(
    names: str,
    settings: Sequence[str] | None,
    layer: str | None,
    workload: str,
    images: tuple[Path | None, int],
    profiles: Path | None,
) -> tuple[list[WatchedMachine | TraceFile], Watched | None]:
    """Find what is to be drawn: traces, and machines with what they run; figures tell them apart by name."""
    from o3sim.config.consent import check_consent
    from o3sim.report.plot.traced import TraceFile, is_trace
    from o3sim.report.plot.watched import WatchedMachine

    found: dict[str, Architecture | TraceFile] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        panel = TraceFile(Path(name), layer) if is_trace(name) else load_machine(name, settings)
        if panel.name in found:
            what = "trace" if isinstance(panel, TraceFile) else "architecture"
            raise InputError(f"{name}: {what} `{panel.name}` is in this figure already")
        found[panel.name] = panel
    if not found:
        raise InputError("name at least one architecture")
    machines = [panel for panel in found.values() if not isinstance(panel, TraceFile)]
    if not machines:
        _refuse_what_runs(settings, images, profiles)
        return [panel for panel in found.values() if isinstance(panel, TraceFile)], None
    if settings and len(machines) < len(found):
        raise InputError(f"--set {settings[0]}: changes no trace; draw traces and changed machines apart")
    check_consent(*machines)
    watched = _watched(machines, layer, workload, images, profiles)
    panels = found.values()
    return [
        each if isinstance(each, TraceFile) else WatchedMachine(each, watched) for each in panels
    ], watched


def _refuse_what_runs(
    settings: Sequence[str] | None, images: tuple[Path | None, int], profiles: Path | None
) -> None:
    """Refuse options that say how machines run, where only traces are drawn."""
    image_file, image = images
    stated = {
        "--set": settings and settings[0],
        "--image": image,
        "--image-file": image_file,
        "--profiles": profiles,
    }
    for option, value in stated.items():
        if value:
            raise InputError(f"{option} {value}: a trace is of its own run; name an architecture instead")


def _watched(
    machines: Sequence[Architecture],
    layer: str | None,
    workload: str,
    images: tuple[Path | None, int],
    profiles: Path | None,
) -> Watched:
    """Load what machines run, and which layer of it to watch."""
    from o3sim.network.layer_names import layer_number
    from o3sim.report.plot.watched import Watched
    from o3sim.runs.case import load_case, with_saved_profiles

    if layer is None:
        raise InputError("which layer? --layer LAYER")
    image_file, image = images
    loaded = load_case(workload, image_file, image + 1, machines)
    number = layer_number(layer, [each.name for each in loaded.network.layers])
    return Watched(with_saved_profiles(loaded.one(image), profiles, machines), number)


def _layers_of(panels: Sequence[WatchedMachine | TraceFile]) -> str:
    """Name the layers that traces are of."""
    from o3sim.report.plot.traced import TraceFile

    names = dict.fromkeys(panel.layer for panel in panels if isinstance(panel, TraceFile) and panel.layer)
    return f"layer {', '.join(names)}" if names else "the layer"


def _write(figure: Figure, output: Path) -> None:
    from o3sim.report.plot.style import save

    save(figure, output)
    print(output)
