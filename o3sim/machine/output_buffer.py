"""The output buffer: takes so many outcomes a cycle, oldest first."""

from __future__ import annotations

from heapq import heappop, heappush

from o3sim.machine.op import Op


class OutputBuffer:
    """Write known outcomes, at most ``write_width`` a cycle; the rest wait in their PEs."""

    def __init__(self, write_width_ops: int) -> None:
        self.write_width_ops = write_width_ops
        self._waiting: list[tuple[int, Op]] = []

    def offer(self, op: Op) -> None:
        """Take note of an outcome that is known from this cycle on."""
        heappush(self._waiting, (op.index, op))

    def write(self) -> list[Op]:
        """Choose the ops that retire in this cycle, oldest first."""
        count = min(self.write_width_ops, len(self._waiting))
        return [heappop(self._waiting)[1] for _ in range(count)]

    def waiting(self) -> list[Op]:
        """Ops whose outcome is known and not written, in no particular order."""
        return [op for _, op in self._waiting]

    def __repr__(self) -> str:
        return f"output buffer: {len(self._waiting)} outcomes wait, {self.write_width_ops} a cycle"
