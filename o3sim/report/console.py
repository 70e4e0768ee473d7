"""The console that reports are written to: as readable in a pipe as on a terminal."""

from __future__ import annotations

import sys
import textwrap
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

WIDTH_COLUMNS = 80
"""Every table fits this width; a narrower terminal wraps lines rather than losing digits."""

WIDE_COLUMNS = 120
"""Room for tables that are asked for with `--wide`."""


def make_console(file: TextIO | None = None, wide: bool = False) -> Console:
    """Return a console on a stream (standard output by default).

    Colours only on a terminal; never narrower than :data:`WIDTH_COLUMNS`, wherever it is, or than
    :data:`WIDE_COLUMNS`.
    """
    console = Console(file=file or sys.stdout, highlight=False, markup=False, emoji=False)
    console.width = max(WIDE_COLUMNS if wide else WIDTH_COLUMNS, console.width)
    return console


def print_note(console: Console, text: str) -> None:
    """Write text in lines of :data:`WIDTH_COLUMNS`, wrapped here and nowhere else; lines of it stay apart."""
    for line in text.splitlines():
        wrapped = textwrap.fill(line, WIDTH_COLUMNS, break_long_words=False, break_on_hyphens=False)
        console.print(wrapped, soft_wrap=True)


def make_table(title: str, text_columns: int, *columns: str, gap: int = 2) -> Table:
    """Return an empty table: the first columns hold text, the others numbers.

    Numbers are never broken or cut; ``gap`` is the number of spaces between columns.
    """
    padding = (0, gap - 1, 0, 0)  # the box itself puts one space between columns
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=padding,
        min_width=min(len(title), WIDTH_COLUMNS),  # a title over a narrow table would be broken
    )
    for index, column in enumerate(columns):
        is_text = index < text_columns
        table.add_column(column, justify="left" if is_text else "right", no_wrap=not is_text, overflow="fold")
    return table
