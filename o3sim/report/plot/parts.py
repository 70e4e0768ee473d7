"""Stacked bars: how a figure of each point, or of each layer, splits into parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.report.plot.axis_names import short_name
from o3sim.report.plot.series import add_legend, grouping, labeller, noted
from o3sim.report.plot.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    TWO_COLUMNS_INCHES,
    VERMILION,
    YELLOW,
    new_figure,
    plain_numbers,
)
from o3sim.results.result_table import ResultTable, load_layers, number_in

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, "#999999")
HATCHES = ("", "////", "....")
MOST_BARS = 60
TITLE_CHARACTERS = 130
"""Of the small print above the bars, a line."""
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
    y_name : str
    x_name : str
        What ``groups`` are values of; empty where they speak for themselves.
    """

    groups: tuple[str, ...]
    bars: tuple[str, ...]
    parts: Mapping[str, NDArray[np.float64]]
    y_name: str
    x_name: str = ""


def energy_parts(table: ResultTable, by: Sequence[str]) -> PartsData:
    """Split the energy of an image by unit; a bar for each point."""
    prefix = "energy_pj."
    units = [name for name in table.columns if name.startswith(prefix) and name != f"{prefix}total"]
    keys = [table.name_of(key) for key in by or table.varied()]
    labels = [", ".join(row[key] for key in keys) for row in table.rows]
    _check_labels(table, labels, by)
    images = np.array(table.numbers("images"))
    if images.min() <= 0:
        raise InputError(f"{table.path}: column `images` has a number below 1 in it")
    parts = {name.removeprefix(prefix): np.array(table.numbers(name)) / images / 1e3 for name in units}
    total = sum(parts.values())
    shown = {name: nj[:, None] for name, nj in parts.items() if (nj > LEAST_SHARE * total).any()}
    return PartsData(
        tuple(labels),
        ("",),
        shown,
        noted(table, "energy of an image (nJ)"),
        ", ".join(map(short_name, keys)),
    )


def pruning_parts(table: ResultTable, by: Sequence[str]) -> PartsData:
    """Split what was pruned in each layer by what pruned it; a bar for each point."""
    keys = grouping(table, [], by) or table.varied()
    label_of = labeller(table, keys)
    layers = load_layers(table)
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
    return PartsData(tuple(groups), tuple(bars.values()), parts, noted(table, "edges pruned (%)"))


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
    """Draw the bars, parts stacked; bars of a group beside each other, named above the figure by a number."""
    figure = new_figure(TWO_COLUMNS_INCHES, 3.4)
    axes = figure.subplots()
    places = np.arange(len(data.groups))
    width = 0.84 / len(data.bars)
    for bar, _ in enumerate(data.bars):
        left = places - 0.42 + width * (bar + 0.5)
        bottom = np.zeros(len(data.groups))
        for number, (name, values) in enumerate(data.parts.items()):
            axes.bar(
                left,
                values[:, bar],
                width * 0.92,
                bottom=bottom,
                color=COLOURS[number % len(COLOURS)],
                hatch=HATCHES[number // len(COLOURS) % len(HATCHES)],
                edgecolor=BLACK,
                linewidth=0.3,
                label=name.replace("_", " ") if bar == 0 else None,
            )
            bottom = bottom + values[:, bar]
        if len(data.bars) > 1:
            for place, height in zip(left, bottom, strict=True):
                axes.text(place, height, str(bar + 1), ha="center", va="bottom", fontsize=5.5)
    axes.set_xticks(places, data.groups, rotation=25, ha="right")
    axes.set_xlabel(data.x_name)
    axes.set_ylabel(data.y_name)
    plain_numbers(axes.yaxis)
    axes.margins(x=0.01)
    add_legend(figure)
    if len(data.bars) > 1:
        names = "   ".join(f"{number}: {name}" for number, name in enumerate(data.bars, start=1))
        # Wrapped here: Matplotlib takes dollars for mathematics when it wraps, whatever it is told.
        axes.set_title(fill(names, TITLE_CHARACTERS, break_on_hyphens=False), fontsize=6)
    return figure
