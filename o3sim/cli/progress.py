"""Progress on standard error, with the time left: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from o3sim.network.activity import doing
from o3sim.network.heartbeat import told_otherwise, wanted


@contextmanager
def progress_on_stderr() -> Iterator[Callable[[str, int, int], None] | None]:
    """Show how far the block is; yield None where nobody wants to know.

    Yields
    ------
    callable or None
        To be told ``(what is being done, amount done, amount in all)``.
    """
    if not wanted():
        yield None
        return
    if not sys.stderr.isatty():
        with doing("starting") as activity:
            yield activity.tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with (
        told_otherwise(),
        Progress(*columns, console=console, transient=True, speed_estimate_period=3600) as bar,
    ):
        task = bar.add_task("starting", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield tell
