"""Which op settled a pooling window: the one place where a squash finds its cause."""

from __future__ import annotations

from o3sim.contract.program import LayerProgram


class SquashCauses:
    """Follow retirements and remember, for each window, the first op that made it 1.

    Parameters
    ----------
    program : LayerProgram
        The layer that is followed: says which windows an op is in.
    """

    def __init__(self, program: LayerProgram) -> None:
        self._windows = program.windows
        self._cause: dict[int, int] = {}

    def retired(self, op: int, outcome: int) -> None:
        """Take note of a retirement."""
        if outcome:
            for window in self._windows_of(op):
                self._cause.setdefault(window, op)

    def of(self, op: int) -> list[int]:
        """List the ops that settled the windows of an op, in program order.

        One that retired before it could be followed is missing: it lies outside the trace.
        """
        windows = self._windows_of(op)
        return sorted({self._cause[window] for window in windows if window in self._cause})

    def _windows_of(self, op: int) -> list[int]:
        return [window for window in self._windows[op].tolist() if window >= 0]
