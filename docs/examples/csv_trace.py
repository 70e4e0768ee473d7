"""A trace writer: retired neurons as CSV, with the cycle, the outcome and the words each took."""

from collections import Counter
from typing import BinaryIO

from o3sim.extend import Event, EventKind, TracedLayer


class CsvTrace:
    """Write a line for every op that retires; keep a count only of those under way."""

    def __init__(self, stream: BinaryIO, layer: TracedLayer) -> None:
        self._stream = stream
        self._channel = layer.program.channel
        self._words: Counter[int] = Counter()
        self._line("cycle", "op", "channel", "outcome", "words")

    def see(self, event: Event) -> None:
        """Take one event; they come cycle by cycle."""
        if event.kind is EventKind.WORD:
            self._words[event.op] += 1
        elif event.kind is EventKind.SQUASH:
            self._words.pop(event.op, None)
        elif event.kind is EventKind.RETIRE:
            words = self._words.pop(event.op, 0)
            self._line(event.cycle, event.op, self._channel[event.op], event.value, words)

    def close(self) -> None:
        """Write what is left: nothing here."""

    def _line(self, *cells: object) -> None:
        self._stream.write((",".join(map(str, cells)) + "\n").encode())
