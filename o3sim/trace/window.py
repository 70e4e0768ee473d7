"""Which part of a run is traced: a layer, and of it some ops or cycles."""

from __future__ import annotations

from o3sim.config.ranges import EVERYTHING, Range
from o3sim.contract.events import EventWindow


def event_window(layer: int, ops: Range = EVERYTHING, cycles: Range = EVERYTHING) -> EventWindow:
    """Return the window of a layer; cycles count from the layer's first."""
    return EventWindow(layer, ops.first, ops.end, cycles.first, cycles.end, of_layer=True)
