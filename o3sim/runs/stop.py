"""Requests to stop: ctrl-C and SIGTERM, taken note of and obeyed where nothing is half done."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

EXIT_TERMINATED = 128 + signal.SIGTERM

CheckStop = Callable[[], None]
"""Called between batches; raises to stop."""


def never() -> None:
    """Never stop."""


class StopRequests:
    """Takes note of signals while its block runs.

    An exception out of a signal handler can come up anywhere, also where Python can only print it
    (in a finalizer), and is lost then. So :meth:`check` raises it.

    Parameters
    ----------
    at_once : bool
        Raise out of the handler too: where the work is done in this process and may take long.
    """

    def __init__(self, at_once: bool) -> None:
        self._at_once = at_once
        self._came: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Begin to take note."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave signals to whom they belonged before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._came = number
        if self._at_once:
            self.check()

    def check(self) -> None:
        """Stop, if that was asked for.

        Raises
        ------
        KeyboardInterrupt
            After ctrl-C.
        SystemExit
            After SIGTERM.
        """
        if self._came == signal.SIGINT:
            raise KeyboardInterrupt
        if self._came is not None:
            sys.exit(EXIT_TERMINATED)
