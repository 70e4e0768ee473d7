"""Standard output and standard error, which may be closed, full, or unable to show a letter."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from o3sim.errors import InputError
from o3sim.files.inputs import printable

OUTPUT = "standard output"
LINE_START, LINE_END = 1_000, 500
"""Characters of a line on standard error that are shown where it is longer: words of files have no end."""


class _Stream(TextIOWrapper):
    """Text over the bytes of another stream; as escapes what its encoding lacks, halves of characters too."""

    def __init__(self, stream: TextIOWrapper) -> None:
        super().__init__(
            stream.buffer,
            stream.encoding,
            "backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )

    def write(self, text: str, /) -> int:
        """Write text."""
        try:
            return super().write(text)
        except OSError as error:
            return self.failed(error)

    def flush(self) -> None:
        """Write what is held back."""
        try:
            super().flush()
        except OSError as error:
            self.failed(error)

    def failed(self, _error: OSError, /) -> int:
        """Put up with it: nobody can be told that standard error is full."""
        return 0


class _Output(_Stream):
    """Standard output: says in an error that it is meant."""

    def failed(self, error: OSError, /) -> int:
        """Name the stream; a reader that has seen enough is nothing to report."""
        if isinstance(error, BrokenPipeError):
            raise error
        raise OSError(error.errno, error.strerror, OUTPUT) from None


def prepare_streams() -> None:
    """Refuse a closed standard output; put up with a standard error that is closed or full.

    Raises
    ------
    InputError
        Before anything is done whose outcome could not be told.
    """
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - takes the place of the closed one until the process ends
    if sys.stdout is None:
        raise InputError(f"{OUTPUT} is closed: nothing can be told; give >/dev/null if that is meant")
    if isinstance(sys.__stderr__, TextIOWrapper) and sys.stderr is sys.__stderr__:
        sys.stderr = _Stream(sys.__stderr__)
    if isinstance(sys.__stdout__, TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _Output(sys.__stdout__)


def tell(text: str) -> None:
    """Write lines to standard error, without what a terminal would obey, and none without end."""
    print("\n".join(map(_bounded, printable(text).split("\n"))), file=sys.stderr, flush=True)


def _bounded(line: str) -> str:
    left_out = len(line) - LINE_START - LINE_END
    if left_out <= 0:
        return line
    return f"{line[:LINE_START]} ({left_out:,} characters left out) {line[-LINE_END:]}"


def abandon_output() -> None:
    """Send what is left to nowhere: the interpreter would try once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
