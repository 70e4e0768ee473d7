"""Which modules of a machine Yosys is to count, and how long it will take for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from o3sim.config.catalog import suggest
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.area.pieces import Piece
    from o3sim.area.synthesis import Cells

START_S = 3
"""To read what a Xilinx 7 is."""

S_PER_KLUT = 4
"""Of a unit of 1,000 LUTs; the time grows about as the square of them."""

LONGEST_S = 600
"""What takes longer is left out, unless its unit is asked for."""

Key = tuple[str, tuple[tuple[str, int], ...]]
"""A module at a size, which all pieces of that size share."""


@dataclass(frozen=True)
class Job:
    """A module at a size that is to be counted.

    Attributes
    ----------
    part_of : str
        The unit of the machine that it is counted under.
    unit : str
        The module.
    sizes : mapping of str to int
    seconds : float
        That Yosys is expected to take.
    """

    part_of: str
    unit: str
    sizes: Mapping[str, int]
    seconds: float

    def __str__(self) -> str:
        sizes = ", ".join(f"{name.lower()} {size:,}" for name, size in self.sizes.items())
        return f"{self.unit} ({sizes})"


Counted = dict[Key, "Cells"]
"""What was counted."""


def key_of(module: Piece | Job) -> Key:
    """Return a module with its sizes."""
    return module.unit, tuple(module.sizes.items())


def jobs_of(pieces: Iterable[Piece], units: Collection[str] = ()) -> Iterator[Job]:
    """Yield what is to be counted, each module at a size once.

    Parameters
    ----------
    pieces : iterable of Piece
    units : collection of str
        Units of the machine to count; all if there are none.

    Raises
    ------
    InputError
        If the machine has no such unit.
    """
    pieces = list(pieces)
    there = list(dict.fromkeys(piece.part_of for piece in pieces))
    for unit in units:
        if unit not in there:
            known = ", ".join(there)
            raise InputError(f"--unit {unit}: no such unit{suggest(unit, there)}; the machine has {known}")
    chosen = {
        key_of(piece): piece for piece in pieces if piece.unit and (not units or piece.part_of in units)
    }
    for piece in chosen.values():
        yield Job(piece.part_of, piece.unit, piece.sizes, expected_s(piece.taken.lut / piece.count))


def expected_s(lut: float) -> float:
    """Return how long Yosys takes for a unit of so many LUTs, within a factor of some.

    >>> expected_s(100) < 5 < expected_s(2000) < LONGEST_S < expected_s(60_000)
    True
    """
    return START_S + S_PER_KLUT * (lut / 1000) ** 2


def spelled_time(seconds: float) -> str:
    """Write a time as one tells it.

    >>> spelled_time(40), spelled_time(300), spelled_time(20_000)
    ('40 s', '5 min', '5.6 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
