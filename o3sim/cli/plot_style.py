"""How large the figure of a command is: by its options `--inches` and `--style`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def figure_style(inches: float | None, style: str) -> AbstractContextManager[None]:
    """Return the style in which a command draws and saves."""
    from o3sim.report.plot import style as styles

    size = styles.STYLES[style]
    return styles.figure_style(size if inches is None else replace(size, width_inches=inches))
