"""Where the operand words of a neuron lie in the activation and weight buffers.

The activation buffer holds the padded input map, plane by plane, as bits ``(y, x, c)`` with ``c``
fastest, in words of ``pe.width_edges`` bits. A PE word is gathered from every buffer word that one of
its edges lies in, in ascending order. A line buffer, like a memory of a PE's own, has the edges of a
neuron beside each other: a PE
word is one access to it, by the address of its first edge. The weight buffer holds each channel's
``fan_in`` bits from a word boundary on; the bit planes of a fixed-point layer share them.

Under an edge order (:class:`o3sim.network.edge_order.EdgeOrder`) a line buffer is accessed once for each
run of edges that follow one another in natural order, by the address of its first, runs of one word
together. Weights lie in the order of evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


class WordAddresses(NamedTuple):
    """Operand addresses of a layer, by edge order and by the kind of border a position has.

    Attributes
    ----------
    border_of : int32 array, shape (positions,)
        Kind of border of each position; one kind only unless padding is ``exclude``.
    first_row : int32 array, shape (out_channels,)
        Row of the tables that a channel has for border 0; the others follow. All 0 in natural order.
    base_bit : int64 array, shape (positions,)
        Bit of the padded map at which the position's kernel begins.
    activation_bit : int64 array, shape (rows, words)
        Bit offset of the first edge of each word, relative to ``base_bit``.
    weight_word : int32 array, shape (rows, words)
        Word of the channel's weights that holds the first edge of each word.
    fetch_start : int64 array, shape (rows * words + 1,)
        Where the fetches of each word, row after row, begin in ``fetch_bit``; the last entry is its length.
    fetch_bit : int64 array
        Bit offsets, ascending for each word, of which each lies in a buffer word to be read; together
        they lie in all of them.
    n_edges : int32 array, shape (borders,)
        Edges of a neuron there.
    offset_of : int32 array, shape (width_edges,)
        Number of each place in a buffer word at which some kernel begins, ``base_bit % width_edges``.
    reads : int64 array, shape (offsets, rows, words)
        Buffer words read for each word and those before it, by number of that place.
    most_reads : int
        Buffer words that one word is gathered from, at most.
    """

    border_of: NDArray[np.int32]
    first_row: NDArray[np.int32]
    base_bit: NDArray[np.int64]
    activation_bit: NDArray[np.int64]
    weight_word: NDArray[np.int32]
    fetch_start: NDArray[np.int64]
    fetch_bit: NDArray[np.int64]
    n_edges: NDArray[np.int32]
    offset_of: NDArray[np.int32]
    reads: NDArray[np.int64]
    most_reads: int

    def fetches(self) -> list[list[list[int]]]:
        """Return the bit offsets of the fetches as lists, by row and word."""
        bits, starts = self.fetch_bit.tolist(), self.fetch_start.tolist()
        words = [bits[first:last] for first, last in pairwise(starts)]
        rows, size = self.weight_word.shape
        return [words[row * size : (row + 1) * size] for row in range(rows)]

    @property
    def gathers(self) -> bool:
        """Whether some word may lie in more than one buffer word."""
        return self.most_reads > 1


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def word_addresses(geometry: Geometry, width_edges: int, one_access_a_word: bool = False) -> WordAddresses:
    """Tabulate the operand addresses of every word of every kind of neuron of a layer.

    Parameters
    ----------
    geometry : Geometry
    width_edges : int
        ``pe.width_edges``.
    one_access_a_word : bool
        Whether PEs read a line buffer, or a memory of their own.
    """
    rows = _present_taps(geometry, geometry.out_height, geometry.in_height, geometry.kernel_height)
    columns = _present_taps(geometry, geometry.out_width, geometry.in_width, geometry.kernel_width)
    kinds: dict[tuple[int, int, int, int], int] = {}
    border_of = np.empty(geometry.out_height * geometry.out_width, dtype=np.int32)
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            border_of[y * geometry.out_width + x] = kinds.setdefault(row + column, len(kinds))
    order = geometry.edge_order
    orders = [None] if order is None else [order.edges(row) for row in range(len(order.granules))]
    fetches = _runs_by_first if one_access_a_word else _run_ends
    tables = [_words_of(geometry, kind, width_edges, edges, fetches) for edges in orders for kind in kinds]
    most = max(1, *(len(words) for _, words in tables))
    activation_bit = np.zeros((len(tables), most), dtype=np.int64)
    weight_word = np.zeros((len(tables), most), dtype=np.int32)
    fetched = np.ones((len(tables), most), dtype=np.int64)
    for index, (bits, words) in enumerate(tables):
        activation_bit[index, : len(words)] = [word[0] for word in bits]
        weight_word[index, : len(words)] = words
        fetched[index, : len(words)] = [len(word) for word in bits]
    none = np.zeros(1, dtype=np.int64)
    fetch_start = np.concatenate([none, np.cumsum(fetched)])
    fetch_bit = np.concatenate(
        [word for bits, words in tables for word in (*bits, *[none] * (most - len(words)))]
    )
    n_edges = [geometry.planes * geometry.in_channels * (k[1] - k[0]) * (k[3] - k[2]) for k in kinds]
    channels = np.zeros(geometry.out_channels, np.int32) if order is None else order.order_of
    base_bit = _base_bits(geometry)
    offsets = np.unique(base_bit % width_edges)
    offset_of = np.zeros(width_edges, dtype=np.int32)
    offset_of[offsets] = np.arange(len(offsets))
    reads = np.stack([_reads(offset + fetch_bit, fetch_start, width_edges) for offset in offsets])
    reads = reads.reshape(len(offsets), len(tables), most)
    return WordAddresses(
        border_of,
        channels * np.int32(len(kinds)),
        base_bit,
        activation_bit,
        weight_word,
        fetch_start,
        fetch_bit,
        np.array(n_edges, dtype=np.int32),
        offset_of,
        reads.cumsum(axis=2),
        int(reads.max()),
    )


def _reads(bits: NDArray[np.int64], start: NDArray[np.int64], width_edges: int) -> NDArray[np.int64]:
    """Count the buffer words that each word is gathered from; its fetches begin at ``start``."""
    is_another = np.diff(bits // width_edges, prepend=-1) != 0
    is_another[start[:-1]] = True
    found: NDArray[np.int64] = np.add.reduceat(is_another.astype(np.int64), start[:-1])
    return found


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
    geometry: Geometry,
    taps: tuple[int, int, int, int],
    width_edges: int,
    order: NDArray[np.int64] | None,
    fetches: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]],
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Bit offsets of the fetches, and weight word of the first edge, of each word of one kind of neuron."""
    bits, places = _edges_of(geometry, taps)
    if order is None:
        evaluated, place_of = np.arange(len(bits)), places
    else:
        present = np.full(geometry.fan_in, -1, dtype=np.int64)
        present[places] = np.arange(len(places))
        evaluated = present[order]
        place_of = np.flatnonzero(evaluated >= 0)
        evaluated = evaluated[place_of]
    starts = range(0, len(evaluated), width_edges)
    found = [fetches(np.sort(evaluated[at : at + width_edges]), bits) for at in starts]
    return found, place_of[::width_edges] // width_edges


