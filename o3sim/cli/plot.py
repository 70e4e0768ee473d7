"""`o3sim plot`: figures of results, of decision depths, and of machines at work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import plot_tables
from o3sim.cli.plot_tables import By, FiguresOfFolders, Target, Where
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

Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Figure to write: .png, .svg or .pdf.")
]
Results = Annotated[list[Path], typer.Argument(metavar="RESULT.json...", help="Results of `run --json`.")]
Machines = Annotated[
    str,
    typer.Argument(metavar="ARCH,...", help="Architectures, or canonical traces of a layer: nothing is run."),
]
Workload = Annotated[str, typer.Argument(metavar="WORKLOAD", help="Shipped name or YAML file.")]
ImageFile = Annotated[
    Path | None, typer.Option(metavar="FILE.npz", help="Images in place of the workload's own.")
]
Image = Annotated[int, typer.Option("--image", metavar="N", help="Which image to run, from 0.")]
LayerName = Annotated[
    str | None, typer.Option("--layer", metavar="LAYER", help="Layer to watch; that of the traces.")
]
Profiles = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Read profiles that `profile --save DIR` kept.")
]
Cycles = Annotated[
    str, typer.Option("--cycles", metavar="A:B", help="Cycles to show, from the start of the layer.")
]

DEFAULT_WORKLOAD = "fashion-vgg"
MOST_TIMELINE_CYCLES = 20_000


@plot_app.command()
def stack(
    results: Results,
    output: Output,
    layer: Annotated[
        str | None, typer.Option(metavar="LAYER", help="Compare the runs on this layer alone.")
    ] = None,
) -> None:
    """Cycle stacks: the layers of one run, or several runs beside each other."""
    from o3sim.report.plot.stack import draw_stack, stack_data
    from o3sim.report.plot.style import check_target, figure_style
    from o3sim.results.saved import load_runs

    check_target(output)
    data = stack_data([run for path in results for run in load_runs(path)], layer)
    with figure_style():
        _write(draw_stack(data), output)


@plot_app.command()
def speedup(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT.json...|DIR", help="Results of `run --json`, or a sweep's folder."),
    ],
    output: Target = None,
    over: Annotated[
        str,
        typer.Option(metavar="ARCH|KEY=VALUE", help="What the others are compared with; a key for a sweep."),
    ] = "dense",
    x: Annotated[
        str | None, typer.Option("--x", metavar="KEY", help="Of a sweep: column along the axis.")
    ] = None,
    y: Annotated[
        str | None, typer.Option("--y", metavar="KEY", help="Of a sweep: column to divide, else the latency.")
    ] = None,
    by: By = None,
    where: Where = None,
) -> None:
    """Speed-up of architectures over one of them; of a sweep's points over those that differ in a key."""
    if len(results) == 1 and (results[0].is_dir() or results[0].suffix == ".csv"):
        plot_tables.table_speedup(results[0], x, y, over, by, where, output)
        return
    if output is None:
        raise InputError("where to? --output FILE")
    if x or y or by or where:
        raise InputError("--x, --y, --by and --where are for the table of a sweep; give its folder")
    from o3sim.report.plot.speedup import draw_speedup, speedup_data
    from o3sim.report.plot.style import check_target, figure_style
    from o3sim.results.saved import load_runs

    check_target(output)
    data = speedup_data([load_runs(path) for path in results], over)
    with figure_style():
        _write(draw_speedup(data), output)


@plot_app.command()
def depth(
    output: Output,
    workload: Workload = DEFAULT_WORKLOAD,
    images: Annotated[int, typer.Option("--images", metavar="N", help="Images, from the first on.")] = 1,
    image_file: ImageFile = None,
    profiles: Profiles = None,
) -> None:
    """How deep into their edges neurons are decided, layer by layer: no machine is run."""
    from o3sim.report.plot.depth import depth_data, draw_depth
    from o3sim.report.plot.style import check_target, figure_style
    from o3sim.runs.case import load_case, with_saved_profiles
    from o3sim.studies.whatif.depths import DepthSums

    if images < 1:
        raise InputError(f"--images {images}: expected at least 1")
    check_target(output)
    loaded, depths = load_case(workload, image_file, images), DepthSums()
    case = with_saved_profiles(loaded, profiles)
    for item in case.items():
        depths.add(case.image(item).profiles())
    title = f"{loaded.title}, {images} image{'s' * (images != 1)}"
    with figure_style():
        _write(draw_depth(depth_data(depths.layers), title), output)


