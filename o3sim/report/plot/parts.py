"""Stacked bars: how a figure of each point, or of each layer, splits into parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.report.plot.axis_names import short_name
from o3sim.report.plot.bars import bar_places, name_groups
from o3sim.report.plot.colours import PRUNINGS, UNITS, UNKNOWN, Look, fill, words
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.quantities import peak_notes
from o3sim.report.plot.series import grouping, labeller, noted
from o3sim.report.plot.style import (
    add_note,
    new_figure,
    plain,
    plain_numbers,
    scaled,
    text_inches,
    width_inches,
)
from o3sim.results.measures import FJ_PER_PJ
from o3sim.results.result_table import ResultTable, Row, as_numbers, load_layers, number_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 60
LEAST_SHARE = 0.002
"""Parts that are nowhere a larger share of a bar than this cannot be seen and are left out."""


@dataclass(frozen=True, eq=False)
class PartsData:
    """Bars, and what they are made of.

    Attributes
    ----------
    groups : tuple of str
        Along the axis.
    bars : tuple of str
        In each group; one empty name where there is one only.
    parts : dict of str to ndarray of float64, shape (groups, bars)
    looks : mapping of str to Look
        Colour and hatch of each part.
    y_name : str
    x_name : str
        What ``groups`` are values of; empty where they speak for themselves.
    notes : tuple of str
        What a reader has to know, beneath the figure.
    """

    groups: tuple[str, ...]
    bars: tuple[str, ...]
    parts: Mapping[str, NDArray[np.float64]]
    looks: Mapping[str, Look]
    y_name: str
    x_name: str = ""
    notes: tuple[str, ...] = ()


def energy_parts(table: ResultTable, by: Sequence[str], per_edge: bool = False) -> PartsData:
    """Split the energy of an image, or of an edge asked for, by unit; a bar for each point."""
    prefix = "energy_pj."
    units = [name for name in table.columns if name.startswith(prefix) and name != f"{prefix}total"]
    keys = [table.name_of(key) for key in by or table.varied()]
    labels = [", ".join(_readable(row[key]) for key in keys) for row in table.rows]
    _check_labels(table, labels, by)
    counted = "edges.total" if per_edge else "images"
    number = np.array(table.numbers(counted))
    if number.min() <= 0:
        raise InputError(f"{table.path}: column `{counted}` has a number below 1 in it")
    scale = FJ_PER_PJ if per_edge else 1e-3
    parts = {name.removeprefix(prefix): np.array(table.numbers(name)) / number * scale for name in units}
    total = sum(parts.values())
    shown = {name: nj[:, None] for name, nj in parts.items() if (nj > LEAST_SHARE * total).any()}
    return PartsData(
        tuple(labels),
        ("",),
        shown,
        UNITS,
        noted(table, "energy per edge (fJ)" if per_edge else "energy of an image (nJ)"),
        ", ".join(map(short_name, keys)),
        tuple(peak_notes(table, keys)),
    )


def pruning_parts(table: ResultTable, by: Sequence[str], layers: Sequence[Row] | None = None) -> PartsData:
    """Split what was pruned in each layer by what pruned it; a bar for each point.

    ``layers`` are the rows of all layers, if they do not lie beside the table.
    """
    keys = grouping(table, [], by) or table.varied()
    label_of = labeller(table, keys)
    layers = load_layers(table) if layers is None else layers
    if not layers:
        raise InputError(f"{table.path.with_name('layers.csv')}: has no layers of these points")
    bars = {row["point"]: label_of(row) for row in table.rows}
    _check_labels(table, list(bars.values()), by)
    groups = list(dict.fromkeys(row["layer"] for row in layers))
    prefix = "edges.pruned."
    kinds = [name for name in layers[0] if name.startswith(prefix)]
    parts = {kind.removeprefix(prefix): np.zeros((len(groups), len(bars))) for kind in kinds}
    numbers = {point: number for number, point in enumerate(bars)}
    for row in layers:
        place = groups.index(row["layer"]), numbers[row["point"]]
        for kind in kinds:
            pruned, total = (number_in(row, name, "layers.csv") for name in (kind, "edges.total"))
            parts[kind.removeprefix(prefix)][place] = 100 * pruned / total if total else 0.0
    shown = {kind: percent for kind, percent in parts.items() if percent.any()}
    y_name = noted(table, "edges pruned (%)")
    return PartsData(tuple(groups), tuple(bars.values()), shown, PRUNINGS, y_name)


def _readable(cell: str) -> str:
    (number,) = as_numbers([cell])
    return cell if isinstance(number, str) else plain(number)


def _check_labels(table: ResultTable, labels: Sequence[str], by: Sequence[str]) -> None:
    if len(set(labels)) < len(labels):
        others = table.varied(by)
        raise InputError(
            f"{table.path}: several points are called the same; "
            f"tell them apart by --by {', '.join(others)}, or keep one value of each by --where KEY=VALUE"
        )
    if len(labels) > MOST_BARS:
        raise InputError(
            f"{table.path}: {len(labels)} bars, at most {MOST_BARS} can be seen; leave some out by --where"
        )


def draw_parts(data: PartsData) -> Figure:
    """Draw the bars, parts stacked; bars of a group beside each other, named beneath by a number."""
    figure = new_figure(2.6)
    axes = figure.subplots()
    places, width = bar_places(len(data.groups), len(data.bars))
    floor = np.zeros(places.shape)
    handles = {}
    for name, values in data.parts.items():
        look = fill(data.looks.get(name, UNKNOWN))
        drawn = axes.bar(places.ravel(), values.ravel(), width * 0.92, floor.ravel(), **look)
        handles[words(name)] = drawn
        floor += values
    name_groups(axes, data.groups)
    axes.set_xlabel(data.x_name)
    axes.set_ylabel(data.y_name)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    plain_numbers(axes.yaxis)
    axes.margins(x=0.01)
    add_legend(figure, handles)
    add_note(figure, [*_number_bars(axes, data, places, width, floor), *data.notes])
    return figure


def _number_bars(
    axes: Axes,
    data: PartsData,
    places: NDArray[np.float64],
    width: float,
    heights: NDArray[np.float64],
) -> list[str]:
    """Write its number above each bar, if there is room, and return what the numbers stand for."""
    if len(data.bars) == 1:
        return []
    room = width * width_inches() * 0.85 / len(data.groups)
    fits = text_inches(str(len(data.bars))) * 0.83 <= room
    for bar in range(len(data.bars)):
        for place, height in zip(places[:, bar], heights[:, bar], strict=True):
            if fits:
                above: dict[str, Any] = {"ha": "center", "va": "bottom", "textcoords": "offset points"}
                axes.annotate(str(bar + 1), (place, height), (0, scaled(1)), fontsize="small", **above)
    axes.margins(y=0.1)
    order = "" if fits else "bars of a group, from the left:   "
    names = "   ".join(f"{number}: {name.strip()}" for number, name in enumerate(data.bars, start=1))
    return [order + names]
