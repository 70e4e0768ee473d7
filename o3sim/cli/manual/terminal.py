"""A page of the manual on a terminal."""

from __future__ import annotations

MOST_COLUMNS = 110
"""Lines any longer are hard to read."""


def show_page(text: str) -> None:
    """Set a page for the terminal, in the pager that the system has."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.width = min(console.width, MOST_COLUMNS)
    with console.pager(styles=True):
        console.print(Markdown(text, hyperlinks=False))
