"""Sums of layers that add: integers ``scale * dot + shift + add_scale * addend``, exact, never rounded.

Where only the sign of a sum goes on, ``sum >= theta`` is ``dot >= ceil((theta - shift - added) / scale)``: a
threshold for each neuron, and a layer of such thresholds prunes like any other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from o3sim.config.host_ops import FIRST
from o3sim.errors import InputError
from o3sim.network.layer import Addend, Layer, SumRule

ADDER_BITS = 32
"""Sums of which only the bit goes on are made by adders of so many bits."""

BEYOND = 2**40
"""Of a neuron whose dot counts for nothing: no dot reaches this, and each minus this."""


def plain_rule(channels: int) -> SumRule:
    """Return the rule of sums that are dots, with what is added as it is."""
    ones = np.ones(channels, np.int64)
    return SumRule(ones, np.zeros(channels, np.int64), ones)


def added(layer: Layer, values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return what a layer adds to its sums.

    Parameters
    ----------
    layer : Layer
        With an addend.
    values : ndarray of int, shape (height, width, channels) of the addend
        Sums of the layer that it comes from, or its bits 0 and 1.

    Returns
    -------
    ndarray of int64, shape (out_height, out_width, out_channels)
    """
    g, addend = layer.geometry, layer.geometry.addend
    if addend is None or layer.sums is None:
        raise ValueError(f"layer {layer.name} adds nothing")
    taken = values.astype(np.int64)
    taken = taken if addend.bits > 1 else 2 * taken - 1
    taken = _squares(addend, taken)[: g.out_height, : g.out_width]
    repeated = np.tile(taken, (1, 1, g.out_channels // addend.channels))
    return np.asarray(repeated * layer.sums.add_scale)


def _squares(addend: Addend, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the average of each square, of bits the sum; or its first value."""
    stride = addend.stride
    if not addend.averages:
        return values[::stride, ::stride]
    rows, columns = addend.height // stride, addend.width // stride
    squares = values[: rows * stride, : columns * stride]
    total = squares.reshape(rows, stride, columns, stride, -1).sum(axis=(1, 3))
    return total if addend.bits == 1 else np.asarray(total // stride**2)


def sums_of(layer: Layer, dots: NDArray[np.int64], addition: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return a layer's sums.

    Parameters
    ----------
    dots : ndarray of int64, shape (out_height, out_width, out_channels)
    addition : ndarray of int64, same shape, or None
        What :func:`added` returns; None of a layer that adds nothing.
    """
    if layer.sums is None:
        raise ValueError(f"layer {layer.name} makes no sums")
    sums = layer.sums.scale * dots + layer.sums.shift
    return np.asarray(sums if addition is None else sums + addition)


def bits_of_sums(layer: Layer, sums: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Compare a layer's sums with the thresholds of its channels."""
    if layer.theta is None:
        raise ValueError(f"layer {layer.name} has no thresholds")
    return (sums >= layer.theta).astype(np.uint8)


def thresholds_of(layer: Layer, addition: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the least dot of each neuron that gives it a 1.

    Returns
    -------
    ndarray of int64, shape (out_height, out_width, out_channels)
    """
    if layer.sums is None or layer.theta is None:
        raise ValueError(f"layer {layer.name} makes no sums that are compared")
    g = layer.geometry
    missing = layer.theta - layer.sums.shift
    if addition is not None:
        missing = missing - addition
    scale = layer.sums.scale
    least = np.where(scale > 0, -((-missing) // np.maximum(scale, 1)), np.where(missing > 0, BEYOND, -BEYOND))
    return np.broadcast_to(least, (g.out_height, g.out_width, g.out_channels))


def check_ranges(layers: Sequence[Layer], host_sums: NDArray[np.int64] | None = None) -> None:
    """Refuse sums that some input would make too large for the bits they have.

    Parameters
    ----------
    layers : sequence of Layer
    host_sums : ndarray of int64, shape (2, channels), optional
        The least and the greatest of what the host's first layers give.

    Raises
    ------
    InputError
        Naming each layer, what it may reach, and what would do.
    """
    ranges: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    if host_sums is not None:
        ranges[FIRST] = host_sums[0], host_sums[1]
    problems = []
    for layer in layers:
        if layer.sums is None:
            continue
        low, high = _range(layer, ranges)
        ranges[layer.name] = low, high
        bits = layer.geometry.sum_bits or ADDER_BITS
        reach = int(max(high.max(), -low.min() - 1))
        if reach >= 2 ** (bits - 1):
            way = "write `sum_bits: 32`, or scale less" if bits < ADDER_BITS else "scale less"
            problems.append(f"layer {layer.name}: sums may reach {reach:,}, beyond {bits} bits; {way}")
    if problems:
        raise InputError("\n".join(problems))


def _range(
    layer: Layer, ranges: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the least and the greatest sum of each channel that any input could give."""
    g, rule = layer.geometry, layer.sums
    assert rule is not None  # noqa: S101 - asked of layers that make sums
    greatest = 2**g.planes - 1
    value = (
        1 if g.planes == 1 else max(abs(layer.input_offset - greatest), layer.input_offset + greatest) // 2
    )
    reach = np.abs(rule.scale) * g.fan_in * value
    low, high = rule.shift - reach, rule.shift + reach
    if g.addend is None:
        return low, high
    theirs = ranges.get(g.addend.layer) if g.addend.bits > 1 else None
    if theirs is None:
        most = np.full(g.addend.channels, g.addend.taken)
        theirs = -most, most
    repeats = g.out_channels // g.addend.channels
    ends = np.stack([np.tile(end, repeats) * rule.add_scale for end in theirs])
    return low + ends.min(axis=0), high + ends.max(axis=0)
