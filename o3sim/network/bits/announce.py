"""Says on standard error that kernels are being compiled: what else would be a silent wait."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

from o3sim.network.heartbeat import wanted

_COMPILE = "numba:compile"
MESSAGE = "compiling kernels, once, up to half a minute"


class _AtFirst(event.Listener):
    """Told by Numba of everything that it compiles, and of nothing that it finds in its cache."""

    def __init__(self, tell: Callable[[], object]) -> None:
        self._told = False
        self._tell = tell

    def on_start(self, _event: Any) -> None:
        """Tell it, the first time."""
        if not self._told:
            self._told = True
            self._tell()

    def on_end(self, _event: Any) -> None:
        """Say nothing: what follows shows that it is over."""


def announce_compiling() -> None:
    """Say it when this process compiles its first kernel, from now on, unless progress is kept quiet."""
    register: Any = event.register
    register(_COMPILE, _AtFirst(_say))


def _say() -> None:
    if wanted():
        print(MESSAGE, file=sys.stderr, flush=True)


@contextmanager
def when_compiling(tell: Callable[[], object]) -> Iterator[None]:
    """Call ``tell`` once if a kernel is compiled while the body runs."""
    install: Any = event.install_listener
    with install(_COMPILE, _AtFirst(tell)):
        yield
