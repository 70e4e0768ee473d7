"""The engines: different computations of the same machine, cycle for cycle.

``compiled`` is one Numba kernel, ``simpy`` is units that can be read, traced and replaced one by
one. Nothing that is reported depends on which of them ran. Custom units exist for ``simpy`` only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from o3sim.config.custom_code import code_place, custom_units
from o3sim.config.dispatch import CAROUSEL, CENTRAL
from o3sim.contract.errors import MachineError
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from o3sim.config.architecture import Architecture
    from o3sim.contract.gates import StageGates
    from o3sim.contract.layer_runs import KnownLayers
    from o3sim.contract.plan import ImageRun, StageRun
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile

ENGINES = {"compiled": "o3sim.compiled.run", "simpy": "o3sim.machine.run"}
"""The module of each engine, imported when it is asked for: Numba and SimPy take a while."""

CAROUSEL_ENGINES = {"compiled": "o3sim.compiled.carousel.run", "simpy": "o3sim.machine.carousel.run"}
"""The same for machines whose weight words go round."""

STAGE_ENGINES = {"compiled": "o3sim.compiled.stage", "simpy": "o3sim.machine.stage"}
"""The same for the stages of a pipeline."""

DEFAULT_ENGINE = "compiled"

SIMPY = "simpy"

JIT_SWITCH = "NUMBA_DISABLE_JIT"
"""Variable of the environment by which Numba leaves kernels to Python."""

_CONFUSION = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)
"""What o3sim's own units raise when another hands them something that they cannot work with."""


class SimulateImage(Protocol):
    """Runs one image; :func:`o3sim.machine.run.simulate_image` says what it takes and returns."""

    def __call__(
        self,
        architecture: Architecture,
        network: Network,
        profiles: Iterable[LayerProfile],
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
        /,
    ) -> ImageRun:
        """Run one image, layer after layer, on a machine that starts empty."""


class StageUnderWay(Protocol):
    """An image on a stage; :class:`o3sim.machine.stage.OpenStage` says what it does."""

    cycle: int
    wake: int
    rows_final: NDArray[np.int64]
    rows_ended: NDArray[np.int64]
    done: StageRun | None

    def advance(self, limit_cycle: int, /) -> None:
        """Go on until a row is done with, or to the limit where the next op's gates are not known."""


class OpensStage(Protocol):
    """Makes a :class:`StageUnderWay`."""

    def __call__(
        self, architecture: Architecture, profile: LayerProfile, gates: StageGates, /
    ) -> StageUnderWay:
        """Begin with an image on a stage that is empty."""


class SimulateStage(Protocol):
    """Runs one image on a stage; :func:`o3sim.machine.stage.simulate_stage` says what it takes."""

    def __call__(
        self,
        architecture: Architecture,
        profile: LayerProfile,
        gates: StageGates,
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
        /,
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


def engine_named(name: str, dispatch: str = CENTRAL) -> SimulateImage:
    """Load what an engine runs images with, on machines that dispatch in this way.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    check_engine(name)
    modules = CAROUSEL_ENGINES if dispatch == CAROUSEL else ENGINES
    return cast("SimulateImage", import_module(modules[name]).simulate_image)


def stage_engine_named(name: str) -> SimulateStage:
    """Load what an engine runs the stages of a pipeline with.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    check_engine(name)
    return cast("SimulateStage", import_module(STAGE_ENGINES[name]).simulate_stage)


def open_stage_named(name: str) -> OpensStage:
    """Load what an engine runs the stages of a pipeline with that wait for each other.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    check_engine(name)
    return cast("OpensStage", import_module(STAGE_ENGINES[name]).OpenStage)


def engine_name(architecture: Architecture, wanted: str | None = None) -> str:
    """Return the engine that runs an architecture: the default one, or SimPy where it has custom units.

    Parameters
    ----------
    architecture : Architecture
    wanted : str, optional
        The engine asked for by name.

    Raises
    ------
    InputError
        If there is no such engine, or it cannot run custom units.
    """
    custom = custom_units(architecture.model_dump())
    if wanted is not None:
        check_engine(wanted)
    if not kernels_compile():
        if wanted == DEFAULT_ENGINE:
            raise InputError(f"{JIT_SWITCH} is set: engine {wanted} cannot run; {SIMPY} can, slowly")
        return SIMPY
    if custom and wanted not in (None, SIMPY):
        raise InputError(
            f"{architecture.name}: engine {wanted} cannot run {describe(custom)}; {SIMPY} can, and is "
            "taken if no engine is named"
        )
    return wanted or (SIMPY if custom else DEFAULT_ENGINE)


def kernels_compile() -> bool:
    """Return whether Numba may compile; the compiled engine has steps that plain Python does not."""
    try:
        return int(os.environ.get(JIT_SWITCH) or 0) == 0
    except ValueError:
        return True  # as Numba takes it


def describe(custom: dict[str, str]) -> str:
    """Write custom units in one line.

    >>> describe({"pe.unit": "mine.py:MyPE"})
    'pe.unit mine.py:MyPE'
    """
    return ", ".join(f"{key} {value}" for key, value in custom.items())


def custom_note(architecture: Architecture) -> str | None:
    """Say that SimPy runs an architecture's custom units; None if it has none."""
    custom = custom_units(architecture.model_dump())
    return f"{architecture.name}: {describe(custom)}: run by the SimPy engine" if custom else None


def run_on_engine(
    architecture: Architecture,
    *arguments: Any,
    wanted: str | None = None,
    known: KnownLayers | None = None,
) -> ImageRun:
    """Run one image on the engine of :func:`engine_name`.

    Parameters
    ----------
    architecture : Architecture
    *arguments
        As :func:`o3sim.machine.run.simulate_image` takes them.
    wanted : str, optional
    known : KnownLayers, optional
        Layers that need not run again; the compiled engine asks for them.

    Raises
    ------
    InputError
        If the engine cannot run it, or custom units go wrong: with the file and line, or
        with the law of the machine that they break.
    """
    name = engine_name(architecture, wanted)
    simulate_image = engine_named(name, architecture.scheduler.dispatch)
    more = {"known": known} if known is not None and name == DEFAULT_ENGINE else {}
    with blaming_custom_units(architecture):
        return simulate_image(architecture, *arguments, **more)


@contextmanager
def blaming_custom_units(architecture: Architecture) -> Iterator[None]:
    """Turn what goes wrong in a machine with custom units into their error."""
    from o3sim.config.custom_load import custom_code_errors

    custom = custom_units(architecture.model_dump())
    try:
        with custom_code_errors(code_place(value) for value in custom.values()):
            yield
    except (MachineError, *_CONFUSION) as error:
        if not custom:
            raise
        what = str(error) if isinstance(error, MachineError) else f"{type(error).__name__}: {error}"
        raise InputError(f"{architecture.name}, with {describe(custom)}: {what}") from error
