"""The console that reports are written to: as readable in a pipe as on a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

WIDTH_COLUMNS = 100
"""Every table fits this width; a narrower terminal wraps lines rather than losing digits."""


def make_console(file: TextIO | None = None) -> Console:
    """Return a console on a stream (standard output by default).

    Colours only on a terminal; never narrower than :data:`WIDTH_COLUMNS`, wherever it is.
    """
    console = Console(file=file or sys.stdout, highlight=False, markup=False, emoji=False)
    console.width = max(WIDTH_COLUMNS, console.width)
    return console


def make_table(title: str, text_columns: int, *columns: str, gap: int = 2) -> Table:
    """Return an empty table: the first columns hold text, the others numbers.

    Numbers are never broken or cut; ``gap`` is the number of spaces between columns.
    """
    padding = (0, gap - 1, 0, 0)  # the box itself puts one space between columns
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=padding)
    for index, column in enumerate(columns):
        is_text = index < text_columns
        table.add_column(column, justify="left" if is_text else "right", no_wrap=not is_text, overflow="fold")
    return table
