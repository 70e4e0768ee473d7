"""The engines: different computations of the same machine, cycle for cycle.

``compiled`` is one Numba kernel, ``simpy`` is units that can be read, traced and replaced one by
one. Nothing that is reported depends on which of them ran.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from o3sim.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from o3sim.config.architecture import Architecture
    from o3sim.machine.run import ImageRun
    from o3sim.machine.stage import StageRun
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile

ENGINES = {"compiled": "o3sim.compiled.run", "simpy": "o3sim.machine.run"}
"""The module of each engine, imported when it is asked for: Numba and SimPy take a while."""

STAGE_ENGINES = {"compiled": "o3sim.compiled.stage", "simpy": "o3sim.machine.stage"}
"""The same for the stages of a pipeline."""

DEFAULT_ENGINE = "compiled"


class SimulateImage(Protocol):
    """Runs one image; :func:`o3sim.machine.run.simulate_image` says what it takes and returns."""

    def __call__(
        self, architecture: Architecture, network: Network, profiles: Iterable[LayerProfile], /
    ) -> ImageRun:
        """Run one image, layer after layer, on a machine that starts empty."""


class SimulateStage(Protocol):
    """Runs one image on a stage; :func:`o3sim.machine.stage.simulate_stage` says what it takes."""

    def __call__(
        self, architecture: Architecture, profile: LayerProfile, row_cycles: NDArray[np.int64], /
    ) -> StageRun:
        """Run one layer of one image on a stage that is empty."""


def check_engine(name: str) -> None:
    """Refuse an engine that does not exist.

    Raises
    ------
    InputError

    Examples
    --------
    >>> check_engine("simpi")
    Traceback (most recent call last):
    o3sim.errors.InputError: no engine `simpi`: there are compiled, simpy
    """
    if name not in ENGINES:
        raise InputError(f"no engine `{name}`: there are {', '.join(ENGINES)}")


def engine_named(name: str) -> SimulateImage:
    """Load an engine.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    check_engine(name)
    return cast("SimulateImage", import_module(ENGINES[name]).simulate_image)


def stage_engine_named(name: str) -> SimulateStage:
    """Load what an engine runs the stages of a pipeline with.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    check_engine(name)
    return cast("SimulateStage", import_module(STAGE_ENGINES[name]).simulate_stage)
