"""Text in the cells of CSV files: never a formula, which spreadsheets would compute."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


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
