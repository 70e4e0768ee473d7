"""Decision depths: which share of a layer's neurons is decided within which share of their edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.report.plot.colours import LINE_COLOURS
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.style import legend_label, new_figure, scaled, width_inches, wrapped
from o3sim.studies.whatif.depths import BINS, Depths

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DASHES = ("solid", "dashed", "dotted", "dashdot")


def depth_data(layers: Sequence[Depths]) -> dict[str, NDArray[np.float64]]:
    """Return, by layer, the percent of neurons decided within 0, 1, ... 100 percent of their edges."""
    return {depths.layer: 100 * depths.cumulative for depths in layers}


def draw_depth(data: dict[str, NDArray[np.float64]], title: str) -> Figure:
    """Draw a curve a layer; colours and line styles go round."""
    figure = new_figure(2.5)
    axes = figure.subplots()
    for number, (layer, shares) in enumerate(data.items()):
        axes.step(
            np.arange(BINS + 1),
            shares,
            where="post",
            label=legend_label(layer),
            linewidth=scaled(1.3),
            color=LINE_COLOURS[number % len(LINE_COLOURS)],
            linestyle=DASHES[number % len(DASHES)],
        )
    axes.set_xlim(0, BINS)
    axes.set_ylim(0, 101)
    axes.set_xlabel("edges evaluated (%)")
    axes.set_ylabel("neurons decided (%)")
    axes.set_title(wrapped(title, 0.85 * width_inches()))
    axes.grid()
    add_legend(figure)
    return figure
