"""Rows of a layer's output: when each was written last, is final, and is worked on no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.gates import NOT_YET
from o3sim.contract.output_rows import ops_of_rows, windows_of_row
from o3sim.machine.op import Op

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


class OutputRows:
    """Count, for each row after pooling, the windows that are not final and the ops that have not ended.

    Attributes
    ----------
    written_cycle : list of int
        Cycle of the last write to each row so far.
    final_cycle, ended_cycle : int64 arrays, shape (pooled_height,)
        Cycles in which the last window was final and the last op retired or squashed; ``NOT_YET`` before.
    has_news : bool
        Whether one of those was set since whoever asks set this to False.
    """

    def __init__(self, geometry: Geometry) -> None:
        rows = geometry.pooled_height
        self._row_windows = windows_of_row(geometry)
        self._windows_left = [self._row_windows] * rows
        self._ops_left = ops_of_rows(geometry).tolist()
        self.written_cycle = [0] * rows
        self.final_cycle: NDArray[np.int64] = np.full(rows, NOT_YET)
        self.ended_cycle: NDArray[np.int64] = np.full(rows, NOT_YET)
        self.has_news = False

    def written(self, op: Op, final: list[int], cycle: int) -> None:
        """Note that an outcome was written, and which windows are final by it."""
        for window in op.windows:
            self.written_cycle[window // self._row_windows] = cycle
        for window in final:
            row = window // self._row_windows
            self._windows_left[row] -= 1
            if not self._windows_left[row]:
                self.final_cycle[row] = cycle
                self.has_news = True

    def ended(self, op: Op, cycle: int) -> None:
        """Note that an op was retired or squashed."""
        for window in op.windows:
            row = window // self._row_windows
            self._ops_left[row] -= 1
            if not self._ops_left[row]:
                self.ended_cycle[row] = cycle
                self.has_news = True
