"""Numbers that changed, in one form for traces and results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Change(NamedTuple):
    """One figure in two files; None where a file does not have it."""

    name: str
    a: object
    b: object

    @property
    def percent(self) -> float | None:
        """Change from A to B in percent of A; None where that means nothing."""
        a, b = self.a, self.b
        if isinstance(a, bool) or isinstance(b, bool):
            return None
        if not isinstance(a, (int, float)) or not isinstance(b, (int, float)) or not a:
            return None
        return 100.0 * (b - a) / abs(a)

    def __str__(self) -> str:
        percent = self.percent
        return f"{self.name}: {shown(self.a)} -> {shown(self.b)}" + (
            "" if percent is None else f" ({percent:+.2f} %)"
        )


def shown(value: object) -> str:
    """Write a figure: exactly, an integer with separators.

    >>> shown(1234567), shown(None), shown(0.25)
    ('1,234,567', 'absent', '0.25')
    """
    if value is None:
        return "absent"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def lines_of(changes: Iterable[Change], indent: str = "  ") -> list[str]:
    """Write changes as lines."""
    return [f"{indent}{change}" for change in changes]
