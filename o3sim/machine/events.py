"""Where custom trace writers imported the events from before there was :mod:`o3sim.extend`.

Kept for a release.
"""

from __future__ import annotations

import warnings
from typing import Any


def __getattr__(name: str) -> Any:
    """Return what has moved, with a warning to whoever imports it from here."""
    from o3sim.contract import events

    if name not in ("Event", "EventKind"):
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    warnings.warn(
        f"o3sim.machine.events has moved: from o3sim.extend import {name}", DeprecationWarning, stacklevel=2
    )
    return getattr(events, name)
