"""One figure of a sweep against one of its parameters, a line or a set of bars for each value of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.errors import InputError
from o3sim.report.plot.axis_names import axis_name, short_name
from o3sim.report.plot.bars import bar_places, name_groups
from o3sim.report.plot.colours import BLACK, LINE_COLOURS
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.quantities import peak_notes, readable
from o3sim.report.plot.style import (
    PANEL_INCHES,
    add_note,
    legend_label,
    new_panels,
    plain,
    plain_numbers,
    scaled,
    text_inches,
    wrapped,
)
from o3sim.results.result_table import Cell, ResultTable, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vP*X"
HATCHES = ("", "////", "....")
LINE_STYLES = ("-", "--", "-.", ":")
"""Taken in turn, so that of lines upon each other the lower one is seen too."""

PANEL_HEIGHT_INCHES = 2.3

LEAST_FACTOR_SPAN = 8
"""From this ratio on, numbers that grow by equal factors are drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Series:
    """Values of one line or one set of bars.

    Attributes
    ----------
    label : str
        Empty where there is one only.
    y : dict of cell to float
        By the value along the axis.
    """

    label: str
    y: dict[Cell, float]


@dataclass(frozen=True)
class SeriesData:
    """What to draw.

    Attributes
    ----------
    x_name, y_name : str
        Along the axes.
    places : tuple of cell
        All values along the axis, in order: numbers ascending, words as they come.
    series : tuple of Series
    level : float or None
        A line to draw across, such as the 1 of a speed-up.
    level_name : str
        What that is.
    notes : tuple of str
        What a reader has to know, beneath the figure.
    """

    x_name: str
    y_name: str
    places: tuple[Cell, ...]
    series: tuple[Series, ...]
    level: float | None = None
    level_name: str = ""
    notes: tuple[str, ...] = ()


def grouping(table: ResultTable, taken: Sequence[str], by: Sequence[str]) -> list[str]:
    """Return what tells series apart: what was asked for; architecture and workload if they differ."""
    identity = [name for name in table.varied(taken) if name in ("architecture", "workload")]
    return list(dict.fromkeys([*by, *identity]))


def series_data(table: ResultTable, x: str, y: str, by: Sequence[str]) -> SeriesData:
    """Arrange a column against another.

    Raises
    ------
    InputError
        If a column is not there, or several points fall on one place.
    """
    return arrange(table, x, by, *readable(table, y))


def arrange(
    table: ResultTable, x: str, by: Sequence[str], y_name: str, values: Sequence[float]
) -> SeriesData:
    """Arrange values, one for each row of the table, against a column."""
    keys = grouping(table, [x], by)
    label_of = labeller(table, keys)
    found: dict[str, dict[Cell, float]] = {}
    for row, place, value in zip(table.rows, table.cells(x), values, strict=True):
        line = found.setdefault(label_of(row), {})
        if place in line:
            raise InputError(_ambiguous(table, [x, *keys]))
        line[place] = value
    places = list(dict.fromkeys(table.cells(x)))
    if not any(isinstance(place, str) for place in places):
        places.sort()
    return SeriesData(
        axis_name(x),
        noted(table, y_name),
        tuple(places),
        tuple(Series(label, line) for label, line in found.items()),
        notes=tuple(peak_notes(table, [x, *keys])),
    )


def labeller(table: ResultTable, keys: Sequence[str]) -> Callable[[Row], str]:
    """Return what names a row by the values of some keys."""
    names = [table.name_of(key) for key in keys]

    def label(row: Row) -> str:
        return legend_label(", ".join(_named(row, name) for name in names))

    return label


def _named(row: Row, name: str) -> str:
    if name == "workload":
        return f"{row[name]} (synthetic)" if row.get("synthetic") else row[name]
    return row[name] if name == "architecture" else f"{short_name(name)} {row[name]}"


