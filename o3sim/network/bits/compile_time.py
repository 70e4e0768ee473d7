"""Less time for compiling: what Numba does over and over meanwhile, and to no end, is left out.

Measured on the first run of `o3bnn`, of 13 s of CPU: Python's garbage collector looks through the hundred
thousand objects of the compiler again and again (10 to 13 %), and Numba writes the type of the
arguments out for every pass of every function, though nobody reads it, and records have many fields (10 %).
Every look-up of a function compares compiler options, which are read one by one (5 %).
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from numba.core import event
from numba.core.targetconfig import TargetConfig
from numba.core.types import Record

_COMPILE = "numba:compile"
_record: Any = Record  # Numba's classes have no types
_write = _record.__repr__
_options: Any = TargetConfig
_read = _options.values
_defaults: dict[type, dict[str, Any]] = {}


def _values(options: Any) -> dict[str, Any]:
    """Return all options, those that are not set by their default, as Numba's method does."""
    kind = type(options)
    if kind not in _defaults:
        _defaults[kind] = {name: option.default for name, option in kind.options.items()}
    return {**_defaults[kind], **options._values}


class _Meanwhile(event.Listener):
    """Told by Numba of every function that it begins and ends to compile, those within others too."""

    def __init__(self) -> None:
        self._depth = 0
        self._collects = False
        self._texts: dict[int, tuple[object, str]] = {}  # with the record, so that its number stays its own

    def on_start(self, _event: Any) -> None:
        """Stop collecting, if this is the outermost."""
        if self._depth == 0:
            self._collects = gc.isenabled()
            gc.disable()
            _record.__repr__ = self._remembered()
            _options.values = _values
        self._depth += 1

    def on_end(self, _event: Any) -> None:
        """Be as before, if this is the outermost."""
        self._depth -= 1
        if self._depth == 0:
            _record.__repr__ = _write
            _options.values = _read
            self._texts.clear()
            if self._collects:
                gc.enable()

    def _remembered(self) -> Callable[[Any], str]:
        texts = self._texts

        def text(record: Any) -> str:
            if id(record) not in texts:
                texts[id(record)] = record, _write(record)
            return texts[id(record)][1]

        return text


def shorten_compiling() -> None:
    """Compile in three quarters of the time, from now on."""
    register: Any = event.register
    register(_COMPILE, _Meanwhile())
