"""A search at a glance: every pair of objectives with the front and its knee, and what mattered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.report.plot.axis_names import axis_name
from o3sim.report.plot.colours import BLACK, LINE_COLOURS, SKY, VERMILION
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.quantities import directed
from o3sim.report.plot.style import PANEL_INCHES, new_figure, new_panels, plain_numbers, scaled, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 5
"""Pairs of objectives that are drawn; of more than four objectives not all have a panel."""

HEIGHT_INCHES = 2.4


@dataclass(frozen=True, eq=False)
class SearchData:
    """What is drawn.

    Attributes
    ----------
    objectives : tuple of str
        Each with its unit in its name.
    points : ndarray of float64, shape (points, objectives)
    front : ndarray of int64
        Numbers of the points on the front.
    knee : int
        Number of the knee.
    importances : list of dict
        A row a parameter with shares of 1 by column; empty if there were too few points.
    maximised : tuple of bool
        Of which objectives more is better.
    """

    objectives: tuple[str, ...]
    points: NDArray[np.float64]
    front: NDArray[np.int64]
    knee: int
    importances: Sequence[dict[str, Any]]
    maximised: tuple[bool, ...]


def draw_search(data: SearchData) -> Figure:
    """Draw a panel for each pair of objectives, and one of the importances.

    One objective alone is drawn over the number of the point, in the order of the search.
    """
    pairs = list(combinations(range(len(data.objectives)), 2))[:MOST_PANELS]
    panels = max(1, len(pairs)) + bool(data.importances)
    figure, axes = new_panels(panels, HEIGHT_INCHES)
    if pairs:
        for panel, (x, y) in zip(axes, pairs, strict=False):
            _draw_pair(panel, data, x, y)
    else:
        _draw_course(axes[0], data)
    if data.importances:
        _draw_importances(axes[panels - 1], data)
    add_legend(figure)
    return figure


def draw_question(data: SearchData, pair: tuple[int, int]) -> Figure:
    """Draw one pair of objectives alone, at the width of a figure."""
    figure = new_figure(HEIGHT_INCHES)
    _draw_pair(figure.subplots(), data, *pair)
    add_legend(figure)
    return figure


def _draw_pair(axes: Axes, data: SearchData, x: int, y: int) -> None:
    _draw_points(axes, data, data.points[:, x], data.points[:, y])
    _name_axes(axes, _objective(data, x), _objective(data, y))


def _draw_course(axes: Axes, data: SearchData) -> None:
    _draw_points(axes, data, np.arange(len(data.points), dtype=np.float64), data.points[:, 0])
    _name_axes(axes, "point, in the order of the search", _objective(data, 0))


def _objective(data: SearchData, number: int) -> str:
    return directed(axis_name(data.objectives[number]), data.maximised[number])


def _name_axes(axes: Axes, x_name: str, y_name: str) -> None:
    axes.set_xlabel(wrapped(x_name, scaled(PANEL_INCHES)))
    axes.set_ylabel(wrapped(y_name, scaled(0.8 * HEIGHT_INCHES)))
    plain_numbers(axes.xaxis)
    plain_numbers(axes.yaxis)
    axes.locator_params(axis="x", nbins=5)  # numbers written in full are long


def _draw_points(axes: Axes, data: SearchData, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    axes.scatter(x, y, s=scaled(2.8) ** 2, color=SKY, linewidths=0, label="tried")
    front = data.front
    axes.scatter(x[front], y[front], s=scaled(3.8) ** 2, color=VERMILION, linewidths=0, label="front")
    knee: dict[str, Any] = {
        "s": scaled(8.4) ** 2,
        "marker": "*",
        "color": BLACK,
        "linewidths": 0,
        "zorder": 3,
    }
    axes.scatter(x[[data.knee]], y[[data.knee]], label="knee", **knee)
    axes.grid()
    axes.set_axisbelow(True)


def _draw_importances(axes: Axes, data: SearchData) -> None:
    """Draw a group of bars a parameter, the first on top, a bar for each objective."""
    names = [name for name in data.importances[0] if name != "parameter"]
    places = np.arange(len(data.importances))
    height = 0.8 / len(names)
    for number, name in enumerate(names):
        shares = [100 * row[name] for row in data.importances]
        top = places - 0.4 + height * (number + 0.5)
        colour = LINE_COLOURS[number % len(LINE_COLOURS)]
        axes.barh(top, shares, height, color=colour, label=f"importance for {axis_name(name)}")
    axes.set_yticks(places, [row["parameter"] for row in data.importances])
    axes.invert_yaxis()
    axes.set_xlabel("importance (%)")