def noted(table: ResultTable, name: str) -> str:
    """Say beside what is drawn that all of it is of made-up networks or images, if it is."""
    made_up = all(row.get("synthetic") for row in table.rows)
    return f"{name}, synthetic" if made_up else name


def _ambiguous(table: ResultTable, used: Sequence[str]) -> str:
    others = table.varied(used)
    if not others:
        return f"{table.path}: several points have the same {', '.join(used)}"
    return (
        f"{table.path}: several points fall on one place: {', '.join(others)} differ too; "
        f"tell them apart by --by {others[0]}, or keep one value by --where {others[0]}=..."
    )


def draw_series(*panels: SeriesData, log_y: bool = False) -> Figure:
    """Draw lines over numbers, bars over words; a panel for each figure, with the same lines in all."""
    figure, all_axes = new_panels(len(panels), PANEL_HEIGHT_INCHES)
    for axes, data in zip(all_axes, panels, strict=True):
        _draw_panel(axes, data, log_y)
    if panels[0].series[0].label or panels[0].level is not None:
        add_legend(figure)
    add_note(figure, list(dict.fromkeys(note for data in panels for note in data.notes)))
    return figure


def _draw_panel(axes: Axes, data: SeriesData, log_y: bool) -> None:
    words = any(isinstance(place, str) for place in data.places)
    (_draw_bars if words else _draw_lines)(axes, data)
    if data.level is not None:
        look: dict[str, Any] = {
            "color": BLACK,
            "linewidth": scaled(0.8),
            "linestyle": (0, (5, 2)),
            "zorder": 0.5,
        }
        axes.axhline(data.level, label=legend_label(data.level_name), **look)
    if log_y:
        axes.set_yscale("log", subs=[2, 5])
        axes.grid(axis="y", which="minor")
    plain_numbers(axes.yaxis)
    axes.set_axisbelow(True)
    axes.set_xlabel(data.x_name)
    axes.set_ylabel(wrapped(data.y_name, scaled(0.85 * PANEL_HEIGHT_INCHES)))


def _draw_lines(axes: Axes, data: SeriesData) -> None:
    for number, series in enumerate(data.series):
        places = [place for place in data.places if place in series.y]
        axes.plot(
            [float(place) for place in places],
            [series.y[place] for place in places],
            color=LINE_COLOURS[number % len(LINE_COLOURS)],
            marker=MARKERS[number // len(LINE_COLOURS) % len(MARKERS)],
            markersize=scaled(3),
            linewidth=scaled(1.1),
            linestyle=LINE_STYLES[number % len(LINE_STYLES)],
            label=series.label,
        )
    scale_for_factors(axes, [float(place) for place in data.places])
    axes.grid(axis="y")


def scale_for_factors(axes: Axes, places: Sequence[float]) -> None:
    """Use a logarithmic axis, marked at the values, for values that grow by factors."""
    if places[0] <= 0 or places[-1] / places[0] < LEAST_FACTOR_SPAN or len(places) < 3:
        return
    ratios = np.array(places[1:]) / np.array(places[:-1])
    if ratios.min() < 1.25 or ratios.max() > 3 * ratios.min():
        return
    axes.set_xscale("log", base=2)
    axes.minorticks_off()
    labels = [plain(place) for place in places]
    turned = sum(map(text_inches, labels)) > scaled(0.75 * PANEL_INCHES)
    turn: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks(places, labels, **turn)


def _draw_bars(axes: Axes, data: SeriesData) -> None:
    places, width = bar_places(len(data.places), len(data.series))
    for number, series in enumerate(data.series):
        axes.bar(
            places[:, number],
            [series.y.get(place, np.nan) for place in data.places],
            width * 0.92,
            color=LINE_COLOURS[number % len(LINE_COLOURS)],
            hatch=HATCHES[number // len(LINE_COLOURS) % len(HATCHES)],
            edgecolor="white",
            linewidth=0,
            label=series.label,
        )
    name_groups(axes, [str(place) for place in data.places])
    axes.grid(axis="y")
