"""The output buffer: takes so many outcomes a cycle, from one PE after the other."""

from __future__ import annotations

from collections import deque
from itertools import chain

from o3sim.machine.op import Op


class OutputBuffer:
    """Write known outcomes, at most ``write_width_ops`` a cycle and one of a PE; the rest wait in their PEs.

    PEs take turns: a cycle starts with the one after the last that was served.

    Parameters
    ----------
    write_width_ops : int
    pe_count : int
    """

    def __init__(self, write_width_ops: int, pe_count: int) -> None:
        self.write_width_ops = write_width_ops
        self._pe_count = pe_count
        self._waiting: dict[int, deque[Op]] = {}  # by PE, those known first in front
        self._next_pe = 0

    def begin_layer(self) -> None:
        """Start with PE 0."""
        self._next_pe = 0

    def offer(self, op: Op) -> None:
        """Take note of an outcome that is known from this cycle on."""
        self._waiting.setdefault(op.pe, deque()).append(op)

    def write(self) -> list[Op]:
        """Choose the ops that retire in this cycle."""
        order = sorted(self._waiting, key=lambda pe: (pe - self._next_pe) % self._pe_count)
        written = [self._waiting[pe].popleft() for pe in order[: self.write_width_ops]]
        for op in written:
            if not self._waiting[op.pe]:
                del self._waiting[op.pe]
            self._next_pe = (op.pe + 1) % self._pe_count
        return written

    def waiting(self) -> list[Op]:
        """Ops whose outcome is known and not written, in no particular order."""
        return list(chain(*self._waiting.values()))

    def __repr__(self) -> str:
        return f"output buffer: {len(self.waiting())} outcomes wait, {self.write_width_ops} a cycle"
