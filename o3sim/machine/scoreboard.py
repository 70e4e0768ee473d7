"""The window scoreboard: which windows are settled, and who may see it when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.machine.op import Op


class Scoreboard:
    """Windows of one layer: undecided, 1, or 0 once all their neurons are.

    An op retired in cycle ``r`` is seen by sequencer, queue, scheduler and PEs in cycle
    ``r + squash_latency``: its window is settled if it was 1, and it is in flight no more.

    Parameters
    ----------
    n_windows : int
    prunes : bool
        Whether outcomes are shown to the rest of the machine at all.
    squash_latency_cycles : int
    window_ops : int
        Ops of each window.
    waits_for_all : bool
        Whether a window's bit is final with the last of its ops only, whatever they come out as.
    """

    def __init__(
        self,
        n_windows: int,
        prunes: bool,
        squash_latency_cycles: int,
        window_ops: int = 1,
        waits_for_all: bool = False,
    ) -> None:
        self.prunes = prunes
        self.squash_latency_cycles = squash_latency_cycles
        self.output: NDArray[np.uint8] = np.zeros(n_windows, dtype=np.uint8)
        self.settled = bytearray(n_windows)
        self.in_flight = [0] * n_windows
        self._ops_left = [window_ops] * n_windows
        self._waits_for_all = waits_for_all
        self._shown: dict[int, list[Op]] = {}

    def show(self, cycle: int) -> bool:
        """Let what retired ``squash_latency_cycles`` ago be seen; tell if a window was settled."""
        any_settled = False
        for op in self._shown.pop(cycle, ()):
            for window in op.windows:
                self.in_flight[window] -= 1
                if op.outcome:
                    self.settled[window] = 1
                    any_settled = True
        return any_settled

    def is_settled(self, op: Op) -> bool:
        """Return whether all of an op's windows are seen to be 1."""
        return self.prunes and all(self.settled[window] for window in op.windows)

    def admits(self, op: Op, limit: int) -> bool:
        """Return whether fewer than ``limit`` ops of each window of an op not seen as 1 are in flight.

        Ops squashed in PEs stay in the count: all their windows are seen as 1.
        """
        return all(self.in_flight[window] < limit or self.settled[window] for window in op.windows)

    def issue(self, op: Op) -> None:
        """Count an op that is selected as in flight."""
        if self.prunes:
            for window in op.windows:
                self.in_flight[window] += 1

    def retire(self, op: Op, cycle: int) -> list[int]:
        """Write an outcome; return the windows whose bit is final by it."""
        if self.prunes:
            self._shown.setdefault(cycle + self.squash_latency_cycles, []).append(op)
        return [window for window in op.windows if self._write(window, op.outcome)]

    def _write(self, window: int, outcome: int) -> bool:
        """Write an outcome of a window; tell if its bit is final by it.

        That is with its first 1, or the last of its ops with none; or in any case with the last.
        """
        self._ops_left[window] -= 1
        was_1 = bool(self.output[window])
        if outcome:
            self.output[window] = 1
        if self._waits_for_all:
            return not self._ops_left[window]
        return not was_1 and (outcome == 1 or not self._ops_left[window])

    def next_show(self) -> int | None:
        """Next cycle in which something will be seen."""
        return min(self._shown, default=None)

    def __repr__(self) -> str:
        return f"scoreboard: {sum(self.settled)} of {len(self.settled)} windows seen as 1"
