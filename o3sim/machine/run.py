"""Run one image through the SimPy machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.config.architecture import PIPELINED
from o3sim.errors import InputError
from o3sim.machine.counters import LayerCounters
from o3sim.machine.events import EVERY_EVENT, EventWindow, Observer
from o3sim.machine.machine import Machine
from o3sim.machine.program import LayerProgram, build_program
from o3sim.machine.weight_groups import WeightGroup, check_activations_fit, cut_layer

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Layer
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile


@dataclass(frozen=True)
class ImageRun:
    """What the machine did with one image.

    Attributes
    ----------
    layers : list of LayerCounters
        Counts of each layer.
    outputs : list of uint8 arrays, shape (pooled_height, pooled_width, out_channels)
        The machine's own output bits of each layer (all 0 in the scores layer, whose integers the
        machine does not carry).
    """

    layers: list[LayerCounters]
    outputs: list[NDArray[np.uint8]]


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
    machine = Machine(architecture, groups, _programs(architecture, cuts, profiles), observers, window)
    machine.run()
    return ImageRun(machine.layers, machine.outputs)


def plan_groups(architecture: Architecture, layers: Iterable[Layer]) -> list[list[WeightGroup]]:
    """Cut every layer's weights into groups, and check that its maps fit.

    Raises
    ------
    InputError
        If a layer does not fit the buffers, or the architecture is a pipeline of layers.
    """
    if architecture.is_pipelined:
        raise InputError(
            f"architecture {architecture.name}: organization {PIPELINED} has no one machine that layers "
            "take in turn: it is for `o3sim run` only (docs/pipelined.md)"
        )
    cuts = []
    for number, layer in enumerate(layers):
        check_activations_fit(layer.name, layer.geometry, architecture)
        cuts.append(cut_layer(number, layer.name, layer.geometry, architecture))
    return cuts


def _programs(
    architecture: Architecture, cuts: list[list[WeightGroup]], profiles: Iterable[LayerProfile]
) -> Iterator[LayerProgram]:
    """Lay out one layer after the other."""
    first = 0
    for cut, profile in zip(cuts, profiles, strict=True):
        yield build_program(profile, cut, first, architecture)
        first += len(cut)
