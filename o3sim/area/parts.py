"""Chips by name, and whether a machine fits one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.config.catalog import suggest
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.area.pieces import Taken

_TABLE = Path(__file__).parent / "parts.yaml"


@dataclass(frozen=True)
class Part:
    """A chip: what there is on it.

    Attributes
    ----------
    name : str
        Of the board.
    chip : str
    lut : int
    ff : int
    bram36 : int
        Block RAMs of 36 kbit.
    """

    name: str
    chip: str
    lut: int
    ff: int
    bram36: int

    def lacks(self, taken: Taken) -> list[str]:
        """Say of what a machine takes more than there is."""
        pairs = {
            "LUT": (taken.lut, self.lut),
            "FF": (taken.ff, self.ff),
            "BRAM36": (taken.bram36, self.bram36),
        }
        return [
            f"{_grouped(asked)} {what} of {there:,}"
            for what, (asked, there) in pairs.items()
            if asked > there
        ]


@cache
def parts() -> dict[str, Part]:
    """Return all parts by name."""
    from o3sim.config.yaml_marks import read_yaml

    table = dict(read_yaml(_TABLE).data)
    return {
        name: Part(name, str(row["chip"]), int(row["lut"]), int(row["ff"]), int(row["bram36"]))
        for name, row in table.items()
    }


def part_of(name: str, option: str) -> Part:
    """Return a part.

    Raises
    ------
    InputError
        If there is none of that name, with those that there are.
    """
    if name not in parts():
        raise InputError(
            f"{option}: no part {name!r}{suggest(name, parts())}; there are {', '.join(parts())}"
        )
    return parts()[name]


def _grouped(count: float) -> str:
    """Write a count, of block RAMs also halves.

    >>> _grouped(2849234), _grouped(1000.5), _grouped(720.0)
    ('2,849,234', '1,000.5', '720')
    """
    return f"{count:,.1f}".removesuffix(".0")
