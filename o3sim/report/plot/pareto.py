"""All points of a sweep by two figures, and those that no other point beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.report.plot.colours import BLACK, LINE_COLOURS, VERMILION
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.quantities import MORE_IS_BETTER, directed, readable
from o3sim.report.plot.series import MARKERS, grouping, labeller, noted
from o3sim.report.plot.style import new_figure, plain_numbers, scaled, width_inches, wrapped
from o3sim.results.front import knee, non_dominated
from o3sim.results.result_table import ResultTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT_INCHES = 2.6


@dataclass(frozen=True, eq=False)
class ParetoData:
    """Points and which of them are on the front.

    Attributes
    ----------
    x_name, y_name : str
    x, y : ndarray of float64, shape (points,)
    labels : tuple of str
        What each point is told apart by; empty where there is nothing.
    front : ndarray of int64
        Points that none beats, by ascending x.
    knee : int
        The one of them that gives up least of both.
    knee_label : str
        What it is: the values of all that was varied.
    """

    x_name: str
    y_name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    labels: tuple[str, ...]
    front: NDArray[np.int64]
    knee: int
    knee_label: str


def pareto_data(table: ResultTable, x: str, y: str, by: Sequence[str]) -> ParetoData:
    """Find the front of two columns; less is better but where the figure says otherwise."""
    (x_name, x_values), (y_name, y_values) = readable(table, x), readable(table, y)
    along, up = np.array(x_values), np.array(y_values)
    signs = [-1.0 if key in MORE_IS_BETTER else 1.0 for key in (x, y)]
    values = np.stack([signs[0] * along, signs[1] * up], axis=1)
    front = np.flatnonzero(non_dominated(values))
    front = front[np.lexsort((up[front], along[front]))]
    best = int(front[knee(values[front])])
    label_of = labeller(table, grouping(table, [], by))
    describe = labeller(table, table.varied())
    return ParetoData(
        directed(x_name, x in MORE_IS_BETTER),
        noted(table, directed(y_name, y in MORE_IS_BETTER)),
        along,
        up,
        tuple(map(label_of, table.rows)),
        front,
        best,
        describe(table.rows[best]),
    )


def draw_pareto(data: ParetoData) -> Figure:
    """Draw the points, the front as a line, and its knee."""
    figure = new_figure(HEIGHT_INCHES)
    axes = figure.subplots()
    labels = np.array(data.labels)
    for number, label in enumerate(dict.fromkeys(data.labels)):
        here = labels == label
        axes.scatter(
            data.x[here],
            data.y[here],
            s=scaled(3) ** 2,
            color=LINE_COLOURS[number % len(LINE_COLOURS)],
            marker=MARKERS[number // len(LINE_COLOURS) % len(MARKERS)],
            linewidths=0,
            alpha=0.75,
            label=label or "points",
        )
    x, y = data.x[data.front], data.y[data.front]
    axes.plot(x, y, color=BLACK, linewidth=scaled(0.9), label="front: none beats these in both", zorder=1)
    axes.scatter(
        data.x[data.knee],
        data.y[data.knee],
        s=scaled(8) ** 2,
        facecolors="none",
        edgecolors=VERMILION,
        linewidths=scaled(1.4),
        label=f"knee: {data.knee_label.strip() or 'the one point'}",
    )
    plain_numbers(axes.xaxis)
    plain_numbers(axes.yaxis)
    axes.set_xlabel(wrapped(data.x_name, 0.8 * width_inches()))
    axes.set_ylabel(wrapped(data.y_name, scaled(0.85 * HEIGHT_INCHES)))
    axes.grid()
    axes.set_axisbelow(True)
    add_legend(figure)
    return figure
