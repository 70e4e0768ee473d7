"""What calibration images show of a layer: how often edges match, and some neurons to try orders on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.layers import evaluated, pooled
from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.patches import Patches, gather, most_mismatches
from o3sim.network.layer import Layer
from o3sim.network.network import Network

MOST_MEMBERS = 9
"""Windows of more members stay in raster order: patterns double with each."""

MOST_SAMPLES = 2048
"""Positions of a layer, over all images, that orders are tried on: their mean is known to about 1 %."""


@dataclass(eq=False)
class LayerSamples:
    """Sums over the output positions of one layer, and a sample of them.

    Attributes
    ----------
    taps : ndarray of float64, shape (fan_in,)
        How often each tap was an edge.
    ones : ndarray of float64, shape (fan_in,)
        How often its activation was 1.
    ones_of : ndarray of float64, shape (out_channels, fan_in)
        The same over the positions at which the channel's outcome was 1.
    taps_of : ndarray of float64, shape (out_channels, fan_in)
    outcomes : ndarray of float64, shape (out_channels,)
        Ones of each channel.
    positions : int
    patterns : ndarray of int64, shape (2**members of a window,)
        How often windows had each pattern of ones (bit ``y * size + x``), over channels and images; empty
        without a pool, and for windows of more members than :data:`MOST_MEMBERS`.
    """

    layer: Layer
    taps: NDArray[np.float64]
    ones: NDArray[np.float64]
    ones_of: NDArray[np.float64]
    taps_of: NDArray[np.float64]
    outcomes: NDArray[np.float64]
    patterns: NDArray[np.int64]
    positions: int = 0
    _rows: list[NDArray[np.uint8]] = field(default_factory=list)
    _masks: list[NDArray[np.int32]] = field(default_factory=list)
    _outcomes: list[NDArray[np.uint8]] = field(default_factory=list)
    _patches: Patches | None = None

    @classmethod
    def of(cls, layer: Layer) -> LayerSamples:
        """Begin with nothing."""
        g = layer.geometry
        members = 0 if g.pool is None else g.pool.size**2
        patterns = 2**members if 0 < members <= MOST_MEMBERS else 0
        return cls(
            layer,
            np.zeros(g.fan_in),
            np.zeros(g.fan_in),
            np.zeros((g.out_channels, g.fan_in)),
            np.zeros((g.out_channels, g.fan_in)),
            np.zeros(g.out_channels),
            np.zeros(patterns, np.int64),
        )

    def add(self, codes: NDArray[np.integer], outcome: NDArray[np.uint8], images: int) -> None:
        """Take over an image, of so many."""
        g = self.layer.geometry
        inside = g.pooled_mask().reshape(-1)
        patches = gather(g, codes)
        bits = unpack_bits(patches.words[:, 0], g.fan_in)[inside]
        masks = unpack_bits(patches.masks, g.fan_in)[patches.mask_index[inside]]
        found = outcome.reshape(-1, g.out_channels)[inside]
        used = (bits & masks).astype(np.float32)
        self.taps += masks.sum(axis=0)
        self.ones += used.sum(axis=0)
        self.ones_of += found.T.astype(np.float32) @ used
        self.taps_of += found.T.astype(np.float32) @ masks.astype(np.float32)
        self.outcomes += found.sum(axis=0)
        self.positions += len(bits)
        every = max(1, -(-len(bits) * images // MOST_SAMPLES))
        chosen = slice(len(self._rows) % every, None, every)
        self._rows.append(bits[chosen])
        self._masks.append(patches.mask_index[inside][chosen])
        self._outcomes.append(found[chosen])
        self._patches = patches
        self._add_patterns(outcome)

    def _add_patterns(self, outcome: NDArray[np.uint8]) -> None:
        g = self.layer.geometry
        if g.pool is None or not len(self.patterns):
            return
        size, stride = g.pool.size, g.pool.stride
        rows, columns = (g.pooled_height - 1) * stride + 1, (g.pooled_width - 1) * stride + 1
        found = np.zeros((g.pooled_height, g.pooled_width, g.out_channels), np.int64)
        for place in range(size * size):
            y, x = divmod(place, size)
            found |= outcome[y : y + rows : stride, x : x + columns : stride].astype(np.int64) << place
        self.patterns += np.bincount(found.ravel(), minlength=len(self.patterns))

    def trial(self) -> Trial:
        """Return the sample."""
        if self._patches is None:
            raise ValueError("no image was added")
        return Trial(
            np.concatenate(self._rows),
            unpack_bits(self._patches.masks, self.layer.geometry.fan_in),
            np.concatenate(self._masks),
            unpack_bits(self.layer.weights, self.layer.geometry.fan_in),
            most_mismatches(self.layer, self._patches),
            np.concatenate(self._outcomes),
        )


@dataclass(frozen=True, eq=False)
class Trial:
    """Neurons that orders are tried on, as :func:`o3sim.profile.ordered.decide_in_order` takes them."""

    patches: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    mask_index: NDArray[np.int32]
    weights: NDArray[np.uint8]
    most_mismatches: NDArray[np.int64]
    outcome: NDArray[np.uint8]


def can_be_ordered(layer: Layer) -> bool:
    """Return whether an order can bring anything: the layer is binary and its channels have thresholds."""
    return not layer.scores and not layer.fixed_point and not layer.geometry.makes_sums


def sample_layers(network: Network, images: Sequence[NDArray[np.uint8]]) -> Iterator[LayerSamples]:
    """Yield the samples of every layer that can be ordered, one layer in memory at a time."""
    flows = [network.flow(image) for image in images]
    for layer in network.layers:
        if layer.scores:
            return
        inputs = [flow.inputs_of(layer) for flow in flows]
        found = [evaluated(layer, each) for each in inputs]
        if can_be_ordered(layer):
            samples = LayerSamples.of(layer)
            for each, (outcome, _) in zip(inputs, found, strict=True):
                samples.add(each.codes, outcome, len(images))
            yield samples
        for flow, (outcome, sums) in zip(flows, found, strict=True):
            flow.put(layer, pooled(layer.geometry, outcome), sums)
