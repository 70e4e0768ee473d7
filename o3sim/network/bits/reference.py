"""Slow, obvious counterparts of the compiled kernels: tests compare the two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.layer import Geometry, Layer

Tap = tuple[int, int]
"""The weight's index in ``(ky, kx, c)`` order, and the code it meets."""


def taps_of(geometry: Geometry, codes: NDArray[np.integer], y: int, x: int) -> list[Tap]:
    """List the taps of the neurons at output position (y, x) in edge order."""
    g = geometry
    taps: list[Tap] = []
    index = 0
    for ky in range(g.kernel_height):
        for kx in range(g.kernel_width):
            for c in range(g.in_channels):
                row, column = y * g.stride + ky - g.padding_pixels, x * g.stride + kx - g.padding_pixels
                if 0 <= row < g.in_height and 0 <= column < g.in_width:
                    taps.append((index, int(codes[row, column, c])))
                elif g.padding != "exclude":
                    taps.append((index, 2**g.planes - 1 if g.padding == "+1" else 0))
                index += 1
    return taps


def value_of(layer: Layer, code: int) -> int:
    """Return what a code stands for: -1 or +1, or the integer ``q`` of a fixed-point input."""
    if not layer.fixed_point:
        return 2 * code - 1
    greatest = (1 << layer.geometry.planes) - 1
    return (2 * code - greatest + layer.input_offset) // 2


def dots(layer: Layer, codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Compute every neuron's dot, tap by tap; shapes as :func:`o3sim.network.bits.layers.dots`."""
    g = layer.geometry
    weights = 2 * unpack_bits(layer.weights, g.fan_in).astype(np.int64) - 1
    codes = codes.reshape(g.in_height, g.in_width, g.in_channels)
    result = np.zeros((g.out_height, g.out_width, g.out_channels), np.int64)
    for y in range(g.out_height):
        for x in range(g.out_width):
            for index, code in taps_of(g, codes, y, x):
                result[y, x] += weights[:, index] * value_of(layer, code)
    return result


def thresholded(layer: Layer, codes: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Threshold every dot; shapes as :func:`o3sim.network.bits.layers.thresholded`."""
    if layer.theta is None:
        raise ValueError(f"layer {layer.name} has no thresholds")
    return (dots(layer, codes) >= layer.theta).astype(np.uint8)


def pooled(geometry: Geometry, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """OR every window; shapes as :func:`o3sim.network.bits.layers.pooled`."""
    if geometry.pool is None:
        return bits
    size, stride = geometry.pool.size, geometry.pool.stride
    result = np.zeros((geometry.pooled_height, geometry.pooled_width, geometry.out_channels), np.uint8)
    for y in range(geometry.pooled_height):
        for x in range(geometry.pooled_width):
            window = bits[y * stride : y * stride + size, x * stride : x * stride + size]
            result[y, x] = window.any(axis=(0, 1))
    return result
