"""What a machine takes of a chip, and how fast it is for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.area.pieces import Taken

LUTS_PER_KLUT = 1000


@dataclass(frozen=True)
class AreaFigures:
    """The chip that a machine takes, by the estimate of ``docs/area.md``.

    Attributes
    ----------
    lut, ff : int
        Look-up tables and flip-flops of a Xilinx 7.
    bram36 : float
        Block RAMs of 36 kbit.
    images_per_s_per_klut : float or None
        Images a second for each 1,000 look-up tables; None if it takes none.
    """

    lut: int
    ff: int
    bram36: float
    images_per_s_per_klut: float | None


def area_figures(taken: Taken, images_per_s: float) -> AreaFigures:
    """Set speed beside area.

    >>> from o3sim.area.pieces import Taken
    >>> area_figures(Taken(20_000, 100, 1.5), 4000.0).images_per_s_per_klut
    200.0
    """
    per_klut = images_per_s * LUTS_PER_KLUT / taken.lut if taken.lut else None
    return AreaFigures(taken.lut, taken.ff, taken.bram36, per_klut)
