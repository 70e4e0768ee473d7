"""What an engine is asked to run, checked before anything runs, and what it hands back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.counters import LayerCounters
from o3sim.contract.dispatch_fit import check_dispatch_fits, check_is_measured
from o3sim.contract.weight_groups import WeightGroup, check_activations_fit, cut_layer
from o3sim.network.layer import LayerSize

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Sized


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


def plan_groups(architecture: Architecture, layers: Iterable[Sized]) -> list[list[WeightGroup]]:
    """Cut every layer's weights into groups, and check that its maps fit.

    Raises
    ------
    InputError
        If a layer does not fit the buffers.
    """
    cuts = []
    for number, layer in enumerate(layers):
        check_activations_fit(layer.name, layer.geometry, architecture)
        check_dispatch_fits(layer.name, layer.geometry, architecture)
        if not isinstance(layer, LayerSize):  # which has no parameters yet
            check_is_measured(layer.name, layer.geometry, architecture)
        cuts.append(cut_layer(number, layer.name, layer.geometry, architecture))
    return cuts


def resident_weights(geometry: Geometry) -> WeightGroup:
    """Return the one weight group of a stage: all channels, which are on the chip already."""
    return WeightGroup(0, 0, geometry.out_channels, 0)
