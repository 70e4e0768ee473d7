"""The one event stream of a machine: what happened in which cycle to which op and where.

Observers see events; they never touch the machine, and a machine without observers makes none.
Within a cycle events are ordered by kind, then op, then unit, so that the stream does not depend
on the order in which units were visited.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

from o3sim.config.ranges import NO_END


class EventKind(IntEnum):
    """What happened; the value orders the events of one cycle as ``docs/machine.md`` does."""

    LAYER_START = 0
    WEIGHTS = 1
    DECIDE = 2
    SQUASH = 3
    DISPATCH = 4
    ISSUE = 5
    WORD = 6
    STALL = 7
    RETIRE = 8
    LAYER_END = 9
    ROWS = 10


class Event(NamedTuple):
    """One event.

    Attributes
    ----------
    cycle : int
        Cycle of the image.
    kind : EventKind
    op : int
        Place of the op in the layer's program order; the layer's number for layer events, the
        weight group's for ``WEIGHTS``, the rows that came so far for ``ROWS``.
    unit : str
        Where: ``sequencer``, ``queue``, ``pe3``, ``pe3.1`` (context 1), ``output``, ``counter2``,
        ``window`` (a member that was dropped before it began) ...
    value : int
        The outcome of a decision or retirement, the word of a ``WORD``, the rows in a FIFO of ``ROWS``,
        0 otherwise.
    """

    cycle: int
    kind: EventKind
    op: int
    unit: str
    value: int = 0


FIFO_UNITS = {"input_fifo": "fifo", "skip_fifo": "skip"}
"""What ``ROWS`` events call the FIFOs before a stage, by their keys in its architecture."""

OP_KINDS = frozenset(
    {
        EventKind.DECIDE,
        EventKind.SQUASH,
        EventKind.DISPATCH,
        EventKind.ISSUE,
        EventKind.WORD,
        EventKind.STALL,
        EventKind.RETIRE,
    }
)
"""Kinds whose ``op`` is an op."""


@dataclass(frozen=True)
class EventWindow:
    """Which events are made at all; by default every one.

    Attributes
    ----------
    layer : int or None
        Only events of this layer, counted from 0.
    first_op, end_op : int
        Only events of ops ``first_op <= op < end_op``; does not touch events that are not an op's.
    first_cycle, end_cycle : int
        Only events of cycles ``first_cycle <= cycle < end_cycle`` of the image.
    of_layer : bool
        Whether all cycles, those of the window and those that shown events carry, count from the
        first cycle of the event's layer in place of that of the image.
    ends : bool
        Whether the end of a layer is shown in whatever cycle it comes.
    """

    layer: int | None = None
    first_op: int = 0
    end_op: int = NO_END
    first_cycle: int = 0
    end_cycle: int = NO_END
    of_layer: bool = False
    ends: bool = False

    def shows_layer(self, layer: int) -> bool:
        """Return whether any event of a layer may be shown."""
        return self.layer is None or self.layer == layer

    def shows(self, event: Event) -> bool:
        """Return whether an event of a layer that is shown is shown."""
        in_time = self.first_cycle <= event.cycle < self.end_cycle
        if self.ends and event.kind is EventKind.LAYER_END:
            return True
        return in_time and (event.kind not in OP_KINDS or self.first_op <= event.op < self.end_op)

    def origin(self, layer_start: int) -> int:
        """Return the cycle of the image that is cycle 0 of the window, in a layer that starts then."""
        return layer_start if self.of_layer else 0


EVERY_EVENT = EventWindow()


def counted_from(event: Event, origin: int) -> Event:
    """Return an event with its cycles counted from a cycle of the image."""
    value = event.value - origin if event.kind is EventKind.WEIGHTS else event.value
    return event._replace(cycle=event.cycle - origin, value=value)


class Observer(Protocol):
    """Something that is shown every event, cycle by cycle, in canonical order."""

    def see(self, event: Event) -> None:
        """Take one event."""


class EventStream:
    """Collect the events of a cycle and hand them to the observers in canonical order."""

    def __init__(self, observers: tuple[Observer, ...], window: EventWindow) -> None:
        self.observers = observers
        self.window = window
        self._pending: list[Event] = []
        self._origin = 0

    def begin_layer(self, cycle: int) -> None:
        """Take note of a layer's first cycle."""
        self._origin = self.window.origin(cycle)

    def emit(self, event: Event, layer: int) -> None:
        """Take an event of the current cycle and layer."""
        if not self.window.shows_layer(layer):
            return
        counted = counted_from(event, self._origin) if self._origin else event
        if self.window.shows(counted):
            self._pending.append(counted)

    def flush(self) -> None:
        """End the cycle: show its events to every observer."""
        for event in sorted(self._pending):
            for observer in self.observers:
                observer.see(event)
        self._pending.clear()
