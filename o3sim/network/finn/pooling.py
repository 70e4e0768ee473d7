"""Pooling units: one behind a sliding-window unit of its own, and one that pools a stream as it passes.

Rules: ``Pool.get_exp_cycles`` of Xilinx/finn, ``k * k * C / PE`` cycles an output, in step with the windows
that it is fed; and ``StreamingMaxPool``, which takes in all channels of a pixel a cycle and puts out a row
of outputs after it has taken in those of its windows: its ``get_exp_cycles`` is ``W * W * (1 + 1 / k**2)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


def pool_cycles(geometry: Geometry, pe: int) -> int:
    """Return cycles an image of a pooling unit, and of the sliding-window unit before it with SIMD for PE.

    >>> from o3sim.network.layer import Geometry, Pool
    >>> pool_cycles(Geometry("conv", 30, 30, 64, 64, 3, 3, pool=Pool(2, 2)), 16)
    3136
    """
    assert geometry.pool is not None  # noqa: S101 - a caller's mistake, not a user's
    folds = -(-geometry.out_channels // pe)
    return geometry.pooled_height * geometry.pooled_width * geometry.pool.size**2 * folds


def streaming_pool_cycles(geometry: Geometry) -> int:
    """Return cycles an image of a unit that pools a stream.

    >>> from o3sim.network.layer import Geometry, Pool
    >>> streaming_pool_cycles(Geometry("conv", 30, 30, 64, 64, 3, 3, pool=Pool(2, 2)))
    980
    """
    return geometry.out_height * geometry.out_width + geometry.pooled_height * geometry.pooled_width
