"""Decision depths: which share of a layer's neurons is decided within which share of their edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.report.plot.style import LINE_COLOURS, TWO_COLUMNS_INCHES, new_figure
from o3sim.studies.whatif.depths import BINS, Depths

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DASHES = ("solid", "dashed", "dotted", "dashdot")
LEGEND_ROWS = 18


def depth_data(layers: Sequence[Depths]) -> dict[str, NDArray[np.float64]]:
    """Return, by layer, the percent of neurons decided within 0, 1, ... 100 percent of their edges."""
    return {depths.layer: 100 * depths.cumulative for depths in layers}


def draw_depth(data: dict[str, NDArray[np.float64]], title: str) -> Figure:
    """Draw a curve a layer; line styles go on where colours run out."""
    figure = new_figure(TWO_COLUMNS_INCHES, 3.0)
    axes = figure.subplots()
    for number, (layer, shares) in enumerate(data.items()):
        axes.step(
            np.arange(BINS + 1),
            shares,
            where="post",
            label=layer,
            linewidth=1.3,
            color=LINE_COLOURS[number % len(LINE_COLOURS)],
            linestyle=DASHES[number // len(LINE_COLOURS) % len(DASHES)],
        )
    axes.set_xlim(0, BINS)
    axes.set_ylim(0, 101)
    axes.set_xlabel("edges evaluated (%)")
    axes.set_ylabel("neurons decided (%)")
    axes.set_title(title)
    axes.grid(linewidth=0.3, alpha=0.6)
    figure.legend(loc="outside right center", ncols=-(-len(data) // LEGEND_ROWS))
    return figure
