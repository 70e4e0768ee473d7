"""No silent wait: whatever takes over a second says what it does, and again every few seconds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from o3sim.network.activity import activity_now

FIRST_S = 0.8
"""Before the first line: within a second a command has ended or says what it is at."""

EVERY_S = 5.0
"""Between two lines."""

SWITCH = "O3SIM_PROGRESS"
"""Environment variable; ``never`` keeps all of it quiet."""

_paused = 0


def wanted() -> bool:
    """Return whether progress is to be told at all."""
    return os.environ.get(SWITCH) != "never"


@contextmanager
def heartbeat(tell: Callable[[str], object]) -> Iterator[None]:
    """Call ``tell`` with a line on what is being done, from another thread, while the body takes its time."""
    if not wanted():
        yield
        return
    over = threading.Event()
    began_s = time.monotonic()

    def beat() -> None:
        wait_s = FIRST_S
        while not over.wait(wait_s):
            if not _paused:
                tell(_line(began_s))
            wait_s = EVERY_S

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def told_otherwise() -> Iterator[None]:
    """Say nothing while the body shows what it does itself, in a bar for instance."""
    global _paused  # noqa: PLW0603 - one standard error, and so one such state, a process
    _paused += 1
    try:
        yield
    finally:
        _paused -= 1


def _line(began_s: float) -> str:
    now_s = time.monotonic()
    activity = activity_now()
    return f"at work; {now_s - began_s:,.0f} s so far" if activity is None else activity.describe(now_s)
