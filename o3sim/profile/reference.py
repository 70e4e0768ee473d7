"""The decision index by its definition, edge by edge: slow, for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.reference import taps_of
from o3sim.network.layer import Layer


def edges_of(layer: Layer, codes: NDArray[np.integer], y: int, x: int, channel: int) -> list[int]:
    """List a neuron's edges in order, each as its contribution: ``+2^p`` if it matches, else ``-2^p``."""
    g = layer.geometry
    weights = unpack_bits(layer.weights[channel], g.fan_in)
    taps = taps_of(g, codes.reshape(g.in_height, g.in_width, g.in_channels), y, x)
    if g.edge_order is not None:
        code_of = dict(taps)
        order = g.edge_order.edges(int(g.edge_order.order_of[channel])).tolist()
        taps = [(index, code_of[index]) for index in order if index in code_of]
    return [
        2**plane if (code >> plane) & 1 == weights[index] else -(2**plane)
        for plane in reversed(range(g.planes))
        for index, code in taps
    ]


def decision(layer: Layer, codes: NDArray[np.integer], y: int, x: int, channel: int) -> tuple[int, int]:
    """Find (decision index, outcome) of one neuron.

    After every edge, ask what the dot would be if all remaining edges matched, and if none did.
    """
    if layer.theta is None:
        raise ValueError(f"layer {layer.name} has no thresholds")
    theta = int(layer.theta[channel])
    edges = edges_of(layer, codes, y, x, channel)
    for k in range(len(edges) + 1):
        known, open_edges = sum(edges[:k]), sum(abs(edge) for edge in edges[k:])
        if _dot(layer, codes, known - open_edges, y, x, channel) >= theta:
            return k, 1
        if _dot(layer, codes, known + open_edges, y, x, channel) < theta:
            return k, 0
    raise AssertionError("all edges are known: one of the two bounds has decided")


def _dot(layer: Layer, codes: NDArray[np.integer], signed: int, y: int, x: int, channel: int) -> int:
    """Turn a sum of contributions into the dot: for fixed-point input ``(signed + c * W) / 2``."""
    if not layer.fixed_point:
        return signed
    g = layer.geometry
    weights = 2 * unpack_bits(layer.weights[channel], g.fan_in).astype(np.int64) - 1
    taps = taps_of(g, codes.reshape(g.in_height, g.in_width, g.in_channels), y, x)
    return (signed + layer.input_offset * int(sum(weights[index] for index, _ in taps))) // 2
