"""Rows of a layer's output: how many windows each has, and how many ops are to end for it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.program_order import window_members

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


def windows_of_row(geometry: Geometry) -> int:
    """Count the windows of a row of the output, after pooling."""
    return geometry.pooled_width * geometry.out_channels


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def ops_of_rows(geometry: Geometry) -> NDArray[np.int64]:
    """Count the ops of each row of the output, after pooling, once for each window that they are in.

    Returns
    -------
    int64 array, shape (pooled_height,)
    """
    windows = window_members(geometry).windows_of
    rows = windows[windows >= 0] // geometry.pooled_width
    return np.bincount(rows, minlength=geometry.pooled_height).astype(np.int64) * geometry.out_channels
