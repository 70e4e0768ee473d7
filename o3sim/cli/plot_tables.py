"""`o3sim plot DIR`: figures from the tables of a sweep, without running anything again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from o3sim.cli import options, outputs
from o3sim.cli.plot_style import figure_style
from o3sim.config.catalog import suggest
from o3sim.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from o3sim.results.result_table import ResultTable

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that a sweep wrote, or its results.csv.")]
By = Annotated[
    list[str] | None, typer.Option("--by", metavar="KEY", help="What tells lines or bars apart; repeatable.")
]
Where = Annotated[
    list[str] | None, typer.Option("--where", metavar="KEY=VALUE", help="Only such points; repeatable.")
]
CYCLES = "cycles_per_image"
Size = tuple[float | None, str]
"""What `--inches` and `--style` were given."""
X = Annotated[str, typer.Option("--x", metavar="KEY", help="Column along the axis.")]


class FiguresOfFolders(TyperGroup):
    """A group in which `plot DIR ...` is `plot lines DIR ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the figure in where a folder or a table came first."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            if not Path(args[0]).exists():
                known = ", ".join(sorted(self.commands))
                hint = suggest(args[0], self.commands)
                raise InputError(f"plot {args[0]}: neither a folder{hint} nor one of the figures {known}")
            args = ["lines", *args]
        return super().parse_args(ctx, args)


def lines(
    folder: Folder,
    x: X,
    y: Annotated[
        list[str] | None,
        typer.Option(
            "--y",
            metavar="[NAME:] KEY",
            help="Column, or expression over columns; repeat for panels beside each other.",
        ),
    ] = None,
    by: By = None,
    where: Where = None,
    output: options.FigureOfTable = None,
    log_y: Annotated[bool, typer.Option("--log-y", help="Logarithmic, where values span decades.")] = False,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """Lines (bars over words) of columns against another; the figure of `o3sim plot DIR`."""
    from o3sim.report.plot.series import draw_series, series_data

    shown = y or [CYCLES]
    if output is None and not all(key.replace(".", "").isidentifier() for key in shown):
        raise InputError("where to? an expression makes no name of a file: --output FILE")

    def draw(table: ResultTable) -> Figure:
        panels = [series_data(table, x, key, by or []) for key in shown]
        return draw_series(*panels, log_y=log_y)

    _draw(folder, where, output, f"{'-'.join(shown)}-over-{x}", draw, (inches, style))


def pareto(
    folder: Folder,
    x: X = "energy_pj_per_image",
    y: Annotated[str, typer.Option("--y", metavar="KEY", help="Column to show.")] = "cycles_per_image",
    by: By = None,
    where: Where = None,
    output: options.FigureOfTable = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """All points by two columns, the front of those that none beats, and its knee."""
    from o3sim.report.plot.pareto import draw_pareto, pareto_data

    _draw(
        folder,
        where,
        output,
        f"pareto-{y}-{x}",
        lambda table: draw_pareto(pareto_data(table, x, y, by or [])),
        (inches, style),
    )


def heatmap(
    folder: Folder,
    x: X,
    y: Annotated[str, typer.Option("--y", metavar="KEY", help="Column along the other axis.")],
    value: Annotated[str, typer.Option(metavar="KEY", help="Column to show.")] = "cycles_per_image",
    where: Where = None,
    output: options.FigureOfTable = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """One column over two others, as colours and numbers."""
    from o3sim.report.plot.heatmap import draw_heatmap, heatmap_data

    _draw(
        folder,
        where,
        output,
        f"heatmap-{value}",
        lambda table: draw_heatmap(heatmap_data(table, x, y, value)),
        (inches, style),
    )


def energy(
    folder: Folder,
    by: By = None,
    where: Where = None,
    output: options.FigureOfTable = None,
    per_edge: Annotated[
        bool, typer.Option("--per-edge", help="fJ of each edge asked for, in place of nJ of an image.")
    ] = False,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """Energy of an image, or of an edge, stacked by unit, a bar for each point."""
    from o3sim.report.plot.parts import draw_parts, energy_parts

    name = "energy-per-edge" if per_edge else "energy"
    _draw(
        folder,
        where,
        output,
        name,
        lambda table: draw_parts(energy_parts(table, by or [], per_edge)),
        (inches, style),
    )


def pruning(
    folder: Folder,
    by: By = None,
    where: Where = None,
    output: options.FigureOfTable = None,
    inches: options.Inches = None,
    style: options.Style = "paper",
) -> None:
    """Edges pruned in each layer, by what pruned them, a bar for each point."""
    from o3sim.report.plot.parts import draw_parts, pruning_parts

    _draw(
        folder,
        where,
        output,
        "pruning",
        lambda table: draw_parts(pruning_parts(table, by or [])),
        (inches, style),
    )


def table_speedup(
    folder: Path,
    x: str | None,
    y: str | None,
    over: str,
    by: list[str] | None,
    where: list[str] | None,
    output: Path | None,
    size: Size,
) -> None:
    """Draw the speed-up of points over those that differ in one key."""
    from o3sim.report.plot.series import draw_series
    from o3sim.report.plot.table_speedup import LATENCY, table_speedup_data

    along = x or "architecture"
    _draw(
        folder,
        where,
        output,
        f"speedup-over-{over.replace('=', '-')}",
        lambda table: draw_series(table_speedup_data(table, along, over, by or [], y or LATENCY)),
        size,
    )


def _draw(
    folder: Path,
    where: list[str] | None,
    output: Path | None,
    name: str,
    draw: Callable[[ResultTable], Figure],
    size: Size,
) -> None:
    from o3sim.report.plot.style import save
    from o3sim.results.result_table import load_results

    if not folder.exists():
        raise InputError(f"{folder}: neither a folder nor a file")
    target = output or (folder if folder.is_dir() else folder.parent) / f"{name}.png"
    outputs.check_figure("--output", target)
    table = load_results(folder).only(where or [])
    with figure_style(*size):
        save(draw(table), target)
    print(target)
