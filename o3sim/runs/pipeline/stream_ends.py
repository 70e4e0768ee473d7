"""The ends of a pipeline: images come, and scores go, as streams on clocks of their own.

Rule: bits over width, as of FINN's ``IODMA`` (:mod:`o3sim.network.finn.stream_end`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.network.finn.stream_end import stream_cycles

if TYPE_CHECKING:
    from o3sim.config.streaming import StreamEnd
    from o3sim.network.layer import Geometry


class InputEnd:
    """Brings images row by row, one image ahead of the one that the first stage works on.

    Parameters
    ----------
    end : StreamEnd
    clock_mhz : float
        Of the pipeline.
    geometry : Geometry
        Of the first layer.
    """

    def __init__(self, end: StreamEnd, clock_mhz: float, geometry: Geometry) -> None:
        row_bits = geometry.in_width * geometry.in_channels * end.value_bits
        self._row_cycles: NDArray[np.int64] = np.array(
            [
                stream_cycles(row * row_bits, end.bits_per_cycle, end.clock_mhz, clock_mhz)
                for row in range(1, geometry.in_height + 1)
            ]
        )
        self._free_cycle = 0

    def bring(self, not_before: int) -> tuple[int, NDArray[np.int64]]:
        """Bring the next image; return the cycle in which it begins to come and when its rows are there."""
        begin = max(self._free_cycle, not_before)
        there = begin + self._row_cycles
        self._free_cycle = int(there[-1])
        return begin, there


class OutputEnd:
    """Sends the scores of images, one image after another.

    Parameters
    ----------
    end : StreamEnd
    clock_mhz : float
        Of the pipeline.
    geometry : Geometry
        Of the last layer.
    """

    def __init__(self, end: StreamEnd, clock_mhz: float, geometry: Geometry) -> None:
        bits = geometry.out_channels * end.value_bits
        self._cycles = stream_cycles(bits, end.bits_per_cycle, end.clock_mhz, clock_mhz)
        self._free_cycle = 0

    def send(self, written_cycle: int) -> int:
        """Send what was written in a cycle at the latest; return the last cycle in which it is sent."""
        self._free_cycle = max(self._free_cycle, written_cycle + 1) + self._cycles
        return self._free_cycle - 1
