"""The trace: which events are noted, and those that were."""

from __future__ import annotations

from typing import Any

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows
from o3sim.contract.events import EventWindow

SEQUENCER, QUEUE, OUTPUT, WINDOW = -1, -2, -3, -4
"""Units of events that are no PE."""

COUNTER = -5
"""The unit of what counter n does is ``COUNTER - n``."""

ISSUE_UNIT = 2**20
"""The unit of an issue is ``pe * ISSUE_UNIT + context``."""


class EventRow:
    """An event, its kind a number of :class:`~o3sim.contract.events.EventKind`; there may be millions."""

    is_packed = True
    cycle: int
    kind: int
    op: int
    unit: int
    value: int


class Trace:
    """Whether events are noted, of which ops and cycles, room for them, and how many there were."""

    is_on: int
    first_op: int
    end_op: int
    first_cycle: int
    end_cycle: int
    room: int
    n_events: int
    events: Table[EventRow]


event_at = rows("events", EventRow)


def trace_of(window: EventWindow, origin_cycle: int, room: int) -> dict[str, Any]:
    """Begin with no event of a window whose cycles count from ``origin_cycle``; no room: no trace."""
    return {
        "is_on": room > 0,
        "first_op": window.first_op,
        "end_op": window.end_op,
        "first_cycle": window.first_cycle + origin_cycle,
        "end_cycle": window.end_cycle + origin_cycle,
        "room": room,
        "events": records(EventRow, room),
    }
