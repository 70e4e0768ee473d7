"""Ctrl-C that comes where no exception can pass, in a library's callback or a destructor, comes again."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

MOMENT_S = 0.01
"""After which Python is out of what swallowed it."""


@contextmanager
def swallowed_stops_repeated() -> Iterator[None]:
    """Stop a moment later, in place of printing that the exception was ignored and going on."""
    before = sys.unraisablehook

    def repeat_or_print(ignored: UnraisableHookArgs, /) -> None:
        if issubclass(ignored.exc_type, KeyboardInterrupt):
            threading.Thread(target=_stop_soon, daemon=True).start()
        else:
            before(ignored)

    sys.unraisablehook = repeat_or_print
    try:
        yield
    finally:
        sys.unraisablehook = before


def _stop_soon() -> None:
    time.sleep(MOMENT_S)
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # also ends a system call that it waits in
