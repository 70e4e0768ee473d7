"""Cycle-level simulation of out-of-order accelerators for binarized neural networks.

What is named here is public, and so is :mod:`o3sim.extend`, for units and trace writers of your own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from o3sim.api import architecture as architecture
    from o3sim.api import control as control
    from o3sim.api import simulate as simulate
    from o3sim.api import sweep as sweep
    from o3sim.config.architecture import Architecture as Architecture
    from o3sim.config.consent import allow_code as allow_code
    from o3sim.errors import ConfigError as ConfigError
    from o3sim.errors import InputError as InputError
    from o3sim.results.result import LayerResult as LayerResult
    from o3sim.results.result import RunResult as RunResult
    from o3sim.studies.sweep.run import SweepOutcome as SweepOutcome

    __version__: str

_HOMES = {
    "Architecture": "o3sim.config.architecture",
    "ConfigError": "o3sim.errors",
    "InputError": "o3sim.errors",
    "LayerResult": "o3sim.results.result",
    "RunResult": "o3sim.results.result",
    "SweepOutcome": "o3sim.studies.sweep.run",
    "allow_code": "o3sim.config.consent",
    "architecture": "o3sim.api",
    "control": "o3sim.api",
    "simulate": "o3sim.api",
    "sweep": "o3sim.api",
}

__all__ = [
    "Architecture",
    "ConfigError",
    "InputError",
    "LayerResult",
    "RunResult",
    "SweepOutcome",
    "__version__",
    "allow_code",
    "architecture",
    "control",
    "simulate",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: the commands start in a moment because of it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("o3sim")
    raise AttributeError(f"module `o3sim` has no attribute `{name}`")


def __dir__() -> list[str]:
    """Name what is public, imported or not."""
    return sorted({*globals(), *__all__})
