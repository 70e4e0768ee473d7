"""Machines, layers and networks for the tests of pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from o3sim.config.architecture import Architecture
from o3sim.network.layer import Geometry, Layer, LayerSize, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput
from o3sim.profile.profile import LayerProfile
from o3sim.runs.pipeline.deadlock import Waits
from o3sim.runs.pipeline.fifo import RowFifo
from o3sim.runs.pipeline.links import INPUT, Connection, Link
from tests.machine.harness import architecture, conv, dense
from tests.machine.strategies import StageCase, adding, architectures, profiles

FOLDED: dict[str, Any] = {
    "scheduler__policy": "lockstep",
    "pruning__threshold": False,
    "pruning__pooling": False,
    "issue_queue__depth_ops": 256,
    "sequencer__width_ops": 64,
    "sequencer__order": "member_major",
    "sequencer__outermost": "position",
}
"""A folded matrix-vector unit: dense, in order, fed and emptied at any rate."""


def pipelined(stages: tuple[dict[str, Any], ...] = (), **changes: Any) -> Architecture:
    """The bench's architecture as a pipeline, with changes."""
    return architecture(organization="layer_pipelined", stages=stages, **changes)


def resident(made: Architecture) -> Architecture:
    """The same machine with its weights on the chip, as a stage has them."""
    return made.with_({"dram.bits_per_cycle": "ideal", "dram.latency_cycles": 0})


def chained(shapes: Sequence[Geometry], fifos: Sequence[RowFifo]) -> list[Link]:
    """Link layers one after another."""
    return [
        Link(Connection(number, number + 1, INPUT, 1), shapes[number + 1], 1, fifo)
        for number, fifo in enumerate(fifos)
    ]


def least_depth(shapes: Sequence[Geometry], machines: Sequence[Architecture], unit: str) -> list[int]:
    """The least depths between layers one after another."""
    layers = [LayerSize(f"layer{number}", shape, False) for number, shape in enumerate(shapes)]
    waits = Waits(layers, machines)
    return [waits.least(place, unit) for place in range(len(waits.links))]


@st.composite
def stage_cases(draw: st.DrawFn) -> StageCase:
    """Draw a stage: any machine, a layer, and when the rows it reads are there."""
    layer: LayerProfile = draw(profiles().flatmap(adding) | profiles(scores=True))
    cycles = st.sampled_from([0, 0, 1, 2, 5, 40, 300])
    each = st.lists(cycles, min_size=layer.geometry.out_height, max_size=layer.geometry.out_height)
    rows, room = draw(each), draw(each | st.just([0] * layer.geometry.out_height))
    return StageCase(resident(draw(architectures())), (layer,), tuple(rows), tuple(room))


def network(seed: int = 1) -> Network:
    """Four layers with random weights: convolutions with plain and overlapping pools, dense ones."""
    random = np.random.default_rng(seed)
    shapes = (
        conv(11, 10, 1, 6, padding_pixels=1, pool=Pool(3, 2)),
        conv(5, 4, 6, 5, padding_pixels=1, padding="exclude", pool=Pool(2, 2)),
        dense(2 * 2 * 5, 9),
        dense(9, 3),
    )
    layers = []
    for number, shape in enumerate(shapes):
        scores = number == len(shapes) - 1
        theta = None if scores else random.integers(-2, 3, shape.out_channels)
        layers.append(Layer(f"layer{number}", shape, _weights(random, shape), theta, scores=scores))
    return Network("small", BinaryInput(128), (11, 10, 1), tuple(layers), ("a", "b", "c"))


def images(count: int, seed: int = 2) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Images for :func:`network`, all of noise."""
    return np.random.default_rng(seed).integers(0, 256, (count, 11, 10, 1), np.uint8)


def _weights(random: np.random.Generator, geometry: Geometry) -> Any:
    bits = np.zeros((geometry.out_channels, geometry.words_per_neuron * 64), np.uint8)
    bits[:, : geometry.fan_in] = random.integers(0, 2, (geometry.out_channels, geometry.fan_in))
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)
