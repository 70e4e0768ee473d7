"""`o3sim diff`: where two traces or two results part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXIT_DIFFERENT = 1


def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="Canonical trace, or result JSON; may be .gz.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another of the same kind.")],
) -> None:
    """Show where A and B part first, with context, and what changed from A to B.

    Exit status 0: they are the same; 1: they differ; 2: one cannot be read.
    """
    from o3sim.checks.diff.files import compare_files

    report = compare_files(a, b)
    if report:
        print(f"A: {a}\nB: {b}", *report, sep="\n")
        raise typer.Exit(EXIT_DIFFERENT)
