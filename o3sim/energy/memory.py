"""How the energy of a memory access depends on the size of the bank."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from o3sim.energy.table import MemoryPrice

BITS_PER_ACCESS = 64
BITS_PER_KBYTE = 8192


def access_pj_per_bit(points: Sequence[MemoryPrice], bank_bits: float) -> float:
    """Price one bit of an access to a bank, by straight lines in log-log between the points.

    A bank smaller or larger than all points lies on the line through the nearest two; a table with
    one point has the same price for every size. Horowitz's points make it nearly a square-root
    law, the usual one for an array whose word and bit lines both grow with the side.

    Parameters
    ----------
    points : sequence of MemoryPrice
        At least one, sizes increasing.
    bank_bits : float
        Size of the bank that is read, in bits; more than 0.

    Returns
    -------
    float
        pJ per bit. An access narrower than 64 bits costs its share of one.
    """
    size_kbyte = bank_bits / BITS_PER_KBYTE
    if len(points) == 1:
        return points[0].pj / BITS_PER_ACCESS
    upper = next(
        (i for i, point in enumerate(points[1:], 1) if size_kbyte <= point.size_kbyte), len(points) - 1
    )
    low, high = points[upper - 1], points[upper]
    exponent = log(high.pj / low.pj) / log(high.size_kbyte / low.size_kbyte)
    return low.pj * float((size_kbyte / low.size_kbyte) ** exponent) / BITS_PER_ACCESS
