"""Who looks at the events of a pipeline sees those of a layer in a stream, and rows that wait before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from o3sim.contract.events import EVERY_EVENT, FIFO_UNITS, Event, EventKind, EventWindow, Observer

if TYPE_CHECKING:
    from o3sim.runs.pipeline.coupled import Working
    from o3sim.runs.pipeline.fifo import RowFifo


def of_stage(
    observers: tuple[Observer, ...], window: EventWindow, number: int, start: int
) -> tuple[tuple[Observer, ...], EventWindow]:
    """Turn a window of the network, and who looks through it, into those of a stage by itself."""
    if not observers:
        return (), EVERY_EVENT
    origin = 0 if window.of_layer else start
    alone = replace(
        window,
        layer=None,
        first_cycle=max(0, window.first_cycle - origin),
        end_cycle=max(0, window.end_cycle - origin),
    )
    return tuple(_StageObserver(observer, number, origin) for observer in observers), alone


def with_rows(observers: tuple[Observer, ...], working: Working, window: EventWindow) -> tuple[Observer, ...]:
    """Let observers see too how many rows wait before a stage, where their number is limited."""
    bounded = [link for link in working.inputs if link.fifo.is_bounded]
    rows = [row for link in bounded for row in _rows_of(link.fifo, link.connection.fifo)]
    if not rows:
        return observers
    origin = working.start if window.of_layer else 0
    counted = [row._replace(cycle=row.cycle - origin) for row in rows if row.cycle >= working.start]
    shown = sorted((row for row in counted if window.shows(row)), key=lambda row: row.cycle)
    return tuple(_RowsObserver(observer, shown) for observer in observers)


def _rows_of(fifo: RowFifo, unit: str) -> list[Event]:
    """Return how many rows are in a FIFO from each cycle on in which that changes, and how many came."""
    came, went = fifo.there, fifo.released + 1
    cycles = np.unique(np.concatenate([came, went]))
    counts = [(int(cycle), int((came <= cycle).sum()), int((went <= cycle).sum())) for cycle in cycles]
    return [
        Event(cycle, EventKind.ROWS, there, FIFO_UNITS[unit], there - gone) for cycle, there, gone in counts
    ]


class _RowsObserver:
    """Shows events of rows among the others, each behind those of its cycle."""

    def __init__(self, observer: Observer, rows: list[Event]) -> None:
        self._observer, self._rows = observer, rows[::-1]

    def see(self, event: Event) -> None:
        """Pass an event on, after the rows of cycles before."""
        while self._rows and self._rows[-1].cycle < event.cycle:
            self._observer.see(self._rows.pop())
        self._observer.see(event)


class _StageObserver:
    """Shows the events of a stage, which to its engine is all there is, as those of a layer in a stream."""

    def __init__(self, observer: Observer, number: int, origin: int) -> None:
        self._observer, self._number, self._origin = observer, number, origin

    def see(self, event: Event) -> None:
        """Pass an event on; weights, which are on the chip already, are not seen to arrive."""
        if event.kind is EventKind.WEIGHTS:
            return
        of_layer = event.kind in (EventKind.LAYER_START, EventKind.LAYER_END)
        op = self._number if of_layer else event.op
        self._observer.see(event._replace(cycle=event.cycle + self._origin, op=op))
