"""`o3sim report`: one HTML page about a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.cli import options, outputs
from o3sim.errors import InputError


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that a sweep wrote.")],
    output: options.ReportFile = None,
) -> None:
    """Write one page with what differs between the points, figures, a table that sorts, and provenance.

    It is made from the tables in DIR alone, and opens offline.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; `o3sim sweep SWEEP.yaml -o DIR` makes one")
    target = outputs.check_file("--output", output or folder / "report.html")
    from o3sim.files import write_atomic
    from o3sim.report.page.page import page_of

    write_atomic(target, page_of(folder))
    print(target)
