"""One figure of a sweep over two of its parameters, as a map of colours with the values in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.report.plot.axis_names import axis_name
from o3sim.report.plot.series import noted
from o3sim.report.plot.style import TWO_COLUMNS_INCHES, new_figure
from o3sim.results.result_table import Cell, ResultTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_WRITTEN_CELLS = 400
"""Values are written into a map of up to that many cells; in more nobody could read them."""


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
    for place in zip(y_cells, x_cells, table.numbers(value), strict=True):
        row, column = rows.index(place[0]), columns.index(place[1])
        if not np.isnan(values[row, column]):
            others = table.varied([x, y])
            why = f": {', '.join(others)} differ too; keep one by --where {others[0]}=..." if others else ""
            raise InputError(f"{table.path}: several points fall on {x}={place[1]}, {y}={place[0]}{why}")
        values[row, column] = place[2]
    return HeatmapData(
        axis_name(x), axis_name(y), noted(table, axis_name(value)), tuple(columns), tuple(rows), values
    )


def _ordered(cells: list[Cell]) -> list[Cell]:
    found = list(dict.fromkeys(cells))
    if not any(isinstance(cell, str) for cell in found):
        found.sort()
    return found


def draw_heatmap(data: HeatmapData) -> Figure:
    """Draw the map, small values light, and write the values where there is room."""
    figure = new_figure(TWO_COLUMNS_INCHES, min(6.0, 1.4 + 0.35 * len(data.rows)))
    axes = figure.subplots()
    image = axes.imshow(data.values, aspect="auto", origin="lower", cmap="cividis_r")
    figure.colorbar(image, label=data.value_name, pad=0.01)
    axes.set_xticks(range(len(data.columns)), [_text(cell) for cell in data.columns])
    axes.set_yticks(range(len(data.rows)), [_text(cell) for cell in data.rows])
    axes.set_xlabel(data.x_name)
    axes.set_ylabel(data.y_name)
    axes.spines[:].set_visible(False)
    if data.values.size <= MOST_WRITTEN_CELLS:
        middle = (np.nanmin(data.values) + np.nanmax(data.values)) / 2
        for (row, column), value in np.ndenumerate(data.values):
            if not np.isnan(value):
                colour = "white" if value > middle else "black"
                axes.text(column, row, f"{value:,.4g}", ha="center", va="center", fontsize=6, color=colour)
    return figure


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:g}"
