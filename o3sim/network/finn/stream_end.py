"""Where a pipeline begins and ends: a stream of some bits a cycle, on a clock of its own.

Rule: an image takes its bits over the width of the stream, in cycles of the stream's clock. Widths are those
of the port (``IODMA`` of Xilinx/finn: 64 bits on the ports of a Zynq); what a memory behind it gives is less.
"""

from __future__ import annotations

from math import ceil


def stream_cycles(bits: int, bits_per_cycle: float, clock_mhz: float, pipeline_mhz: float) -> int:
    """Return cycles of the pipeline's clock that an image takes to come or go.

    >>> stream_cycles(784 * 8, 64, 100, 100)
    98
    >>> stream_cycles(784 * 8, 64, 200, 100)
    49
    """
    return ceil(bits / bits_per_cycle * pipeline_mhz / clock_mhz)