def _run_ends(edges: NDArray[np.int64], bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bit offsets of the ends of each run of edges whose bits lie beside each other.

    A run is no longer than a buffer word, so these are bits of every buffer word that it lies in.
    """
    own = bits[edges]
    breaks = np.diff(own) != 1
    ends: NDArray[np.int64] = own[np.append(True, breaks) | np.append(breaks, True)]
    return ends


def _runs_by_first(edges: NDArray[np.int64], bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bit offset of the first edge of each run of edges that follow one another."""
    firsts: NDArray[np.int64] = bits[edges[np.append(True, np.diff(edges) != 1)]]
    return firsts


def _edges_of(
    geometry: Geometry, taps: tuple[int, int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bit offset and weight of each edge of one kind of neuron, in natural order, plane by plane."""
    ky0, ky1, kx0, kx1 = taps
    channels, per_row = geometry.in_channels, (kx1 - kx0) * geometry.in_channels
    per_plane = (ky1 - ky0) * per_row
    edges = np.arange(geometry.planes * per_plane, dtype=np.int64)
    plane, within = np.divmod(edges, max(1, per_plane))
    row, along = np.divmod(within, max(1, per_row))
    ky, kx, channel = row + ky0, along // channels + kx0, along % channels
    padded_width = geometry.in_width + 2 * geometry.padding_pixels
    padded_height = geometry.in_height + 2 * geometry.padding_pixels
    plane_bits = padded_height * padded_width * channels
    bits = plane * plane_bits + (ky * padded_width + kx) * channels + channel
    return bits, (ky * geometry.kernel_width + kx) * channels + channel
