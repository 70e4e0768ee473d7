"""The issue queue: ops that wait for a PE, oldest first."""

from __future__ import annotations

from o3sim.machine.op import Op


class IssueQueue:
    """``depth`` ops in age order; an op dispatched in a cycle can be issued from the next on."""

    def __init__(self, depth_ops: int) -> None:
        self.depth_ops = depth_ops
        self.entries: list[Op] = []
        self.arriving: list[Op] = []

    @property
    def room(self) -> int:
        """Free places, as of the end of the last cycle less what arrived in this one."""
        return self.depth_ops - len(self.entries) - len(self.arriving)

    @property
    def unselected(self) -> list[Op]:
        """Ops that no context is chosen for yet, oldest first."""
        return [op for op in self.entries if op.context < 0]

    def dispatch(self, op: Op) -> None:
        """Take an op; it can be seen from the next cycle on."""
        self.arriving.append(op)

    def remove(self, ops: set[int]) -> None:
        """Drop the ops with these indices, issued or squashed."""
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
