"""Legends: above the figure, apart from what is drawn, in as many columns as fit its width."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from o3sim.report.plot.style import scaled, text_inches, width_inches, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARK_INCHES, GAP_INCHES, LINE_INCHES = 0.42, 0.18, 0.145
"""At text of 8 points: what stands before a label, what is between columns, and the height of a line."""


def add_legend(figure: Figure, named: dict[str, Any] | None = None) -> None:
    """Put a legend above the figure, which grows by its height; without ``named``, of all that is drawn."""
    found = named if named is not None else _drawn(figure)
    if not found:
        return
    room = width_inches() - scaled(MARK_INCHES + GAP_INCHES)
    labels = [wrapped(label, room) for label in found]
    columns = fitting_columns([_widest(label) for label in labels], width_inches())
    figure.legend(
        found.values(),
        labels,
        loc="outside upper center",
        ncols=columns,
        handlelength=2.2,
        columnspacing=1.2,
    )
    heights = [[label.count("\n") + 1 for label in column] for column in legend_columns(labels, columns)]
    lines = max(map(sum, heights))
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + scaled(LINE_INCHES) * lines)


def fitting_columns(widths_inches: Sequence[float], room_inches: float) -> int:
    """Return the most columns in which labels of these widths fit, filled from the top as legends are.

    Examples
    --------
    >>> from o3sim.report.plot.style import figure_style
    >>> with figure_style():
    ...     fitting_columns([1.0, 1.0, 1.0], 3.3), fitting_columns([9.0], 3.3)
    (2, 1)
    """
    besides = scaled(MARK_INCHES + GAP_INCHES)
    for most in range(len(widths_inches), 1, -1):
        columns = -(-len(widths_inches) // -(-len(widths_inches) // most))  # as few as its rows need
        wide = [max(column) for column in legend_columns(widths_inches, columns)]
        if sum(wide) + besides * len(wide) <= room_inches:
            return columns
    return 1


def legend_columns(items: Sequence[Any], columns: int) -> list[Sequence[Any]]:
    """Split items as Matplotlib does: from the top, longer columns first.

    Examples
    --------
    >>> legend_columns("abcde", 3)
    ['ab', 'cd', 'e']
    """
    rows, longer = divmod(len(items), columns)
    ends = [rows * number + min(number, longer) for number in range(columns + 1)]
    return [items[start:end] for start, end in pairwise(ends)]


def _widest(label: str) -> float:
    return max(text_inches(line) for line in label.splitlines() or [""])


def _drawn(figure: Figure) -> dict[str, Any]:
    return {
        label: handle
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
