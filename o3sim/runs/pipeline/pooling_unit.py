"""The pooling unit behind a stage: hands rows on after a few channels of each of their windows a cycle.

Rule: ``Pool.get_exp_cycles`` of Xilinx/finn (:mod:`o3sim.network.finn.pooling`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.gates import NOT_YET

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

Cycles = NDArray[np.int64]


class PoolingUnit:
    """Takes the rows of a layer with a pool in their order, each when it is whole.

    Parameters
    ----------
    geometry : Geometry
    channels_per_cycle : int
    """

    def __init__(self, geometry: Geometry, channels_per_cycle: int) -> None:
        size = 0 if geometry.pool is None else geometry.pool.size
        folds = -(-geometry.out_channels // channels_per_cycle)
        self._row_cycles = geometry.pooled_width * size**2 * folds
        self._free_cycle = self._next_free_cycle = 0

    def hand_on(self, rows: Cycles) -> Cycles:
        """Return when rows can be read by the next stage, from when they could be without this unit.

        ``NOT_YET`` stands for what is not known.
        """
        handed_on = np.full(len(rows), NOT_YET)
        free = self._free_cycle
        for row, cycle in enumerate(rows.tolist()):
            if cycle == NOT_YET:
                break
            free = max(free, cycle) + self._row_cycles
            handed_on[row] = free
        self._next_free_cycle = free
        return handed_on

    def end_image(self) -> None:
        """Go on with the next image."""
        self._free_cycle = self._next_free_cycle
