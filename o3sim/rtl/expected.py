"""What the simulator does in the layers that RTL runs: their events, one layer's behind another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from o3sim.rtl.emit import window_line
from o3sim.trace.canonical import END, HEADER, canonical_line
from o3sim.trace.session import trace_layer
from o3sim.trace.window import event_window

if TYPE_CHECKING:
    from o3sim.contract.events import Event
    from o3sim.rtl.emit import Subject
    from o3sim.runs.case import Case
    from o3sim.runs.progress import Progress
    from o3sim.trace.writer import TracedLayer


def write_events(subject: Subject, case: Case, stream: BinaryIO, progress: Progress | None = None) -> None:
    """Trace the layers on the simulator; cycles count from the first cycle of the first.

    Parameters
    ----------
    subject : Subject
    case : Case
        Of its network, its image being the first.
    stream : binary file
        Open for writing.
    progress : callable, optional
        Told of every layer that begins.
    """
    row = _Row(stream)
    stream.write(f"{HEADER}\n{window_line(subject)}".encode())
    for number in subject.numbers:
        trace_layer(subject.architecture, case, event_window(number), row.begin, stream, progress=progress)
    stream.write(f"{END}{row.written} events\n".encode())


class _Row:
    """Write the events of layers: each begins in the cycle after the last one of the layer before."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._first, self._last = stream, 0, -1
        self.written = 0

    def begin(self, _stream: BinaryIO, _layer: TracedLayer) -> _Row:
        """Go on with another layer, whose own cycles count from 0."""
        self._first = self._last + 1
        return self

    def see(self, event: Event) -> None:
        """Write one line."""
        self._last = self._first + event.cycle
        self._stream.write(f"{canonical_line(event._replace(cycle=self._last))}\n".encode())
        self.written += 1

    def close(self) -> None:
        """Leave the stream to the next layer."""
