"""One figure of a sweep over two of its parameters, as a map of colours with the values in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.report.plot.axis_names import axis_name
from o3sim.report.plot.quantities import readable
from o3sim.report.plot.series import noted
from o3sim.report.plot.style import (
    new_figure,
    plain,
    plain_numbers,
    scaled,
    short,
    text_inches,
    width_inches,
    wrapped,
)
from o3sim.results.result_table import Cell, ResultTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_INCHES = 0.3
CELLS_SHARE = 0.72
"""Of a figure's width that its cells take; the rest is for numbers along the axis, and the scale."""


@dataclass(frozen=True, eq=False)
class HeatmapData:
    """What to draw.

    Attributes
    ----------
    x_name, y_name, value_name : str
    columns, rows : tuple of cell
    values : ndarray of float64, shape (rows, columns)
        NaN where no point is.
    """

    x_name: str
    y_name: str
    value_name: str
    columns: tuple[Cell, ...]
    rows: tuple[Cell, ...]
    values: NDArray[np.float64]


def heatmap_data(table: ResultTable, x: str, y: str, value: str) -> HeatmapData:
    """Arrange a column over two others.

    Raises
    ------
    InputError
        If a column is not there, or several points fall on one cell.
    """
    x_cells, y_cells = table.cells(x), table.cells(y)
    columns, rows = _ordered(x_cells), _ordered(y_cells)
    values = np.full((len(rows), len(columns)), np.nan)
    value_name, numbers = readable(table, value)
    for place in zip(y_cells, x_cells, numbers, strict=True):
        row, column = rows.index(place[0]), columns.index(place[1])
        if not np.isnan(values[row, column]):
            others = table.varied([x, y])
            why = f": {', '.join(others)} differ too; keep one by --where {others[0]}=..." if others else ""
            raise InputError(f"{table.path}: several points fall on {x}={place[1]}, {y}={place[0]}{why}")
        values[row, column] = place[2]
    return HeatmapData(
        axis_name(x), axis_name(y), noted(table, value_name), tuple(columns), tuple(rows), values
    )


def _ordered(cells: list[Cell]) -> list[Cell]:
    found = list(dict.fromkeys(cells))
    if not any(isinstance(cell, str) for cell in found):
        found.sort()
    return found


def draw_heatmap(data: HeatmapData) -> Figure:
    """Draw the map, small values light, and write the values where there is room."""
    height = min(6.0, 1.0 + ROW_INCHES * len(data.rows))
    figure = new_figure(height)
    axes = figure.subplots()
    image = axes.imshow(data.values, aspect="auto", origin="lower", cmap="cividis_r")
    scale = figure.colorbar(image, label=wrapped(data.value_name, scaled(0.8 * height)), pad=0.01)
    plain_numbers(scale.ax.yaxis)
    axes.set_xticks(range(len(data.columns)), [_text(cell) for cell in data.columns])
    axes.set_yticks(range(len(data.rows)), [_text(cell) for cell in data.rows])
    axes.set_xlabel(data.x_name)
    axes.set_ylabel(data.y_name)
    axes.spines[:].set_visible(False)
    written = [short(value) for value in data.values.ravel() if not np.isnan(value)]
    room = CELLS_SHARE * width_inches() / len(data.columns)
    if 0.83 * max(map(text_inches, written)) < room and len(data.rows) * ROW_INCHES <= height:
        _write_values(axes, data)
    return figure


def _write_values(axes: Axes, data: HeatmapData) -> None:
    middle = (np.nanmin(data.values) + np.nanmax(data.values)) / 2
    for (row, column), value in np.ndenumerate(data.values):
        if not np.isnan(value):
            look: dict[str, Any] = {"color": "white" if value > middle else "black", "fontsize": "small"}
            axes.text(column, row, short(value), ha="center", va="center", **look)


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else plain(cell)
