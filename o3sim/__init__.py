"""Cycle-level simulation of out-of-order accelerators for binarized neural networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from o3sim.api import simulate as simulate
    from o3sim.api import sweep as sweep

__all__ = ["simulate", "sweep"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: the commands start in a moment because of it."""
    if name in __all__:
        from o3sim import api

        return getattr(api, name)
    raise AttributeError(f"module `o3sim` has no attribute `{name}`")
