"""Cycle stacks: what the PE-cycles of layers, or of architectures beside each other, went to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.counters import PE_CYCLE_CAUSES
from o3sim.errors import InputError
from o3sim.network.layer_names import layer_number
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
)
from o3sim.results.saved import SavedLayer, SavedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Eight colours for thirteen causes: causes of one family share a colour, and a hatch tells them apart.
LOOKS: dict[str, tuple[str, str]] = {
    "useful": (GREEN, ""),
    "wasted": (ORANGE, ""),
    "squashed": (VERMILION, ""),
    "operand_stall": (BLUE, ""),
    "write_stall": (SKY, ""),
    "verdict_wait": (SKY, "////"),
    "weight_wait": (PURPLE, ""),
    "issue_wait": (YELLOW, "////"),
    "no_ready_op": (YELLOW, ""),
    "queue_empty": ("#DDDDDD", "////"),
    "input_wait": (PURPLE, "////"),
    "blocked": (SKY, "xxxx"),
    "drain": ("#DDDDDD", ""),
}


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
    """

    bars: tuple[str, ...]
    parts: dict[str, NDArray[np.float64]]
    unit: str
    title: str


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
    return StackData(bars, _by_cause(heights), "cycles per image", title)


def _shares(part: SavedLayer) -> dict[str, float]:
    total = sum(part.pe_cycles.values())
    return {cause: 100 * count / total for cause, count in part.pe_cycles.items()}


def _cycles(run: SavedRun, part: SavedRun | SavedLayer) -> dict[str, float]:
    pes = sum(part.pe_cycles.values()) / part.cycles
    return {cause: count / pes / run.images for cause, count in part.pe_cycles.items()}


def _by_cause(heights: Sequence[dict[str, float]]) -> dict[str, NDArray[np.float64]]:
    columns = {cause: np.array([bar[cause] for bar in heights]) for cause in PE_CYCLE_CAUSES}
    return {cause: column for cause, column in columns.items() if column.any()}


def look_of(cause: str) -> tuple[str, str]:
    """Return a cause's colour and hatch; one without a look of its own is grey and crossed."""
    return LOOKS.get(cause, ("#999999", "xxxx"))


def draw_stack(data: StackData) -> Figure:
    """Draw the bars, the legend beside them in the order of the stack."""
    places = np.arange(len(data.bars))
    figure = new_figure(TWO_COLUMNS_INCHES, 3.0)
    axes = figure.subplots()
    floor = np.zeros(len(data.bars))
    for cause, heights in data.parts.items():
        colour, hatch = look_of(cause)
        look: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": BLACK, "linewidth": 0.3}
        axes.bar(places, heights, 0.7, floor, label=cause, **look)
        floor += heights
    long_names = max(len(name) for name in data.bars) * len(data.bars) > 70
    axes.set_xticks(
        places, data.bars, rotation=30 if long_names else 0, ha="right" if long_names else "center"
    )
    axes.set_ylabel(data.unit)
    axes.set_title(data.title)
    axes.margins(x=0.02)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right center")
    return figure
