"""`o3sim plot`: figures of results, of decision depths, and of machines at work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import options, plot_tables
from o3sim.cli.machines import changed
from o3sim.cli.panels import layers_of, span, title_of
from o3sim.cli.panels import panels as panels_of
from o3sim.cli.plot_style import figure_style
from o3sim.cli.plot_tables import By, FiguresOfFolders, Where
from o3sim.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
def occupancy(
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

    panels, watched = panels_of(architectures, settings, layer, workload, (image_file, image), profiles)
    data = occupancy_data({panel.name: panel.occupancy() for panel in panels})
    title = layers_of(panels) if watched is None else f"{watched.case.title}, layer {watched.name}"
    title += changed(settings)
    with figure_style(inches, style):
        _write(draw_occupancy(data, title), output)


@plot_app.command()
def timeline(
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

    What the queue and the PEs hold is drawn beneath each: the still of the page that `o3sim timeline` writes,
    with the same options.

    --set changes every ARCH.
    """
    from o3sim.report.plot.timeline import draw_timeline

    first, end = span(cycles)
    panels, watched = panels_of(architectures, settings, layer, workload, (image_file, image), profiles)
    data = [panel.timeline(first, end) for panel in panels]
    with figure_style(inches, style):
        _write(draw_timeline(data, title_of(panels, watched, settings)), output)


def _write(figure: Figure, output: Path) -> None:
    from o3sim.report.plot.style import save

    save(figure, output)
    print(output)
