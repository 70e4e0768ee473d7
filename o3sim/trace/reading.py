"""Read canonical traces back, line by line, refusing what is not one."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from o3sim.contract.events import Event, EventKind
from o3sim.errors import InputError
from o3sim.files.inputs import NOT_TEXT, open_input
from o3sim.trace.canonical import END, HEADER, WINDOW, WITH_VALUE

GZIP_MAGIC = b"\x1f\x8b"
MOST_IN_LINE = 4096
MOST_IN_CYCLE = 1_000_000
"""Events: what differs in a cycle is kept to be shown."""

MOST_UNITS = 200_000
"""Names of units: more than the PEs and contexts of any machine that is traced."""

SPARE_BYTES = 2**20
MOST_GROWTH = 40
"""What has been read of a compressed trace may be that many times what it took of the file, and
:data:`SPARE_BYTES`: traces shrink to a fifth or sixth, a file made to take long to a hundredth and less."""

OF_PES = frozenset({EventKind.ISSUE, EventKind.WORD, EventKind.STALL, EventKind.DECIDE})
"""Events whose unit is a PE or a context of one, by its number."""

_EVENT = re.compile(r"(\d{1,18}) ([a-z_]+) (\d{1,18}) ([^ ]+)(?: (-?\d{1,18}))?", re.ASCII)
_PE = re.compile(r"pe\d{1,6}(\.\d{1,6})?", re.ASCII)
_KINDS = {kind.name.lower(): kind for kind in EventKind}


UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading a file, perhaps a compressed one, may raise."""


def unreadable(path: Path, error: BaseException) -> InputError:
    """Say why a file could not be read."""
    if isinstance(error, EOFError):
        return InputError(f"{path}: is cut off: the compressed data has no end")
    if isinstance(error, (zlib.error, gzip.BadGzipFile)):
        return InputError(f"{path}: is corrupt: {error}")
    reason = error.strerror if isinstance(error, OSError) else None
    return InputError(f"{path}: cannot be read: {reason or error}")


@contextmanager
def open_any(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to read, uncompressing it if it is compressed, whatever its name.

    Raises
    ------
    InputError
        If it cannot be opened. What reading it raises is for the reader to turn into one
        (:data:`UNREADABLE`), which knows which of several files it reads.
    """
    with open_input(path) as raw:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        yield cast("IO[bytes]", _Inflating(raw)) if packed else raw


class _Inflating(gzip.GzipFile):
    """A compressed file that ends in an error where it unfolds to more than a trace does."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._raw = raw
        self._allowed_bytes = SPARE_BYTES

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line."""
        line = super().readline(size)
        if self.tell() > self._allowed_bytes:
            self._allow_more()
        return line

    def _allow_more(self) -> None:
        """Go on as far as what has been taken of the file lets it."""
        self._allowed_bytes = SPARE_BYTES + MOST_GROWTH * self._raw.tell()
        if self.tell() > self._allowed_bytes:
            raise gzip.BadGzipFile(f"unfolds to more than {MOST_GROWTH} times its size, as no trace does")


def read_start(path: Path, most_bytes: int) -> bytes:
    """Read the start of a file, uncompressed if it is compressed.

    Raises
    ------
    InputError
        If it cannot be read, is cut off, or corrupt.
    """
    with open_any(path) as stream:
        try:
            return stream.read(most_bytes)
        except UNREADABLE as error:
            raise unreadable(path, error) from None


class CanonicalFile:
    """An open canonical trace.

    Parameters
    ----------
    path : Path
        For messages.
    stream : binary file
        At the start of the trace.

    Attributes
    ----------
    window : str
        What is traced, as the file says; empty if it does not.
    line : int
        Number of the line read last.

    Raises
    ------
    InputError
        If the first line is not that of a canonical trace.
    """

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path = path
        self._stream = stream
        self._last, self._in_cycle = -1, 0
        self._units: set[str] = set()
        self.line = 0
        first = self._next()
        if first != HEADER:
            shown = "nothing" if first is None else f"`{first[:60]}`"
            raise self._error(f"is no canonical trace: it begins with {shown}, not with `{HEADER}`")
        self._held = self._next()
        self.window = ""
        if self._held is not None and self._held.startswith(WINDOW):
            self.window = self._held.removeprefix(WINDOW)
            self._held = self._next()

    def events(self) -> Iterator[Event]:
        """Yield the events, in order.

        Raises
        ------
        InputError
            If a line is no event, events are out of order, or the file ends too early.
        """
        count = 0
        while self._held is not None and not self._held.startswith(END):
            event = self._parse(self._held)
            if event.cycle < self._last:
                raise self._error(f"cycle {event.cycle} after cycle {self._last}")
            self._see(event)
            count += 1
            yield event
            self._held = self._next()
        self._check_end(count)

    def _check_end(self, count: int) -> None:
        """Refuse a file that says its window but not its end, or a wrong one."""
        if self._held is None:
            if self.window:
                raise self._error(f"is cut off after {count} events: its last line is missing")
            return
        if self._held != f"{END}{count} events":
            raise self._error(f"says `{self._held}`, but {count} events came before")
        if self._next() is not None:
            raise self._error("goes on after its end")

    def _next(self) -> str | None:
        """Read a line; None at the end."""
        try:
            raw = self._stream.readline(MOST_IN_LINE)
        except UNREADABLE as error:
            raise unreadable(self._path, error) from None
        if not raw:
            return None
        self.line += 1
        if not raw.endswith(b"\n"):
            raise self._error("is cut off within this line, or is no text")
        try:
            text = raw[:-1].decode("utf-8")
        except UnicodeDecodeError:
            raise self._error("is no text") from None
        if NOT_TEXT.search(text):
            raise self._error("holds characters that are no text")
        return text

    def _see(self, event: Event) -> None:
        """Count what a reader may keep: the events of a cycle, and units."""
        self._in_cycle = self._in_cycle + 1 if event.cycle == self._last else 1
        self._last = event.cycle
        self._units.add(event.unit)
        if self._in_cycle > MOST_IN_CYCLE or len(self._units) > MOST_UNITS:
            raise self._error(f"is beyond {MOST_IN_CYCLE:,} events in a cycle, or {MOST_UNITS:,} units")

    def _parse(self, line: str) -> Event:
        """Read an event."""
        found = _EVENT.fullmatch(line)
        kind = _KINDS.get(found[2]) if found else None
        if found is None or kind is None or (found[5] is None) == (kind in WITH_VALUE):
            raise self._error(f"is no event: `{line[:80]}`")
        if kind in OF_PES and not _PE.fullmatch(found[4]):
            raise self._error(f"is no event of a PE: `{line[:80]}`")
        return Event(int(found[1]), kind, int(found[3]), found[4], int(found[5] or 0))

    def _error(self, what: str) -> InputError:
        return InputError(f"{self._path}:{max(self.line, 1)}: {what}")
