"""The figures of a page: those that the table of the sweep can be drawn as, as inline SVG."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from o3sim.errors import InputError
from o3sim.report.page.source import PageSource
from o3sim.report.plot.axis_names import axis_name
from o3sim.report.plot.heatmap import draw_heatmap, heatmap_data
from o3sim.report.plot.image_boxes import boxes_data, draw_boxes
from o3sim.report.plot.pareto import draw_pareto, pareto_data
from o3sim.report.plot.parts import draw_parts, energy_parts, pruning_parts
from o3sim.report.plot.series import draw_series, series_data
from o3sim.report.plot.speedup import draw_speedup, speedup_data
from o3sim.report.plot.stack import draw_stack, stack_data
from o3sim.report.plot.style import figure_style
from o3sim.results.result_table import ResultTable, number_in

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LINES = 14
"""More lines in a figure nobody could tell apart."""

MOST_POINTS_IN_PARTS = 12
CYCLES, ENERGY, AREA = "cycles_per_image", "energy_pj_per_image", "area.lut"


def svg_figures(source: PageSource) -> Iterator[tuple[str, str]]:
    """Yield the caption and the SVG of each figure that can be drawn."""
    with figure_style():
        for caption, draw in (*_of_runs(source), *_candidates(source)):
            try:
                figure = draw()
            except InputError:  # this table cannot be drawn in that way
                continue
            yield caption, _svg(figure)


def _of_runs(source: PageSource) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Yield the figures that only runs have: what is in their PE-cycles and in their images one by one."""
    if not source.runs:
        return
    runs = source.runs
    base = next((run for run in runs if run.architecture.endswith("dense")), runs[-1]).architecture
    yield f"Speed-up over {base}", lambda: draw_speedup(speedup_data([runs], base))
    yield "Cycles of an image by what PEs did in them", lambda: draw_stack(stack_data(runs))
    if runs[0].images > 1:
        yield "Latency of the images one by one", lambda: draw_boxes(boxes_data(runs))


def _candidates(source: PageSource) -> Iterator[tuple[str, Callable[[], Figure]]]:
    table = source.table
    axes = [name for name in table.varied() if name in table.axes]
    if len(table.rows) > 1:
        for x, what in ((ENERGY, "energy"), (AREA, "area")):
            yield (
                f"All points by {what} and cycles: the line joins those that no other point beats in both",
                _front(table, x),
            )
    for along in axes:
        others = [name for name in axes if name != along]
        if _lines(table, others) <= MOST_LINES:
            yield f"Cycles of an image over {axis_name(along)}", _drawn(table, along, others)
    if len(axes) == 2:
        yield "Cycles of an image", lambda: draw_heatmap(heatmap_data(table, axes[0], axes[1], CYCLES))
    fastest = _fastest(table)
    which = "all points" if fastest is table else f"the {MOST_POINTS_IN_PARTS} fastest points"
    yield f"Energy of an image by unit, {which}", lambda: draw_parts(energy_parts(fastest, []))
    if source.layers is not None:
        shown = {row["point"] for row in fastest.rows}
        layers = [row for row in source.layers if row["point"] in shown]
        yield (
            f"Edges pruned by layer, {which}",
            lambda: draw_parts(pruning_parts(fastest, fastest.varied(), layers)),
        )


def _front(table: ResultTable, x: str) -> Callable[[], Figure]:
    return lambda: draw_pareto(pareto_data(table, x, CYCLES, []))


def _drawn(table: ResultTable, along: str, others: list[str]) -> Callable[[], Figure]:
    return lambda: draw_series(series_data(table, along, CYCLES, others))


def _lines(table: ResultTable, keys: list[str]) -> int:
    """Count the lines that a figure would have."""
    names = ["architecture", "workload", *keys]
    return len({tuple(row[name] for name in names) for row in table.rows})


def _fastest(table: ResultTable) -> ResultTable:
    if len(table.rows) <= MOST_POINTS_IN_PARTS:
        return table
    try:
        rows = sorted(table.rows, key=lambda row: number_in(row, CYCLES, table.path))
    except InputError:  # then no point is faster than another
        rows = table.rows
    return ResultTable(table.path, table.columns, rows[:MOST_POINTS_IN_PARTS], table.failed)


def _svg(figure: Figure) -> str:
    """Return the drawing without what only a file of its own needs."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
