"""Layers of real bits that decide as they are told: weights, thresholds and an image.

All pixels of a dense layer are 1 and each neuron has weights of its own; of a pooled one all weights are 1
and each neuron has a pixel of its own. So a match is a 1, and where the ones lie says which edge decides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.checks.cliffs.rows import DenseOps, Neuron, PooledOps
from o3sim.network.bits.packing import pack_bits
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput

LAYER = "layer"
PIXEL_THRESHOLD = 128
CLASSES = "a", "b"


class Made(NamedTuple):
    """A network whose first layer does as it was told, and its image."""

    network: Network
    image: NDArray[np.uint8]


def make_layer(name: str, ops: DenseOps | PooledOps) -> Made:
    """Make the network of a cliff."""
    if isinstance(ops, DenseOps):
        geometry = Geometry("dense", 1, 1, ops.edges, len(ops.neurons))
        image = np.full((1, 1, ops.edges), 255, np.uint8)
        bits = np.array(
            [_ones(neuron, ops.edges, _own_threshold(neuron, ops.edges)) for neuron in ops.neurons]
        )
        thresholds = [_own_threshold(neuron, ops.edges) for neuron in ops.neurons]
    else:
        pool = None if ops.pool == 1 else Pool(ops.pool, ops.pool)
        geometry = Geometry("conv", ops.rows, ops.columns, ops.edges, ops.channels, 1, 1, pool=pool)
        pixels = [_ones(neuron, ops.edges, ops.threshold) for neuron in ops.neurons]
        image = (np.array(pixels, np.uint8) * 255).reshape(ops.rows, ops.columns, ops.edges)
        bits, thresholds = np.ones((ops.channels, ops.edges), int), [ops.threshold] * ops.channels
    theta = 2 * np.array(thresholds, np.int64) - ops.edges
    outputs = geometry.pooled_height * geometry.pooled_width * geometry.out_channels
    scores = Geometry("dense", 1, 1, outputs, len(CLASSES))
    layers = (
        Layer(LAYER, geometry, pack_bits(bits), theta),
        Layer("scores", scores, pack_bits(np.ones((len(CLASSES), outputs), int)), None, scores=True),
    )
    return Made(Network(name, BinaryInput(PIXEL_THRESHOLD), image.shape, layers, CLASSES), image)


def _own_threshold(neuron: Neuron, edges: int) -> int:
    """Return the matches that make a dense neuron 1, so that its edge decides it."""
    if neuron.decided == 0:
        return 0 if neuron.outcome else edges + 1
    return neuron.decided if neuron.outcome else edges - neuron.decided + 1


def _ones(neuron: Neuron, edges: int, threshold: int) -> list[int]:
    """Lay out ones so that a neuron is decided by its edge, with a threshold of so many of them.

    A 1 is decided by the match that reaches the threshold, a 0 by the mismatch that puts it out of reach.
    """
    before = threshold - 1 if neuron.outcome else edges - threshold
    if neuron.decided == 0:
        return [0] * edges
    first, last = (1, 0) if neuron.outcome else (0, 1)
    rest = [last] * (neuron.decided - 1 - before)
    return [*[first] * before, *rest, first, *[last] * (edges - neuron.decided)]
