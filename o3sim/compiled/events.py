"""Turn the compiled engine's event rows into the events that the SimPy machine shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.records.trace import COUNTER, ISSUE_UNIT, OUTPUT, QUEUE, SEQUENCER, WINDOW
from o3sim.contract.events import Event, EventKind

_UNITS = {SEQUENCER: "sequencer", QUEUE: "queue", OUTPUT: "output", WINDOW: "window"}

CHUNK_ROWS = 65_536
"""Rows turned into Python numbers at a time: bounds memory, and is as fast as any larger number."""


def decode(rows: NDArray[Any]) -> Iterator[Event]:
    """Yield the events of records :class:`~o3sim.compiled.records.trace.EventRow`, as they come."""
    for start in range(0, len(rows), CHUNK_ROWS):
        for cycle, number, op, unit, value in rows[start : start + CHUNK_ROWS].tolist():
            kind = EventKind(number)
            if kind is EventKind.ISSUE:
                name = f"pe{unit // ISSUE_UNIT}.{unit % ISSUE_UNIT}"
            elif unit <= COUNTER:
                name = f"counter{COUNTER - unit}"
            else:
                name = _UNITS.get(unit, f"pe{unit}")
            yield Event(cycle, kind, op, name, value)


def in_order(rows: NDArray[Any]) -> NDArray[Any]:
    """Sort rows as :class:`~o3sim.contract.events.EventStream` shows events: cycle, kind, op."""
    return rows[np.lexsort((rows["op"], rows["kind"], rows["cycle"]))]
