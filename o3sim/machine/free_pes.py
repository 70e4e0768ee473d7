"""Which PEs can be given an op: those with a free context and no verdict that waits to be written."""

from __future__ import annotations

from bisect import bisect_left, insort

from o3sim.machine.pe import PE


class FreePEs:
    """PEs by the number of ops they hold, so that the least loaded, lowest one is at hand.

    Attributes
    ----------
    contexts : int
        Free contexts of all PEs that can be given an op.
    """

    def __init__(self, pes: list[PE], contexts_each: int) -> None:
        self.contexts = 0
        self._contexts_each = contexts_each
        self._by_load: list[list[int]] = [[] for _ in range(contexts_each)]
        for pe in pes:
            self.put(pe)

    def put(self, pe: PE) -> None:
        """Take a PE in, if it can be given an op."""
        if not pe.late_verdicts and pe.occupied < self._contexts_each:
            insort(self._by_load[pe.occupied], pe.index)
            self.contexts += self._contexts_each - pe.occupied

    def take(self, pe: PE) -> None:
        """Take a PE out, before it changes."""
        if not pe.late_verdicts and pe.occupied < self._contexts_each:
            load = self._by_load[pe.occupied]
            del load[bisect_left(load, pe.index)]
            self.contexts -= self._contexts_each - pe.occupied

    def first(self) -> int:
        """Index of the PE that holds fewest ops, the lowest of them."""
        return next(load[0] for load in self._by_load if load)
