"""Run one image through the carousel in SimPy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from o3sim.contract.carousel.program import CarouselProgram, build_carousel_program
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.plan import ImageRun, plan_groups
from o3sim.contract.weight_groups import WeightGroup
from o3sim.machine.carousel.machine import CarouselMachine

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

    Parameters, results and errors are those of :func:`o3sim.machine.run.simulate_image`.
    """
    return run_layers(architecture, plan_groups(architecture, network.layers), profiles, observers, window)


def run_layers(
    architecture: Architecture,
    cuts: list[list[WeightGroup]],
    profiles: Iterable[LayerProfile],
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> ImageRun:
    """Run layers whose weights are already cut into groups, one list for each layer."""
    groups = [group for cut in cuts for group in cut]
    machine = CarouselMachine(
        architecture, groups, _programs(architecture, cuts, profiles), observers, window
    )
    machine.run()
    return ImageRun(machine.layers, machine.outputs)


def _programs(
    architecture: Architecture, cuts: list[list[WeightGroup]], profiles: Iterable[LayerProfile]
) -> Iterator[CarouselProgram]:
    """Lay out one layer after the other."""
    for cut, profile in zip(cuts, profiles, strict=True):
        yield build_carousel_program(profile, cut, architecture)
