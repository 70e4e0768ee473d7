"""The machines by the value of ``scheduler.dispatch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.machine.dispatch.group import GroupMachine
from o3sim.machine.dispatch.window import WindowMachine
from o3sim.machine.machine import Machine

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

_MACHINES: dict[str, type[Machine]] = {
    "central": Machine,
    "banked": Machine,
    "window": WindowMachine,
    "group": GroupMachine,
}


def machine_class(architecture: Architecture) -> type[Machine]:
    """Return the class of an architecture's machine."""
    return _MACHINES[architecture.scheduler.dispatch]
