"""Occupancy: how many ops the issue queue and the PEs hold, over the cycles of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.report.plot.colours import LINE_COLOURS
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.style import legend_label, new_panels, plain_numbers, scaled, width_inches, wrapped
from o3sim.studies.whatif.occupancy import Occupancy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BINS = 32
DASHES = ("solid", "dashed", "dashdot", "dotted")


@dataclass(frozen=True, eq=False)
class OccupancyData:
    """Histograms of several machines over common bins.

    Attributes
    ----------
    title : str
        What is counted.
    edges : int64 array, shape (bins + 1,)
        Bin ``k`` holds ``edges[k] <= ops < edges[k + 1]``.
    shares : dict of str to float64 array, shape (bins,)
        By architecture, percent of cycles.
    """

    title: str
    edges: NDArray[np.int64]
    shares: dict[str, NDArray[np.float64]]


def occupancy_data(found: Mapping[str, Occupancy]) -> list[OccupancyData]:
    """Bin the queue and the neurons in flight of each architecture."""
    return [
        _binned("ops in the issue queue", {name: one.queued for name, one in found.items()}),
        _binned("neurons in flight", {name: one.in_flight for name, one in found.items()}),
    ]


def _binned(title: str, histograms: Mapping[str, Mapping[int, int]]) -> OccupancyData:
    most = max(max(histogram) for histogram in histograms.values())
    width = -(-(most + 1) // MOST_BINS)
    edges = np.arange(0, most + width + 1, width, dtype=np.int64)
    shares = {}
    for name, histogram in histograms.items():
        counts = np.zeros(len(edges) - 1)
        for ops, cycles in histogram.items():
            counts[ops // width] += cycles
        shares[name] = 100 * counts / counts.sum()
    return OccupancyData(title, edges, shares)


def draw_occupancy(panels: Sequence[OccupancyData], title: str) -> Figure:
    """Draw the histograms side by side as steps, an architecture a colour and a kind of line."""
    figure, all_axes = new_panels(len(panels), 2.1)
    for axes, panel in zip(all_axes, panels, strict=True):
        for number, (name, shares) in enumerate(panel.shares.items()):
            colour = LINE_COLOURS[number % len(LINE_COLOURS)]
            line: dict[str, Any] = {"linewidth": scaled(1.2), "linestyle": DASHES[number % len(DASHES)]}
            axes.stairs(shares, panel.edges, label=legend_label(name), color=colour, **line)
            axes.stairs(shares, panel.edges, color=colour, alpha=0.2, fill=True)
        axes.set_xlim(panel.edges[0], panel.edges[-1])
        axes.set_ylim(bottom=0)
        axes.set_xlabel(panel.title)
        axes.set_ylabel("cycles (%)")
        plain_numbers(axes.xaxis)
    all_axes[0].set_title(wrapped(title, 0.85 * width_inches()))
    add_legend(figure)
    return figure
