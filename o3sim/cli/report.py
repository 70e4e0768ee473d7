"""`o3sim report`: one HTML page about a sweep, or about machines that were compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.cli import options, outputs
from o3sim.errors import InputError


def report(
    source: Annotated[
        Path,
        typer.Argument(metavar="DIR|RESULT.json", help="Folder of a sweep, or result of `run --json`."),
    ],
    output: options.ReportFile = None,
) -> None:
    """Write one page: what differs, figures, points to hover over, a table to filter, and provenance.

    It is made from the tables in DIR alone, or from the machines that a result compares, and opens offline.
    """
    if not source.exists():
        raise InputError(f"{source}: no such folder or file; `o3sim sweep SWEEP.yaml -o DIR` makes one")
    place = source / "report.html" if source.is_dir() else source.with_suffix(".html")
    target = outputs.check_file("--output", output or place)
    from o3sim.files import write_atomic
    from o3sim.report.page.page import page_of

    write_atomic(target, page_of(source))
    print(target)