@plot_app.command()
def occupancy(
    architectures: Machines,
    output: Output,
    layer: LayerName = None,
    workload: Workload = DEFAULT_WORKLOAD,
    image: Image = 0,
    image_file: ImageFile = None,
    profiles: Profiles = None,
) -> None:
    """Ops in the queue and neurons in flight: histograms over the first cycles of a layer."""
    from o3sim.report.plot.occupancy import draw_occupancy, occupancy_data
    from o3sim.report.plot.style import check_target, figure_style

    check_target(output)
    panels, watched = _panels(architectures, layer, workload, (image_file, image), profiles)
    data = occupancy_data({panel.name: panel.occupancy() for panel in panels})
    title = _layers_of(panels) if watched is None else f"{watched.case.title}, layer {watched.name}"
    with figure_style():
        _write(draw_occupancy(data, title), output)


@plot_app.command()
def timeline(
    architectures: Machines,
    output: Output,
    layer: LayerName = None,
    workload: Workload = DEFAULT_WORKLOAD,
    cycles: Cycles = "0:100",
    image: Image = 0,
    image_file: ImageFile = None,
    profiles: Profiles = None,
) -> None:
    """Show what every PE does in every cycle, architectures below each other on one time axis."""
    from o3sim.report.plot.style import check_target, figure_style
    from o3sim.report.plot.timeline import draw_timeline

    check_target(output)
    first, end = _span(cycles)
    panels, watched = _panels(architectures, layer, workload, (image_file, image), profiles)
    data = [panel.timeline(first, end) for panel in panels]
    title = _layers_of(panels) if watched is None else f"layer {watched.name} of {watched.case.title}"
    with figure_style():
        _write(draw_timeline(data, title), output)


def _span(cycles: str) -> tuple[int, int]:
    """Read ``A:B``."""
    first, _, end = cycles.partition(":")
    if not (first.isdecimal() and end.isdecimal() and int(first) < int(end)):
        raise InputError(f"--cycles {cycles}: expected A:B with A < B, as in 0:100")
    if int(end) - int(first) > MOST_TIMELINE_CYCLES:
        raise InputError(f"--cycles {cycles}: at most {MOST_TIMELINE_CYCLES:,} can be seen in a figure")
    return int(first), int(end)


def _panels(
    names: str, layer: str | None, workload: str, images: tuple[Path | None, int], profiles: Path | None
) -> tuple[list[WatchedMachine | TraceFile], Watched | None]:
    """Find what is to be drawn: traces, and machines with what they run; figures tell them apart by name."""
    from o3sim.config.load import load_architecture
    from o3sim.report.plot.traced import TraceFile, is_trace
    from o3sim.report.plot.watched import WatchedMachine

    found: dict[str, Architecture | TraceFile] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        panel = TraceFile(Path(name), layer) if is_trace(name) else load_architecture(name)
        if panel.name in found:
            what = "trace" if isinstance(panel, TraceFile) else "architecture"
            raise InputError(f"{name}: {what} `{panel.name}` is in this figure already")
        found[panel.name] = panel
    if not found:
        raise InputError("name at least one architecture")
    machines = [panel for panel in found.values() if not isinstance(panel, TraceFile)]
    if not machines:
        return [panel for panel in found.values() if isinstance(panel, TraceFile)], None
    watched = _watched(machines, layer, workload, images, profiles)
    panels = found.values()
    return [
        each if isinstance(each, TraceFile) else WatchedMachine(each, watched) for each in panels
    ], watched


def _watched(
    machines: Sequence[Architecture],
    layer: str | None,
    workload: str,
    images: tuple[Path | None, int],
    profiles: Path | None,
) -> Watched:
    """Load what machines run, and which layer of it to watch."""
    from o3sim.report.plot.watched import Watched
    from o3sim.runs.case import load_case, with_saved_profiles
    from o3sim.studies.whatif.window import layer_number

    if layer is None:
        raise InputError("which layer? --layer LAYER")
    image_file, image = images
    if image < 0:
        raise InputError(f"--image {image}: expected 0 or more")
    loaded = load_case(workload, image_file, image + 1)
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
