"""Draw LUT against cycles of ``docs/studies/worth-its-area.csv``: the front of each way to dispatch."""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.report.plot.colours import BLACK, LINE_COLOURS, SILVER
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.style import figure_style, new_panels, save, scaled
from scripts.benchmarks.worth_machines import levels_of, load_space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STUDIES = Path(__file__).parents[2] / "docs" / "studies"
FRONTS, FIGURE = STUDIES / "worth-its-area.csv", STUDIES / "worth-its-area.png"

HEIGHT_INCHES = 2.9

Fronts = dict[str, dict[str, list[tuple[int, int]]]]
"""For each network and way: LUTs and cycles of its front."""


def load_fronts(file: Path) -> Fronts:
    """Read the fronts."""
    fronts: Fronts = defaultdict(lambda: defaultdict(list))
    with file.open(newline="") as opened:
        for row in csv.DictReader(opened):
            fronts[row["network"]][row["way"]].append((int(row["lut"]), int(row["cycles"])))
    return fronts


def draw(fronts: Fronts) -> Figure:
    """Draw a panel for each network, a stair for each way, dense in black, and the levels."""
    figure, panels = new_panels(len(fronts), HEIGHT_INCHES)
    for axes, (network, ways) in zip(panels, fronts.items(), strict=True):
        for level in levels_of(load_space()):
            axes.axvline(level.lut, color=SILVER, linewidth=scaled(0.7), zorder=0)
        colours = iter(LINE_COLOURS)
        for way, front in ways.items():
            colour = BLACK if way == "dense" else next(colours)
            luts, cycles = zip(*front, strict=True)
            axes.step(luts, cycles, where="post", color=colour, linewidth=scaled(1.1), label=way)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(lambda lut, _: f"{lut / 1000:g} k")
        axes.yaxis.set_major_formatter(lambda cycles, _: f"{cycles:,.0f}")
        axes.set_title(network)
        axes.set_xlabel("LUT")
    panels[0].set_ylabel("cycles of an image")
    add_legend(figure)
    return figure


def main() -> None:
    """Draw `[FIGURE]`."""
    with figure_style():
        save(draw(load_fronts(FRONTS)), Path(sys.argv[1]) if len(sys.argv) > 1 else FIGURE)


if __name__ == "__main__":
    main()
