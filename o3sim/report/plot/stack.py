"""Cycle stacks: what the PE-cycles of layers, or of architectures beside each other, went to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.counters import PE_CYCLE_CAUSES
from o3sim.errors import InputError
from o3sim.network.layer_names import layer_number
from o3sim.report.plot.bars import bar_places, name_groups
from o3sim.report.plot.colours import CAUSES, UNKNOWN, Look, fill, words
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.run_peaks import peak_notes_of
from o3sim.report.plot.style import add_note, new_figure, plain_numbers, width_inches, wrapped
from o3sim.results.saved import SavedLayer, SavedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class StackData:
    """Heights of the parts of stacked bars.

    Attributes
    ----------
    bars : tuple of str
        Name of each bar.
    parts : dict of str to float64 array, shape (bars,)
        By cause, only causes that occur.
    unit : str
        What a height is.
    title : str
    notes : tuple of str
        What a reader has to know, beneath the figure.
    """

    bars: tuple[str, ...]
    parts: dict[str, NDArray[np.float64]]
    unit: str
    title: str
    notes: tuple[str, ...] = ()


def stack_data(runs: Sequence[SavedRun], layer: str | None = None) -> StackData:
    """Work out the bars: layers of one run in percent, or several runs in cycles per image.

    With several runs a bar is as high as the run (or its layer) takes cycles, and a part is the
    PE-cycles of its cause over the PEs.

    Raises
    ------
    InputError
        If there is no such layer, or the runs are of different networks.
    """
    first = runs[0]
    if any(run.network_digest != first.network_digest for run in runs):
        raise InputError(f"the results are not all of one network: {', '.join(run.workload for run in runs)}")
    if len(runs) == 1 and layer is None:
        names = tuple(part.name for part in first.layers)
        heights = [_shares(part) for part in first.layers]
        title = f"{first.architecture} on {first.title}"
        return StackData(names, _by_cause(heights), "PE-cycles (%)", title)
    title = first.title
    parts: Sequence[SavedRun | SavedLayer] = runs
    if layer is not None:
        number = layer_number(layer, [each.name for each in first.layers])
        title += f", layer {first.layers[number].name}"
        parts = [run.layers[number] for run in runs]
    heights = [_cycles(run, part) for run, part in zip(runs, parts, strict=True)]
    bars = tuple(run.architecture for run in runs)
    return StackData(bars, _by_cause(heights), "cycles per image", title, tuple(peak_notes_of(runs)))


def _shares(part: SavedLayer) -> dict[str, float]:
    total = sum(part.pe_cycles.values())
    return {cause: 100 * count / total for cause, count in part.pe_cycles.items()}


def _cycles(run: SavedRun, part: SavedRun | SavedLayer) -> dict[str, float]:
    pes = sum(part.pe_cycles.values()) / part.cycles
    return {cause: count / pes / run.images for cause, count in part.pe_cycles.items()}


def _by_cause(heights: Sequence[dict[str, float]]) -> dict[str, NDArray[np.float64]]:
    columns = {cause: np.array([bar[cause] for bar in heights]) for cause in PE_CYCLE_CAUSES}
    return {cause: column for cause, column in columns.items() if column.any()}


def look_of(cause: str) -> Look:
    """Return a cause's colour and hatch."""
    return CAUSES.get(cause, UNKNOWN)


def draw_stack(data: StackData) -> Figure:
    """Draw the bars, the first cause at the bottom."""
    figure = new_figure(2.5)
    axes = figure.subplots()
    places, width = bar_places(len(data.bars), 1)
    floor = np.zeros(len(data.bars))
    handles = {}
    for cause, heights in data.parts.items():
        drawn = axes.bar(places[:, 0], heights, width * 0.92, floor, **fill(look_of(cause)))
        handles[words(cause)] = drawn
        floor += heights
    name_groups(axes, data.bars)
    axes.set_ylabel(data.unit)
    axes.set_title(wrapped(data.title, 0.85 * width_inches()))
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.margins(x=0.02)
    plain_numbers(axes.yaxis)
    add_legend(figure, handles)
    add_note(figure, data.notes)
    return figure
