"""`o3sim plot`: figures of results, of decision depths, and of machines at work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import options, plot_tables
from o3sim.cli.machines import changed, load_machine
from o3sim.cli.plot_tables import By, FiguresOfFolders, Where
from o3sim.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from o3sim.config.architecture import Architecture
    from o3sim.network.images import Images
    from o3sim.network.network import Network
    from o3sim.report.plot.watched import Watched
    from o3sim.studies.whatif.depths import Depths

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
) -> None:
    """Cycle stacks: the layers of one run, or several runs beside each other."""
    from o3sim.report.plot.stack import draw_stack, stack_data
    from o3sim.report.plot.style import figure_style
    from o3sim.results.saved import load_runs

    data = stack_data([run for path in results for run in load_runs(path)], layer)
    with figure_style():
        _write(draw_stack(data), output)


@plot_app.command()
def speedup(
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
    from o3sim.report.plot.style import figure_style
    from o3sim.results.saved import load_runs

    data = speedup_data([load_runs(path) for path in results], over)
    with figure_style():
        _write(draw_speedup(data), output)


@plot_app.command()
def depth(
    output: options.Figure,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    images: options.Images = 1,
    image_file: options.ImageFile = None,
) -> None:
    """How deep into their edges neurons are decided, layer by layer: no machine is run."""
    from o3sim.report.plot.depth import depth_data, draw_depth
    from o3sim.report.plot.style import figure_style

    name, layers = _depths(workload, image_file, images)
    title = f"{name}, {images} image{'s' * (images != 1)}"
    with figure_style():
        _write(draw_depth(depth_data(layers), title), output)


@plot_app.command()
def occupancy(
    architectures: options.Architectures,
    output: options.Figure,
    layer: options.Layer,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    settings: options.Set = None,
    image: options.Image = 0,
    image_file: options.ImageFile = None,
) -> None:
    """Ops in the queue and neurons in flight: histograms over the first cycles of a layer.

    --set changes every ARCH.
    """
    from o3sim.report.plot.occupancy import draw_occupancy, occupancy_data
    from o3sim.report.plot.style import figure_style
    from o3sim.report.plot.watched import occupancies

    machines = _architectures(architectures, settings)
    watched = _watched(workload, image_file, image, layer)
    data = occupancy_data(occupancies(watched, machines, None))
    title = f"{watched.title}, layer {watched.layer_name}{changed(settings)}"
    with figure_style():
        _write(draw_occupancy(data, title), output)


@plot_app.command()
def timeline(
    architectures: options.Architectures,
    output: options.Figure,
    layer: options.Layer,
    workload: options.Workload = options.DEFAULT_WORKLOAD,
    settings: options.Set = None,
    cycles: options.Cycles = "0:100",
    image: options.Image = 0,
    image_file: options.ImageFile = None,
) -> None:
    """Show what every PE does in every cycle, architectures below each other on one time axis.

    --set changes every ARCH.
    """
    from o3sim.report.plot.style import figure_style
    from o3sim.report.plot.timeline import draw_timeline
    from o3sim.report.plot.watched import timelines

    first, end = _span(cycles)
    machines = _architectures(architectures, settings)
    watched = _watched(workload, image_file, image, layer)
    data = timelines(watched, machines, first, end)
    title = f"layer {watched.layer_name} of {watched.title}{changed(settings)}"
    with figure_style():
        _write(draw_timeline(data, title), output)


def _span(cycles: str) -> tuple[int, int]:
    """Read which cycles to show; what has no end ends with its layer."""
    from o3sim.config.ranges import NO_END, parse_range
    from o3sim.report.plot.watched import MOST_TIMELINE_CYCLES

    first, end = parse_range("--cycles", cycles)
    if end != NO_END and end - first > MOST_TIMELINE_CYCLES:
        raise InputError(f"--cycles {cycles}: at most {MOST_TIMELINE_CYCLES:,} can be seen in a figure")
    return first, end


def _architectures(names: str, settings: Sequence[str] | None) -> list[Architecture]:
    """Load architectures, all changed alike; figures tell them apart by name."""
    loaded: dict[str, Architecture] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        architecture = load_machine(name, settings)
        if architecture.name in loaded:
            raise InputError(f"{name}: architecture `{architecture.name}` is in this figure already")
        loaded[architecture.name] = architecture
    if not loaded:
        raise InputError("name at least one architecture")
    return list(loaded.values())


def _watched(workload: str, image_file: Path | None, image: int, layer: str) -> Watched:
    """Profile one image of a workload."""
    from o3sim.network.layer_names import layer_number
    from o3sim.network.load import load_network, load_workload, workload_images
    from o3sim.profile.profile import profile_layers
    from o3sim.report.plot.watched import Watched

    files = load_workload(workload)
    network = load_network(files)
    number = layer_number(layer, [each.name for each in network.layers])
    images = workload_images(files, network, image_file, image + 1)
    profiles = [profile for profile, _ in profile_layers(network, images.x[image])]
    return Watched(_title(network, images), network, profiles, number)


def _title(network: Network, images: Images) -> str:
    """Name a network, and say so if it or its images are made up."""
    return f"{network.name} (synthetic)" if network.synthetic_parts(images.synthetic) else network.name


def _depths(workload: str, image_file: Path | None, count: int) -> tuple[str, list[Depths]]:
    """Profile images; return the network's title and its layers' depths."""
    from o3sim.network.load import load_network, load_workload, workload_images
    from o3sim.profile.profile import profile_layers
    from o3sim.studies.whatif.depths import depths_of

    files = load_workload(workload)
    network = load_network(files)
    sums: list[Depths] = []
    images = workload_images(files, network, image_file, count)
    for pixels in images.x:
        found = [depths_of(profile) for profile, _ in profile_layers(network, pixels)]
        sums = [a.plus(b) for a, b in zip(sums, found, strict=True)] if sums else found
    return _title(network, images), sums


def _write(figure: Figure, output: Path) -> None:
    from o3sim.report.plot.style import save

    save(figure, output)
    print(output)
