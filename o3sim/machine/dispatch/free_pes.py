"""Which PEs of each counter's range can be given a window."""

from __future__ import annotations

from o3sim.machine.free_pes import FreePEs
from o3sim.machine.pe import PE


class RangedFreePEs(FreePEs):
    """Free PEs in ranges of as many, one for each counter.

    Attributes
    ----------
    counter : int
        Whose range :meth:`first` looks at.
    """

    def __init__(self, pes: list[PE], contexts_each: int, counters: int) -> None:
        self.counter = 0
        self._size = len(pes) // counters
        self._ranges = [
            FreePEs(pes[first : first + self._size], contexts_each)
            for first in range(0, len(pes), self._size)
        ]

    def put(self, pe: PE) -> None:
        """Take a PE in, if it can be given a window."""
        self._ranges[pe.index // self._size].put(pe)

    def take(self, pe: PE) -> None:
        """Take a PE out, before it changes."""
        self._ranges[pe.index // self._size].take(pe)

    def first(self) -> int:
        """Index of the PE of the range that holds fewest windows, the lowest of them."""
        return self._ranges[self.counter].first()

    def any_in(self, counter: int) -> bool:
        """Return whether a PE of a counter's range can be given a window."""
        return self._ranges[counter].contexts > 0
