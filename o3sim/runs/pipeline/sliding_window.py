"""The sliding-window unit before a stage: puts rows into windows, a few channels of a pixel a cycle.

Rule: ``ConvolutionInputGenerator_rtl.get_exp_cycles`` of Xilinx/finn, as in
:mod:`o3sim.network.finn.sliding_window`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.gates import NOT_YET

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

Cycles = NDArray[np.int64]


class SlidingWindow:
    """Puts out window after window, each as soon as its rows are there and the one before is out.

    Parameters
    ----------
    geometry : Geometry
    channels_per_cycle : int
    """

    def __init__(self, geometry: Geometry, channels_per_cycle: int) -> None:
        folds = -(-geometry.in_channels // channels_per_cycle)
        self._window_cycles = geometry.kernel_height * geometry.kernel_width * folds
        self._row_cycles = geometry.stride * (geometry.in_width + 2 * geometry.padding_pixels) * folds
        self._shape = geometry.out_height, geometry.out_width
        self._free_cycle = self._next_free_cycle = 0

    def ready(self, rows: Cycles) -> Cycles:
        """Return the first cycle in which each window is there.

        Parameters
        ----------
        rows : int64 array, shape (out_height,)
            First cycle in which all rows that the windows of a row read are there; ``NOT_YET`` if not known.

        Returns
        -------
        int64 array, shape (out_height * out_width,)
        """
        windows = np.full(self._shape, NOT_YET)
        passed = self._window_cycles * np.arange(1, self._shape[1] + 1)
        free = self._free_cycle
        for row, cycle in enumerate(rows.tolist()):
            if cycle == NOT_YET:
                break
            begin = max(free, cycle)
            windows[row] = begin + passed
            free = max(int(windows[row, -1]), begin + self._row_cycles)
        self._next_free_cycle = free
        return windows.ravel()

    def end_image(self) -> None:
        """Go on with the next image."""
        self._free_cycle = self._next_free_cycle
