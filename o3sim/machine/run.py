"""Run one image through the SimPy machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.plan import ImageRun, plan_groups
from o3sim.contract.program import LayerProgram, build_program
from o3sim.contract.weight_groups import WeightGroup
from o3sim.machine.dispatch.machines import machine_class

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile


def simulate_image(
    architecture: Architecture,
    network: Network,
    profiles: Iterable[LayerProfile],
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> ImageRun:
    """Run one image, layer after layer, on a machine that starts empty.

    Parameters
    ----------
    architecture : Architecture
    network : Network
        Its layers' shapes; what the neurons compute comes from the profiles.
    profiles : iterable of LayerProfile
        One entry for each layer, in order; asked for one at a time.
    observers : tuple of Observer
        Are shown every event of the window.
    window : EventWindow
        Which events are made.

    Raises
    ------
    InputError
        If a layer does not fit the buffers.
    MachineError
        If an invariant does not hold, or no unit can move.
    """
    cuts = plan_groups(architecture, network.layers)
    groups = [group for cut in cuts for group in cut]
    programs = _programs(architecture, cuts, profiles)
    machine = machine_class(architecture)(architecture, groups, programs, observers, window)
    machine.run()
    return ImageRun(machine.layers, machine.outputs)


def _programs(
    architecture: Architecture, cuts: list[list[WeightGroup]], profiles: Iterable[LayerProfile]
) -> Iterator[LayerProgram]:
    """Lay out one layer after the other."""
    first = 0
    for cut, profile in zip(cuts, profiles, strict=True):
        yield build_program(profile, cut, first, architecture)
        first += len(cut)
