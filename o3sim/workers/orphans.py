"""Keeps workers quiet whose parent was killed before it told them what to do."""

from __future__ import annotations

import sys
from types import TracebackType


def silence_orphans() -> None:
    """Print nothing when a new worker finds that nobody is there to hand it work.

    A process that the server forks reads what to do from the command's process. If that is killed
    (``kill -9``) in between, the read ends in EOFError, whose traceback Python's own server would
    print on the terminal of a command that is gone. All other errors are printed as ever.
    """
    sys.excepthook = _print_unless_orphaned


def _print_unless_orphaned(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if not issubclass(kind, EOFError):
        sys.__excepthook__(kind, error, trace)
