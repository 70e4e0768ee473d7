"""``canonical``: the text that traces are compared by, with its window and its end.

The lines are those of :mod:`o3sim.trace.canonical`; the second says what is traced, and the last
how many events there are, so that a file that was cut off is known as such.
"""

from __future__ import annotations

import json
from typing import BinaryIO

from o3sim.config.ranges import NO_END
from o3sim.contract.events import Event, EventWindow
from o3sim.trace.canonical import END, WINDOW, CanonicalTrace
from o3sim.trace.writer import TracedLayer, text_on


class CanonicalWriter:
    """Write a canonical trace file."""

    def __init__(self, stream: BinaryIO, layer: TracedLayer, operands: bool = True) -> None:
        self._text = text_on(stream)
        self._trace = CanonicalTrace(self._text, operands)
        self._text.write(f"{WINDOW}{describe(layer.name, layer.number, layer.window)}\n")

    def see(self, event: Event) -> None:
        """Write one line."""
        self._trace.see(event)

    def close(self) -> None:
        """Write the last line."""
        self._text.write(f"{END}{self._trace.written} events\n")
        self._text.flush()
        self._text.detach()


def describe(name: str, number: int, window: EventWindow) -> str:
    """Say what of a layer is traced, in a line of JSON; null stands for no end."""
    ops, cycles = [window.first_op, window.end_op], [window.first_cycle, window.end_cycle]
    bounds = {
        name: [first, None if end == NO_END else end]
        for name, (first, end) in {"ops": ops, "cycles": cycles}.items()
    }
    return json.dumps({"layer": name, "number": number, **bounds})


def make_writer(stream: BinaryIO, layer: TracedLayer) -> CanonicalWriter:
    """Write every event as a line."""
    return CanonicalWriter(stream, layer)
