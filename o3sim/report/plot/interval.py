"""Statistics over time: PE-cycles by cause and ops held, interval after interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.network.layer_names import layer_number
from o3sim.report.plot.colours import BLUE, CAUSES, PALE, VERMILION, fill, words
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.style import new_figure, plain_numbers, scaled
from o3sim.results.result_table import Row, number_in, read_csv
from o3sim.trace.intervals import CYCLES, FIRST, IN_FLIGHT, LAYER, QUEUED, STACK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_INTERVALS_DRAWN = 20_000
MOST_CYCLES = 2**53
_PREFIX = "pe_cycles."


@dataclass(frozen=True, eq=False)
class IntervalData:
    """Layers one behind the other.

    Attributes
    ----------
    edges : int64 array, shape (intervals + 1,)
        Cycle at which each interval begins, and the end of the last.
    shares : dict of str to float64 array, shape (intervals,)
        Percent of PE-cycles by cause.
    held : dict of str to float64 array, shape (intervals,)
        Mean number of ops in the queue and in flight.
    layers : dict of str to int
        Cycle at which each layer begins.
    """

    edges: NDArray[np.int64]
    shares: dict[str, NDArray[np.float64]]
    held: dict[str, NDArray[np.float64]]
    layers: dict[str, int]


def interval_data(path: Path, layer: str | None = None) -> IntervalData:
    """Read a table that `o3sim trace --interval` wrote; of one layer, or of all one behind the other.

    Raises
    ------
    InputError
        If it is no such table, is damaged, or has no such layer.
    """
    columns, rows = read_csv(path)
    missing = {LAYER, FIRST, CYCLES, *STACK, QUEUED, IN_FLIGHT} - set(columns)
    if missing or not rows:
        why = f"it has no column `{min(missing)}`" if missing else "it has no rows"
        raise InputError(f"{path}: no table of `o3sim trace --interval N`: {why}")
    names = list(dict.fromkeys(row[LAYER] for row in rows))
    if layer is not None:
        wanted = names[layer_number(layer, names)]
        rows = [row for row in rows if row[LAYER] == wanted]
    if len(rows) > MOST_INTERVALS_DRAWN:
        raise InputError(
            f"{path}: {len(rows):,} intervals; at most {MOST_INTERVALS_DRAWN:,} can be seen: draw one by"
            " --layer, or count longer ones"
        )
    return _arranged(path, rows)


def _arranged(path: Path, rows: Sequence[Row]) -> IntervalData:
    cycles = _column(path, rows, CYCLES)
    counts = {cause: _column(path, rows, cause) for cause in STACK}
    total = np.sum(list(counts.values()), axis=0)
    if cycles.min() < 1 or total.min() <= 0 or min(each.min() for each in counts.values()) < 0:
        raise InputError(f"{path}: has an interval without cycles, or a count below 0")
    if cycles.sum() > MOST_CYCLES:
        raise InputError(f"{path}: more than {MOST_CYCLES:,} cycles in all")
    edges = np.concatenate([[0], np.cumsum(cycles)]).astype(np.int64)
    layers: dict[str, int] = {}
    for row, start in zip(rows, edges.tolist(), strict=False):
        layers.setdefault(row[LAYER], start)
    return IntervalData(
        edges,
        {cause.removeprefix(_PREFIX): 100 * count / total for cause, count in counts.items()},
        {"in the queue": _column(path, rows, QUEUED), "in flight": _column(path, rows, IN_FLIGHT)},
        layers,
    )


def _column(path: Path, rows: Sequence[Row], name: str) -> NDArray[np.float64]:
    return np.array([number_in(row, name, path) for row in rows])


def draw_interval(data: IntervalData) -> Figure:
    """Draw causes as a stack over cycles, what is held beneath, and where layers begin."""
    figure = new_figure(3.4)
    above, beneath = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    floor = np.zeros(len(data.edges) - 1)
    handles = {}
    for cause, share in data.shares.items():
        look = fill(CAUSES.get(cause, (PALE, "")))
        name = "waiting or without an op" if cause == "other" else words(cause)
        handles[name] = above.stairs(floor + share, data.edges, baseline=floor, fill=True, **look)
        floor += share
    above.set_ylim(0, 100)
    above.set_ylabel("PE-cycles (%)")
    for number, (name, ops) in enumerate(data.held.items()):
        line = {"color": (BLUE, VERMILION)[number], "linestyle": ("-", "--")[number]}
        handles[f"ops {name}"] = beneath.stairs(ops, data.edges, baseline=None, linewidth=scaled(1.1), **line)
    beneath.set_ylim(bottom=0)
    beneath.set_ylabel("ops, mean")
    beneath.set_xlim(data.edges[0], data.edges[-1])
    _name_layers(above, beneath, data)
    for axis in (beneath.xaxis, beneath.yaxis):
        plain_numbers(axis)
    add_legend(figure, handles)
    return figure


def _name_layers(above: Axes, beneath: Axes, data: IntervalData) -> None:
    """Mark where layers begin, and name them above, where there is room."""
    only = len(data.layers) == 1
    beneath.set_xlabel(f"cycle of layer {next(iter(data.layers))}" if only else "cycle, layers in turn")
    if only:
        return
    starts = [*data.layers.values(), int(data.edges[-1])]
    least = 0.06 * starts[-1]
    for name, start, end in zip(data.layers, starts, starts[1:], strict=False):
        for axes in (above, beneath):
            axes.axvline(start, color="black", linewidth=scaled(0.5))
        if end - start > least:
            above.annotate(
                name, ((start + end) / 2, 100), (0, scaled(2)), textcoords="offset points", ha="center"
            )
