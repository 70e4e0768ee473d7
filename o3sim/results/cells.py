"""Values of a table's column: what they have in common, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def kinds_of(values: Iterable[Any]) -> set[type]:
    """Return the types in a column; None is no value.

    >>> kinds_of([1, None, 2.5]) == {int, float}
    True
    """
    return {type(value) for value in values if value is not None}


def text_of(value: Any) -> str:
    """Write a value: floats as their shortest exact form, switches as true and false, nothing for None.

    >>> text_of(0.1), text_of(True), text_of(None)
    ('0.1', 'true', '')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
