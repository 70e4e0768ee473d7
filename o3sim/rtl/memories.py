"""The memories of a layer as hex: input map, weights and thresholds, a word a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.weight_groups import weight_words
from o3sim.network.bits.packing import unpack_bits
from o3sim.rtl.lists import is_listed, listed_rows

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Layer


def activation_words(geometry: Geometry, bits: NDArray[np.integer], width_edges: int) -> list[int]:
    """Return the words of the padded input map, bit 0 of the first being ``(0, 0, 0)``.

    Parameters
    ----------
    geometry : Geometry
    bits : int array, shape (in_height, in_width, in_channels)
        0 or 1; of a dense layer in any shape. Codes of a fixed-point input: their bit planes lie one behind
        another, the most significant first.
    width_edges : int
    """
    shape = geometry.in_height, geometry.in_width, geometry.in_channels
    border = (geometry.padding_pixels,) * 2
    outside = 2**geometry.planes - 1 if geometry.padding == "+1" else 0
    padded = np.pad(bits.reshape(shape), (border, border, (0, 0)), constant_values=outside).ravel()
    planes = [padded >> plane & 1 for plane in reversed(range(geometry.planes))]
    return _words(np.concatenate(planes), width_edges)


def old_bits(count: int) -> NDArray[np.integer]:
    """Return what lies where output bits go, as a layer before may have left it: any bits, always the same.

    A bit that is not written does not come out right by itself then, be it 0 or 1.
    """
    return np.random.default_rng(0).integers(0, 2, count)


def weight_rows(geometry: Geometry, architecture: Architecture) -> list[int | None]:
    """Return the channel of each row of the weight memory, None where a row is of none.

    A row is the words of one channel. Groups of PEs have their rows side by side, word by word, so that
    each has banks of its own: row ``n`` is the ``n // groups``-th of group ``n % groups``.
    """
    groups, channels = architecture.scheduler.groups or 1, geometry.out_channels
    if is_listed(architecture):
        return listed_rows(geometry, architecture)
    if architecture.scheduler.groups is None:
        return list(range(channels))
    if architecture.scheduler.dispatch == CAROUSEL:
        return [row if row < channels else None for row in range(-(-channels // groups) * groups)]
    if architecture.scheduler.assignment == "position":
        return [channel for channel in range(channels) for _ in range(groups)]
    if channels >= groups:
        rows = -(-channels // groups) * groups
        return [row if row < channels else None for row in range(rows)]
    each = groups // channels
    return [group // each if group // each < channels else None for group in range(groups)]


def weight_memory_words(geometry: Geometry, architecture: Architecture) -> int:
    """Count the words of the weight buffer that a layer's rows take."""
    return len(weight_rows(geometry, architecture)) * weight_words(geometry, architecture.pe.width_edges)


def weight_memory(layer: Layer, architecture: Architecture) -> list[int]:
    """Return the words of the weight buffer, by address; 0 where no channel has any."""
    width, groups = architecture.pe.width_edges, architecture.scheduler.groups or 1
    bits = unpack_bits(layer.weights, layer.geometry.fan_in)
    of_channel = [_words(row, width) for row in bits]
    none = [0] * len(of_channel[0])
    rows = [
        none if channel is None else of_channel[channel]
        for channel in weight_rows(layer.geometry, architecture)
    ]
    blocks = [rows[first : first + groups] for first in range(0, len(rows), groups)]
    return [row[word] for block in blocks for word in range(len(none)) for row in block]


def thresholds(layer: Layer) -> list[int]:
    """Return for each channel the matches from which on it is 1, those of a bit plane by its weight.

    0 and one more than all together stand for all that make a channel constant. Of a fixed-point input, whose
    values are ``(sum_p 2^p s_p + c) / 2``, ``c`` of each tap goes into the threshold.
    """
    assert layer.theta is not None  # noqa: S101 - only of layers with thresholds
    g, theta = layer.geometry, layer.theta
    full = g.fan_in * (2**g.planes - 1)
    if g.planes > 1:
        signs = 2 * unpack_bits(layer.weights, g.fan_in).astype(np.int64) - 1
        theta = 2 * theta - layer.input_offset * signs.sum(axis=1)
    matches = -(-(full + theta) // 2)
    return [int(count) for count in np.clip(matches, 0, full + 1)]


def output_words(bits: NDArray[np.integer], width_edges: int) -> list[int]:
    """Return the words of an output map, ``(y, x, channel)`` with channel fastest."""
    return _words(bits.ravel(), width_edges)


def hex_text(words: list[int], width_bits: int) -> str:
    r"""Write words for ``$readmemh``.

    >>> hex_text([10, 3], 6)
    '0a\n03\n'
    """
    return "".join(f"{word:0{-(-width_bits // 4)}x}\n" for word in words)


def _words(bits: NDArray[np.integer], width: int) -> list[int]:
    """Pack bits into words, the first in the least significant place; the last is filled with 0."""
    padded = np.concatenate([bits.astype(np.uint8), np.zeros(-len(bits) % width, np.uint8)])
    packed = np.packbits(padded.reshape(-1, width), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]
