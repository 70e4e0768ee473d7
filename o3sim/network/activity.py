"""What this process is at, for whoever waits for it: :mod:`o3sim.network.heartbeat` tells it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Progress = Callable[[str, int, int], None]
"""Told ``(what is being done, amount done, amount in all)``."""


@dataclass
class Activity:
    """Something that takes a while.

    Attributes
    ----------
    what : str
    done, total : int
        In any unit; a total of 0 where it is not known how much there is.
    since_s : float
        When it began, on the clock of :func:`time.monotonic`.
    first : tuple of (float, int), optional
        When some of it was first done, and how much: the rate is taken from there on, since what lies before
        (kernels to be compiled) does not come again.
    """

    what: str
    done: int = 0
    total: int = 0
    since_s: float = field(default_factory=time.monotonic)
    first: tuple[float, int] | None = None

    def tell(self, what: str, done: int, total: int) -> None:
        """Take note of progress."""
        self.what, self.done, self.total = what, done, total
        if done and self.first is None:
            self.first = time.monotonic(), done

    def describe(self, now_s: float) -> str:
        """Say what is being done, for how long, and how long it will take at this rate.

        >>> Activity("layer conv2", 3, 4, since_s=0, first=(20, 1)).describe(30)
        'layer conv2, 75 %; 30 s so far, about 5 s left'
        >>> Activity("loading kernels", since_s=0).describe(5)
        'loading kernels; 5 s so far'
        """
        spent_s = now_s - self.since_s
        share = f", {100 * self.done // self.total} %" if self.total else ""
        left = ""
        if self.first is not None and self.first[1] < self.done < self.total:
            rate = (self.done - self.first[1]) / (now_s - self.first[0])
            left = f", about {(self.total - self.done) / rate:,.0f} s left"
        return f"{self.what}{share}; {spent_s:,.0f} s so far{left}"


_under_way: list[Activity] = []


@contextmanager
def doing(what: str) -> Iterator[Activity]:
    """Say that the body does something; what it does within itself is said in its place meanwhile."""
    activity = Activity(what)
    _under_way.append(activity)
    try:
        yield activity
    finally:
        _under_way.remove(activity)


def activity_now() -> Activity | None:
    """Return what is being done now; None if nothing that anybody named."""
    return _under_way[-1] if _under_way else None
