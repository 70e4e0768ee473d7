"""What an engine is asked to run, checked before anything runs, and what it hands back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.carousel.plan import cut_for_banks
from o3sim.contract.counters import LayerCounters
from o3sim.contract.dispatch_fit import check_dispatch_fits, check_is_measured
from o3sim.contract.live_maps import check_activations_fit, live_bits
from o3sim.contract.resident import resident_weights
from o3sim.contract.weight_groups import WeightGroup, all_channels, cut_layer
from o3sim.network.layer import LayerSize

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized


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
    latency_cycles : int or None
        Cycles from the image's entry to its last write; None where layers run one after another.
    """

    layers: list[LayerCounters]
    outputs: list[NDArray[np.uint8]]
    latency_cycles: int | None = None

    @property
    def cycles(self) -> int:
        """Cycles from the image's first one to its last write."""
        return self.latency_cycles or sum(counters.cycles for counters in self.layers)


@dataclass(frozen=True, eq=False)
class StageRun:
    """What a stage did with one image; cycles count from the one in which it could first dispatch.

    Attributes
    ----------
    counters : LayerCounters
        Counts from cycle 0 to that of the last write.
    output : uint8 array, shape (pooled_height, pooled_width, out_channels)
        The stage's own output bits.
    rows_written : int64 array, shape (pooled_height,)
        Cycle of the last write to each row of the output.
    last_active_cycle : int
        The last cycle in which a PE held something or an op was still to be dispatched or issued:
        after it there are only outcomes on their way to the output buffer.
    """

    counters: LayerCounters
    output: NDArray[np.uint8]
    rows_written: NDArray[np.int64]
    last_active_cycle: int


def plan_groups(architecture: Architecture, layers: Sequence[Sized]) -> list[list[WeightGroup]]:
    """Cut every layer's weights into groups, and check that its maps fit.

    Raises
    ------
    InputError
        If a layer does not fit the buffers.
    """
    for layer, live in zip(layers, live_bits(layers), strict=True):
        check_activations_fit(layer.name, live, architecture)
    return cut_layers(architecture, layers)


def cut_layers(architecture: Architecture, layers: Sequence[Sized]) -> list[list[WeightGroup]]:
    """Cut every layer's weights into groups, as the machine's way to dispatch asks for.

    Those that stay on the chip are one.

    Raises
    ------
    InputError
        If a layer does not fit the weight buffer, or cannot be dispatched so.
    """
    for layer in layers:
        check_dispatch_fits(layer.name, layer.geometry, architecture)
        if not isinstance(layer, LayerSize):  # which has no parameters yet
            check_is_measured(layer.name, layer.geometry, architecture)
    staying = resident_weights(architecture, layers).layers
    cut = cut_for_banks if architecture.scheduler.dispatch == CAROUSEL else cut_layer
    return [
        [all_channels(number, layer.geometry)]
        if number in staying
        else cut(number, layer.name, layer.geometry, architecture)
        for number, layer in enumerate(layers)
    ]
