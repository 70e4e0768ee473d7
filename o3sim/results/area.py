"""What a machine takes of a chip, and how fast it is for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.area.clock import Clock
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
    clock_mhz : float
        That its slowest unit allows on an ECP5, extrapolated from small sizes.
    slowest_unit : str
    images_per_s_at_clock : float
        Images a second at that clock, in as many cycles.
    """

    lut: int
    ff: int
    bram36: float
    images_per_s_per_klut: float | None
    clock_mhz: float
    slowest_unit: str
    images_per_s_at_clock: float


def area_figures(taken: Taken, clock: Clock, images_per_s: float, clock_mhz: float) -> AreaFigures:
    """Set speed beside area.

    Parameters
    ----------
    taken : Taken
    clock : Clock
        The estimate.
    images_per_s : float
        At the machine's own clock.
    clock_mhz : float
        That clock.

    >>> from o3sim.area.clock import Clock
    >>> from o3sim.area.pieces import Taken
    >>> figures = area_figures(Taken(20_000, 100, 1.5), Clock(50.0, "select"), 4000.0, 200.0)
    >>> figures.images_per_s_per_klut, figures.images_per_s_at_clock
    (200.0, 1000.0)
    """
    per_klut = images_per_s * LUTS_PER_KLUT / taken.lut if taken.lut else None
    at_clock = images_per_s * clock.mhz / clock_mhz
    return AreaFigures(taken.lut, taken.ff, taken.bram36, per_klut, clock.mhz, clock.unit, at_clock)
