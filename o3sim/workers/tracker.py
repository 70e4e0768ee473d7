"""Keeps Python's resource tracker, a process of its own, quiet about what one before it was told."""

from __future__ import annotations

import warnings
from multiprocessing import resource_tracker
from typing import Any

_tracker: Any = resource_tracker._resource_tracker  # its process is told nowhere else
_process_of: dict[str, int] = {}
"""By the name of each semaphore: the tracker that knows it."""

_register, _unregister = resource_tracker.register, resource_tracker.unregister


def quiet_tracker() -> None:
    """Never tell a tracker of the end of what it does not know.

    A tracker that was killed is started anew, with a warning, by whoever needs it next. The new one prints
    a traceback for each semaphore that ends, since all were made known to the old one.
    """
    warnings.filterwarnings("ignore", "resource_tracker: process died unexpectedly")
    resource_tracker.register = _remembering  # type: ignore[assignment]  # an instance's method, there
    resource_tracker.unregister = _unless_unknown  # type: ignore[assignment]  # as above


def _remembering(name: str, rtype: str) -> None:
    _tracker.ensure_running()
    _register(name, rtype)
    _process_of[name] = _tracker._pid


def _unless_unknown(name: str, rtype: str) -> None:
    _tracker.ensure_running()
    if _process_of.pop(name, _tracker._pid) == _tracker._pid:
        _unregister(name, rtype)
