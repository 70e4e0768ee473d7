"""The output buffer: outcomes that are known and not written."""

from __future__ import annotations

from typing import Any

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows
from o3sim.compiled.records.ops import Slot


class Waiting:
    """An outcome that waits: the index of its op above 32 bits of its slot, so the least is the oldest."""

    key: int


class OutputBuffer:
    """Outcomes known from this cycle on; a heap of those that wait longer."""

    newly_known: Table[Slot]
    n_newly_known: int
    waiting: Table[Waiting]
    n_waiting: int


newly_known_at = rows("newly_known", Slot)
waiting_at = rows("waiting", Waiting)


def output_buffer_of(slots: int) -> dict[str, Any]:
    """Begin with no outcome."""
    return {"newly_known": records(Slot, slots), "waiting": records(Waiting, slots)}
