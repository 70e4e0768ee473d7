"""``o3sim docs``: the manual, in the terminal or in the browser."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from o3sim.cli import candidates, options, outputs


def docs(
    context: typer.Context,
    page: Annotated[
        str | None,
        typer.Argument(
            metavar="PAGE",
            help="Page; lists all of them if left out.",
            autocompletion=candidates.pages,
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open it in the web browser.")] = False,
    output: options.OptionalFolder = None,
) -> None:
    """List the pages of the manual, or show one: set for reading on a terminal, else as it is written.

    With --output all pages are written as HTML, from index.html on; without it --browser takes a
    temporary folder.
    """
    from o3sim.cli.listing import print_described
    from o3sim.cli.manual.pages import FRONT, find_page, page_text, page_titles

    command = context.find_root().command
    found = None if page is None else find_page(page)
    if browser or output is not None:
        from o3sim.cli.manual.html import open_page, temporary_folder, write_pages

        if output is not None:
            outputs.make_folder("--output", output)
        folder = temporary_folder() if output is None else output
        write_pages(folder, command)
        target = folder / f"{found or FRONT}.html"
        print(target)
        if browser:
            open_page(target)
    elif found is None:
        print_described("pages", page_titles())
    elif sys.stdout.isatty():
        from o3sim.cli.manual.terminal import show_page

        show_page(page_text(found, command))
    else:
        print(page_text(found, command), end="")
