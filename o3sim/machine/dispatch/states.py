"""The states of windows, which lie in the contexts that hold them."""

from __future__ import annotations

from o3sim.machine.op import Op
from o3sim.machine.scoreboard import Scoreboard


class WindowStates(Scoreboard):
    """Outcomes of windows that nobody else sees; a bit is final when it is written, which it is once.

    Parameters
    ----------
    n_windows : int
    """

    def __init__(self, n_windows: int) -> None:
        super().__init__(n_windows, prunes=False, squash_latency_cycles=0)

    def retire(self, op: Op, cycle: int) -> list[int]:
        """Take an outcome into its window; return that."""
        super().retire(op, cycle)
        return list(op.windows)
