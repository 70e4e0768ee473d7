"""Where bars stand: in groups, as wide as their number lets them be, and never as wide as a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.report.plot.style import scaled, text_inches, width_inches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

MOST_BAR_INCHES = 0.45
"""A bar is no wider, at text of 8 points: a single one would fill the figure."""

LINE_INCHES = 0.2
"""Turned names closer than this would lie upon each other."""

MOST_LINES = 3
"""Of a name that is broken at its hyphens: more are harder to read than a turned one."""

GROUP_SHARE = 0.8
"""Of the distance of two groups that their bars take, if they are many."""


def bar_places(groups: int, bars: int) -> tuple[NDArray[np.float64], float]:
    """Return the middle of each bar, an array of shape (groups, bars), and how wide bars are.

    Groups stand at 0, 1, ...
    """
    most = scaled(MOST_BAR_INCHES) * groups / (0.85 * width_inches())
    width = min(GROUP_SHARE / bars, most)
    offsets = (np.arange(bars) - (bars - 1) / 2) * width
    return np.arange(groups)[:, None] + offsets, width


def name_groups(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of groups beneath them: in lines of whole words, or turned where those would touch."""
    room = 0.8 * width_inches() / len(names)
    broken = [_in_lines(name, room) for name in names]
    if all(broken):
        names, turn = broken, dict[str, Any]()
    elif scaled(LINE_INCHES) < room:
        turn = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
    else:
        turn = {"rotation": 90, "ha": "right", "va": "center", "rotation_mode": "anchor"}
    axes.set_xticks(range(len(names)), list(names), **turn)
    axes.tick_params(axis="x", length=0)


def _in_lines(name: str, inches: float) -> str:
    """Return a name broken after hyphens into lines that fit; none if there is no such way."""
    lines = [""]
    for word in re.findall(r"[^-]*-|[^-]+", name):
        if lines[-1] and text_inches(lines[-1] + word) > inches:
            lines.append("")
        lines[-1] += word
    fits = len(lines) <= MOST_LINES and max(map(text_inches, lines)) <= inches
    return "\n".join(lines) if fits else ""
