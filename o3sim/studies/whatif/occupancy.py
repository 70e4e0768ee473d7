"""How many ops wait for their turn and how many are in flight: histograms over the cycles of a layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from o3sim.contract.events import Event, EventKind


@dataclass(frozen=True)
class Occupancy:
    """Cycles by the number of ops held at their end.

    Attributes
    ----------
    cycles : int
        Cycles seen: the sum of each histogram.
    queued : mapping of int to int
        Ops in the issue queue, or without one handed out and not begun -> cycles.
    in_flight : mapping of int to int
        Ops issued, and neither retired nor squashed -> cycles.
    """

    cycles: int
    queued: Mapping[int, int]
    in_flight: Mapping[int, int]


class OccupancyObserver:
    """Count ops in the queue and in flight from the first cycle of a layer on.

    Keeps two numbers and two histograms, however long the layer is. It has to be shown the layer
    from its beginning, for what a unit holds is what went in less what went out.

    Parameters
    ----------
    end_cycle : int
        Cycles of the layer from 0 to below this one are counted.
    """

    def __init__(self, end_cycle: int) -> None:
        self._counted_to = 0
        self._end_cycle = end_cycle
        self._queued = 0
        self._in_flight = 0
        self._queued_cycles: Counter[int] = Counter()
        self._in_flight_cycles: Counter[int] = Counter()

    def see(self, event: Event) -> None:
        """Take one event."""
        if event.cycle > self._counted_to:
            self._count_to(event.cycle)
        if event.kind is EventKind.DISPATCH:
            self._queued += 1
        elif event.kind is EventKind.ISSUE:
            self._queued -= 1
            self._in_flight += 1
        elif event.kind is EventKind.RETIRE:
            self._in_flight -= 1
        elif event.kind is EventKind.SQUASH:
            self._queued -= event.unit in ("queue", "window")
            self._in_flight -= event.unit.startswith("pe")

    def result(self, layer_cycles: int) -> Occupancy:
        """Finalize the statistics of a layer of so many cycles: what was held last is held to the end."""
        self._end_cycle = min(self._end_cycle, layer_cycles)
        self._count_to(self._end_cycle)
        return Occupancy(
            self._end_cycle,
            dict(sorted(self._queued_cycles.items())),
            dict(sorted(self._in_flight_cycles.items())),
        )

    def _count_to(self, cycle: int) -> None:
        """Count the cycles up to this one, not included, with what is held since the last event."""
        end = min(cycle, self._end_cycle)
        if end > self._counted_to:
            self._queued_cycles[self._queued] += end - self._counted_to
            self._in_flight_cycles[self._in_flight] += end - self._counted_to
            self._counted_to = end
