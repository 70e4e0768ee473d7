"""Skipping ahead: the PEs to look at in this cycle, and those planned for later ones."""

from __future__ import annotations

from typing import Any

from o3sim.compiled.allocation import records
from o3sim.compiled.bit_set import BitSet, bit_set_of
from o3sim.compiled.record import Table, rows

CALENDAR_CYCLES = 4096
"""Cycles ahead that PEs can be planned for; a power of two."""


class Day:
    """The first of the PEs planned for a cycle; -1 if there is none."""

    first_pe: int


class Touched:
    """A PE whose ops changed in this cycle."""

    pe: int


class SkipAhead:
    """PEs touched in this cycle; a calendar of those planned for others, and its days that have any."""

    touched: Table[Touched]
    n_touched: int
    calendar: Table[Day]
    planned: BitSet


touched_at = rows("touched", Touched)
day_at = rows("calendar", Day)


def skip_ahead_of(pes: int) -> dict[str, Any]:
    """Begin with nothing planned."""
    return {
        "touched": records(Touched, pes),
        "calendar": records(Day, CALENDAR_CYCLES, first_pe=-1),
        "planned": bit_set_of(CALENDAR_CYCLES // 64),
    }
