"""Says on standard error that kernels are being compiled: what else would be a silent wait."""

from __future__ import annotations

import sys
from typing import Any

from numba.core import event

MESSAGE = "compiling kernels, once, up to half a minute"


class _Announcer(event.Listener):
    """Told by Numba of everything that it compiles, and of nothing that it finds in its cache."""

    def __init__(self) -> None:
        self._said = False

    def on_start(self, _event: Any) -> None:
        """Say it, the first time in this process."""
        if not self._said:
            self._said = True
            print(MESSAGE, file=sys.stderr, flush=True)

    def on_end(self, _event: Any) -> None:
        """Say nothing: what follows shows that it is over."""


def announce_compiling() -> None:
    """Say it whenever this process compiles a kernel, from now on."""
    register: Any = event.register
    register("numba:compile", _Announcer())
