"""Where the operand words of a neuron lie in the activation and weight buffers.

The activation buffer holds the padded input map, plane by plane, as bits ``(y, x, c)`` with ``c``
fastest, in words of ``pe.width_edges`` bits. A PE word is fetched by the address of its first
edge; the network that aligns a word which starts in the middle of a buffer word, or runs over the
end of a kernel row, is not modelled. The weight buffer holds each channel's ``fan_in`` bits from a
word boundary on; the bit planes of a fixed-point layer share them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


class WordAddresses(NamedTuple):
    """Operand addresses of a layer, by the kind of border a position has.

    Attributes
    ----------
    border_of : int32 array, shape (positions,)
        Kind of border of each position; one kind only unless padding is ``exclude``.
    base_bit : int64 array, shape (positions,)
        Bit of the padded map at which the position's kernel begins.
    activation_bit : int64 array, shape (borders, words)
        Bit offset of the first edge of each word, relative to ``base_bit``.
    weight_word : int32 array, shape (borders, words)
        Word of the channel's weights that holds the first edge of each word.
    n_edges : int32 array, shape (borders,)
        Edges of a neuron there.
    """

    border_of: NDArray[np.int32]
    base_bit: NDArray[np.int64]
    activation_bit: NDArray[np.int64]
    weight_word: NDArray[np.int32]
    n_edges: NDArray[np.int32]


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def word_addresses(geometry: Geometry, width_edges: int) -> WordAddresses:
    """Tabulate the operand addresses of every word of every kind of neuron of a layer."""
    rows = _present_taps(geometry, geometry.out_height, geometry.in_height, geometry.kernel_height)
    columns = _present_taps(geometry, geometry.out_width, geometry.in_width, geometry.kernel_width)
    kinds: dict[tuple[int, int, int, int], int] = {}
    border_of = np.empty(geometry.out_height * geometry.out_width, dtype=np.int32)
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            border_of[y * geometry.out_width + x] = kinds.setdefault(row + column, len(kinds))
    tables = [_words_of(geometry, kind, width_edges) for kind in kinds]
    most = max(1, *(len(bits) for bits, _ in tables))
    activation_bit = np.zeros((len(tables), most), dtype=np.int64)
    weight_word = np.zeros((len(tables), most), dtype=np.int32)
    for index, (bits, words) in enumerate(tables):
        activation_bit[index, : len(bits)] = bits
        weight_word[index, : len(words)] = words
    n_edges = [geometry.planes * geometry.in_channels * (k[1] - k[0]) * (k[3] - k[2]) for k in kinds]
    return WordAddresses(
        border_of, _base_bits(geometry), activation_bit, weight_word, np.array(n_edges, dtype=np.int32)
    )


def _present_taps(geometry: Geometry, outputs: int, inputs: int, kernel: int) -> list[tuple[int, int]]:
    """Range of kernel taps that are edges, for each output coordinate along one axis."""
    if geometry.padding != "exclude":
        return [(0, kernel)] * outputs
    ranges = []
    for output in range(outputs):
        under_first = output * geometry.stride - geometry.padding_pixels
        begin = min(kernel, max(0, -under_first))
        ranges.append((begin, max(begin, min(kernel, inputs - under_first))))
    return ranges


def _base_bits(geometry: Geometry) -> NDArray[np.int64]:
    """Bit of the padded map under tap (0, 0) of every position."""
    padded_width = geometry.in_width + 2 * geometry.padding_pixels
    y, x = np.divmod(np.arange(geometry.out_height * geometry.out_width, dtype=np.int64), geometry.out_width)
    base: NDArray[np.int64] = (y * padded_width + x) * (geometry.stride * geometry.in_channels)
    return base


def _words_of(
    geometry: Geometry, taps: tuple[int, int, int, int], width_edges: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Activation bit offset and weight word of the first edge of each word of one kind of neuron."""
    ky0, ky1, kx0, kx1 = taps
    channels, per_row = geometry.in_channels, (kx1 - kx0) * geometry.in_channels
    per_plane = (ky1 - ky0) * per_row
    first_edge = np.arange(0, geometry.planes * per_plane, width_edges, dtype=np.int64)
    plane, within = np.divmod(first_edge, max(1, per_plane))
    row, along = np.divmod(within, max(1, per_row))
    ky, kx, channel = row + ky0, along // channels + kx0, along % channels
    padded_width = geometry.in_width + 2 * geometry.padding_pixels
    padded_height = geometry.in_height + 2 * geometry.padding_pixels
    plane_bits = padded_height * padded_width * channels
    activation_bit = plane * plane_bits + (ky * padded_width + kx) * channels + channel
    weight_edge = (ky * geometry.kernel_width + kx) * channels + channel
    return activation_bit, weight_edge // width_edges
