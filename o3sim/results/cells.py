"""Cells of tables: what the values of a column have in common, and how they are written.

Text in CSV files is never a formula, which spreadsheets would compute.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


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


def guarded(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    >>> guarded("=1+1"), guarded("in_order"), guarded("-1")
    ("'=1+1", 'in_order', '-1')
    """
    return f"'{text}" if _FORMULA.match(text) and not _is_number(text) else text


def unguarded(cell: str) -> str:
    """Return what :func:`guarded` was given.

    >>> unguarded("'=1+1")
    '=1+1'
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
