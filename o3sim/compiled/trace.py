"""The trace: events of the window that is asked for."""

from __future__ import annotations

from typing import Protocol

from o3sim.compiled.kernel import noinline
from o3sim.compiled.records.trace import Trace, event_at


class Traced(Protocol):
    """The memory of a layer, as far as its trace goes."""

    trace: Trace


@noinline
def note_event(x: Traced, cycle: int, kind: int, op: int, unit: int, value: int) -> None:
    """Note an event of the window; beyond the room there is they are only counted."""
    trace = x.trace
    if not (trace.first_op <= op < trace.end_op and trace.first_cycle <= cycle < trace.end_cycle):
        return
    if trace.n_events < trace.room:
        event = event_at(trace, trace.n_events)
        event.cycle = cycle
        event.kind = kind
        event.op = op
        event.unit = unit
        event.value = value
    trace.n_events += 1
