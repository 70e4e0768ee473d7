"""Which engine runs an architecture: units of the user's own exist for SimPy only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from o3sim.config.custom_code import code_place, custom_units
from o3sim.engines import DEFAULT_ENGINE, check_engine, engine_named
from o3sim.errors import InputError
from o3sim.machine.errors import MachineError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.machine.run import ImageRun

SIMPY = "simpy"

_CONFUSION = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)
"""What o3sim's own units raise when another hands them something that they cannot work with."""


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
        If there is no such engine, or it cannot run units of the user's own.
    """
    custom = custom_units(architecture.model_dump())
    if wanted is not None:
        check_engine(wanted)
    if custom and wanted not in (None, SIMPY):
        raise InputError(
            f"{architecture.name}: engine {wanted} cannot run {describe(custom)}; {SIMPY} can, and is "
            "taken if no engine is named"
        )
    return wanted or (SIMPY if custom else DEFAULT_ENGINE)


def describe(custom: dict[str, str]) -> str:
    """Write units of the user's own in one line.

    >>> describe({"pe.unit": "mine.py:MyPE"})
    'pe.unit mine.py:MyPE'
    """
    return ", ".join(f"{key} {value}" for key, value in custom.items())


def custom_note(architecture: Architecture) -> str | None:
    """Say that SimPy runs an architecture's units of the user's own; None if it has none."""
    custom = custom_units(architecture.model_dump())
    return f"{architecture.name}: {describe(custom)}: run by the SimPy engine" if custom else None


def run_on_engine(architecture: Architecture, *arguments: Any, wanted: str | None = None) -> ImageRun:
    """Run one image on the engine of :func:`engine_name`.

    Parameters
    ----------
    architecture : Architecture
    *arguments
        As :func:`o3sim.machine.run.simulate_image` takes them.
    wanted : str, optional

    Raises
    ------
    InputError
        If the engine cannot run it, or units of the user's own go wrong: with the file and line, or
        with the law of the machine that they break.
    """
    simulate_image = engine_named(engine_name(architecture, wanted))
    with blaming_custom_units(architecture):
        return simulate_image(architecture, *arguments)


@contextmanager
def blaming_custom_units(architecture: Architecture) -> Iterator[None]:
    """Turn what goes wrong in a machine with units of the user's own into their error."""
    from o3sim.custom import custom_code_errors

    custom = custom_units(architecture.model_dump())
    try:
        with custom_code_errors(code_place(value) for value in custom.values()):
            yield
    except (MachineError, *_CONFUSION) as error:
        if not custom:
            raise
        what = str(error) if isinstance(error, MachineError) else f"{type(error).__name__}: {error}"
        raise InputError(f"{architecture.name}, with {describe(custom)}: {what}") from error
