"""Which PEs can be given an op: those with a free context and no verdict that waits to be written."""

from __future__ import annotations

from bisect import bisect_left, insort

from o3sim.machine.pe import PE


class FreePEs:
    """PEs in ranges of as many: one for each bank of a queue or each counter, or one of all."""

    def __init__(self, pes: list[PE], contexts_each: int, ranges: int = 1) -> None:
        self._size = len(pes) // ranges
        self._ranges = [
            _Range(pes[first : first + self._size], contexts_each) for first in range(0, len(pes), self._size)
        ]

    def put(self, pe: PE) -> None:
        """Take a PE in, if it can be given an op."""
        self._ranges[pe.index // self._size].put(pe)

    def take(self, pe: PE) -> None:
        """Take a PE out, before it changes."""
        self._ranges[pe.index // self._size].take(pe)

    def first(self, number: int) -> int:
        """Index of the PE of a range that holds fewest ops, the lowest of them."""
        return self._ranges[number].first()

    def contexts_of(self, number: int) -> int:
        """Free contexts of a range's PEs that can be given an op."""
        return self._ranges[number].contexts

    @property
    def contexts(self) -> int:
        """Free contexts of all PEs that can be given an op."""
        return sum(each.contexts for each in self._ranges)


class _Range:
    """PEs by the number of ops they hold, so that the least loaded, lowest one is at hand."""

    def __init__(self, pes: list[PE], contexts_each: int) -> None:
        self.contexts = 0
        self._contexts_each = contexts_each
        self._by_load: list[list[int]] = [[] for _ in range(contexts_each)]
        for pe in pes:
            self.put(pe)

    def put(self, pe: PE) -> None:
        if not pe.late_verdicts and pe.occupied < self._contexts_each:
            insort(self._by_load[pe.occupied], pe.index)
            self.contexts += self._contexts_each - pe.occupied

    def take(self, pe: PE) -> None:
        if not pe.late_verdicts and pe.occupied < self._contexts_each:
            load = self._by_load[pe.occupied]
            del load[bisect_left(load, pe.index)]
            self.contexts -= self._contexts_each - pe.occupied

    def first(self) -> int:
        return next(load[0] for load in self._by_load if load)
