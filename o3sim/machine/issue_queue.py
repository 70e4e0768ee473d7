"""The issue queue: ops that wait for a PE, oldest first."""

from __future__ import annotations

from o3sim.machine.op import Op


class IssueQueue:
    """``depth`` ops in age order; an op dispatched in a cycle can be issued from the next on.

    With ``banks`` a window's ops share one, and each bank has as many places.
    """

    def __init__(self, depth_ops: int, banks: int = 1) -> None:
        self.depth_ops = depth_ops
        self.banks = banks
        self._held = [0] * banks
        self.entries: list[Op] = []
        self.arriving: list[Op] = []

    def bank_of(self, windows: tuple[int, ...]) -> int:
        """Return the bank of an op, by the first of its windows."""
        return (windows[0] + windows[0] // self.banks) % self.banks

    def has_room(self, op: Op) -> bool:
        """Return whether an op finds a place in its bank, in a cycle before any has left."""
        return self._held[op.bank] < self.depth_ops // self.banks

    @property
    def unselected(self) -> list[Op]:
        """Ops that no context is chosen for yet, oldest first."""
        return [op for op in self.entries if op.context < 0]

    def dispatch(self, op: Op) -> None:
        """Take an op; it can be seen from the next cycle on."""
        self.arriving.append(op)
        self._held[op.bank] += 1

    def remove(self, ops: set[int]) -> None:
        """Drop the ops with these indices, issued or squashed."""
        for op in self.entries:
            self._held[op.bank] -= op.index in ops
        self.entries = [op for op in self.entries if op.index not in ops]

    def end_cycle(self) -> None:
        """Let this cycle's arrivals be seen in the next."""
        if self.arriving:
            self.entries += self.arriving
            self.arriving.clear()

    def __repr__(self) -> str:
        held = ", ".join(repr(op) for op in self.entries[:4])
        more = f" and {len(self.entries) - 4} more" if len(self.entries) > 4 else ""
        return f"issue queue: {len(self.entries)} of {self.depth_ops} ops: {held}{more}"
