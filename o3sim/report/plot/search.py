"""A search at a glance: every pair of objectives with the front and its knee, and what mattered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.report.plot.style import BLACK, LINE_COLOURS, SKY, TWO_COLUMNS_INCHES, VERMILION, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 5
"""Pairs of objectives that are drawn; of more than four objectives not all have a panel."""


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
    """

    objectives: tuple[str, ...]
    points: NDArray[np.float64]
    front: NDArray[np.int64]
    knee: int
    importances: Sequence[dict[str, Any]]


def draw_search(data: SearchData) -> Figure:
    """Draw a panel for each pair of objectives, and one of the importances.

    One objective alone is drawn over the number of the point, in the order of the search.
    """
    pairs = list(combinations(range(len(data.objectives)), 2))[:MOST_PANELS]
    panels = max(1, len(pairs)) + bool(data.importances)
    rows = -(-panels // 2)
    figure = new_figure(TWO_COLUMNS_INCHES, 2.7 * rows)
    axes = figure.subplots(rows, min(panels, 2), squeeze=False).ravel()
    if pairs:
        for panel, (x, y) in zip(axes, pairs, strict=False):
            _draw_pair(panel, data, x, y)
    else:
        _draw_course(axes[0], data)
    if data.importances:
        _draw_importances(axes[panels - 1], data)
    for unused in axes[panels:]:
        unused.remove()
    axes[0].legend(loc="best")
    return figure


def _draw_pair(axes: Axes, data: SearchData, x: int, y: int) -> None:
    _draw_points(axes, data, data.points[:, x], data.points[:, y])
    axes.set_xlabel(data.objectives[x])
    axes.set_ylabel(data.objectives[y])


def _draw_course(axes: Axes, data: SearchData) -> None:
    _draw_points(axes, data, np.arange(len(data.points), dtype=np.float64), data.points[:, 0])
    axes.set_xlabel("point, in the order of the search")
    axes.set_ylabel(data.objectives[0])


def _draw_points(axes: Axes, data: SearchData, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    axes.scatter(x, y, s=8, color=SKY, linewidths=0, label="tried")
    axes.scatter(x[data.front], y[data.front], s=14, color=VERMILION, linewidths=0, label="front")
    axes.scatter(
        x[[data.knee]], y[[data.knee]], s=70, marker="*", color=BLACK, linewidths=0, zorder=3, label="knee"
    )
    axes.grid(linewidth=0.3, alpha=0.6)


def _draw_importances(axes: Axes, data: SearchData) -> None:
    """Draw a group of bars a parameter, the first on top, a bar for each objective."""
    names = [name for name in data.importances[0] if name != "parameter"]
    places = np.arange(len(data.importances))
    height = 0.8 / len(names)
    for number, name in enumerate(names):
        shares = [100 * row[name] for row in data.importances]
        top = places - 0.4 + height * (number + 0.5)
        axes.barh(top, shares, height, color=LINE_COLOURS[number % len(LINE_COLOURS)], label=name)
    axes.set_yticks(places, [row["parameter"] for row in data.importances])
    axes.invert_yaxis()
    axes.set_xlabel("importance (%)")
    axes.legend(fontsize=5.5)
