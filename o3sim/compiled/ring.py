"""A ring of ops that are due in the order in which they were put in."""

from __future__ import annotations

from typing import Any

from o3sim.compiled.allocation import records
from o3sim.compiled.kernel import NEVER, inlined
from o3sim.compiled.record import Table, rows


class Due:
    """An op, by the slot of its record, and the cycle in which it is due."""

    cycle: int
    slot: int


class Ring:
    """Ops that are due; ``head`` and ``tail`` only grow, and count modulo a power of two."""

    entries: Table[Due]
    mask: int
    head: int
    tail: int


entry_at = rows("entries", Due)


def ring_of(slots: int) -> dict[str, Any]:
    """Begin with an empty ring, that has room for all ops there can be."""
    size = 1 << slots.bit_length()
    return {"entries": records(Due, size), "mask": size - 1}


@inlined
def put_due(ring: Ring, cycle: int, slot: int) -> None:
    """Put in an op that is due in a cycle, not before those that are in."""
    entry = entry_at(ring, ring.tail & ring.mask)
    entry.cycle = cycle
    entry.slot = slot
    ring.tail += 1


@inlined
def take_due(ring: Ring, cycle: int) -> int:
    """Take out an op that is due in a cycle; -1 if there is none."""
    if ring.head == ring.tail:
        return -1
    entry = entry_at(ring, ring.head & ring.mask)
    if entry.cycle != cycle:
        return -1
    ring.head += 1
    return entry.slot


@inlined
def next_due(ring: Ring) -> int:
    """Return the cycle in which the next op is due; NEVER if there is none."""
    return NEVER if ring.head == ring.tail else entry_at(ring, ring.head & ring.mask).cycle
