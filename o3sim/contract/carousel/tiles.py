"""The tiles of a layer: windows whose activations the memory of every PE holds at a time.

Windows go along the Z-order curve of the pooled map, so that those of a tile lie together. A tile takes
one half of a PE's memory while the next is broadcast into the other; a layer whose input fits as a whole
is one tile in both. Tiles are as even as their number allows: a short one would leave contexts empty.

Where channels fill whole buffer words, the memory holds words of the padded map, which neurons share. Where
they do not (first layers), a word of weights meets activations that lie in several buffer words; then
the memory holds each neuron's activations as its weights lie, and filling it reads every buffer word that
a word is put together from. Taps of the padding are constants, which a PE puts in by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.program_order import window_members

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

HALVES = 2


class Piece(NamedTuple):
    """What is broadcast as a whole: the activations of a pixel and plane, or of a neuron.

    Attributes
    ----------
    key : int
        What it is known by: a neuron's position, or the first buffer word of a pixel.
    words : int
        Words of the memory that it takes.
    reads : sequence of int
        Buffer words that it is put together from, in order.
    """

    key: int
    words: int
    reads: Sequence[int]


class Tiles(NamedTuple):
    """The windows of a layer in the order in which they are handed out, and how their tiles are filled.

    Attributes
    ----------
    windows : int32 array, shape (windows,)
        Pooled position of each.
    start : int32 array, shape (tiles + 1,)
        Where each tile begins in ``windows``; the last entry is their number.
    need : int32 array, shape (windows,)
        Reads of its tile's filling after which a window can be handed out.
    reads : int32 array
        Buffer words that filling reads, in order, those of one tile behind those of another.
    first_read : int32 array, shape (tiles + 1,)
        Where those of each tile begin in ``reads``; the last entry is their number.
    words : int32 array, shape (tiles,)
        Words that filling writes into the memory of every PE.
    """

    windows: NDArray[np.int32]
    start: NDArray[np.int32]
    need: NDArray[np.int32]
    reads: NDArray[np.int32]
    first_read: NDArray[np.int32]
    words: NDArray[np.int32]

    @property
    def number(self) -> int:
        """How many tiles there are."""
        return len(self.words)


class _Filling:
    """The filling of a tile under way: which pieces are in, and what was read for them."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self.reads: list[int] = []
        self.words = 0

    def words_with(self, pieces: list[Piece]) -> int:
        """Count the words that are in when these pieces are, too."""
        return self.words + sum({p.key: p.words for p in pieces if p.key not in self._held}.values())

    def add(self, pieces: list[Piece]) -> None:
        """Read what is not in yet, in order."""
        for piece in pieces:
            if piece.key not in self._held:
                self._held.add(piece.key)
                self.words += piece.words
                self.reads += piece.reads


@lru_cache(maxsize=64)  # the layers of a network, for every image again
def tiles_of(geometry: Geometry, width_edges: int, memory_bits: int) -> Tiles | int:
    """Cut the windows of a layer into tiles.

    Parameters
    ----------
    memory_bits : int
        Size of the memory of a PE.

    Returns
    -------
    Tiles, or int
        The bits that a window needs, if a half of the memory does not hold it.
    """
    order = z_order(geometry.pooled_height, geometry.pooled_width)
    whole, largest = _sizes(geometry, width_edges, order)
    if whole * width_edges <= memory_bits:
        return _filled(geometry, width_edges, order, whole, len(order))
    room = memory_bits // HALVES // width_edges
    if largest > room:
        return largest * width_edges * HALVES
    fewest = _filled(geometry, width_edges, order, room, len(order)).number
    return _filled(geometry, width_edges, order, room, -(-len(order) // fewest))


def _sizes(geometry: Geometry, width_edges: int, order: list[int]) -> tuple[int, int]:
    """Count the words that all windows read together, and those of the largest."""
    all_pieces: dict[int, int] = {}
    largest = 0
    for window in order:
        own = {piece.key: piece.words for piece in _pieces_of_window(geometry, width_edges, window)}
        largest = max(largest, sum(own.values()))
        all_pieces |= own
    return sum(all_pieces.values()), largest


def _filled(geometry: Geometry, width_edges: int, order: list[int], room: int, most: int) -> Tiles:
    """Put as many windows as fit, but no more than so many, into each tile, and fill it."""
    starts, need, fillings = [0], [], [_Filling()]
    for place, window in enumerate(order):
        pieces = _pieces_of_window(geometry, width_edges, window)
        if fillings[-1].words_with(pieces) > room or place - starts[-1] == most:
            starts.append(place)
            fillings.append(_Filling())
        fillings[-1].add(pieces)
        need.append(len(fillings[-1].reads))
    return Tiles(
        windows=np.array(order, np.int32),
        start=np.array([*starts, len(order)], np.int32),
        need=np.array(need, np.int32),
        reads=np.array([address for filling in fillings for address in filling.reads], np.int32),
        first_read=np.cumsum([0, *(len(filling.reads) for filling in fillings)], dtype=np.int32),
        words=np.array([filling.words for filling in fillings], np.int32),
    )


def z_order(height: int, width: int) -> list[int]:
    """List the places of a map, ``y * width + x``, along the Z-order curve.

    >>> z_order(2, 3)
    [0, 1, 3, 4, 2, 5]
    """
    places = ((y, x) for y in range(height) for x in range(width))
    return [y * width + x for y, x in sorted(places, key=lambda place: _interleaved(*place))]


def _interleaved(y: int, x: int) -> int:
    bits = max(y, x).bit_length()
    return sum((x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1 for bit in range(bits))


def _pieces_of_window(geometry: Geometry, width_edges: int, window: int) -> list[Piece]:
    """List what the members of a window read, one member after another."""
    of_position = _pixels if _fills_words(geometry, width_edges) else _neuron
    positions = window_members(geometry).owned[window].tolist()
    return [piece for position in positions for piece in of_position(geometry, width_edges, position)]


def _fills_words(geometry: Geometry, width_edges: int) -> bool:
    """Return whether each word of weights meets one word of the buffer."""
    alone = geometry.kind == "dense" and geometry.planes == 1
    return alone or geometry.in_channels % width_edges == 0


def _pixels(geometry: Geometry, width_edges: int, position: int) -> Iterator[Piece]:
    """Yield the pixels under a position, plane by plane and tap by tap."""
    words = -(-geometry.in_channels // width_edges)
    base, taps = _taps(geometry, position)
    for first_bit, _ in taps:
        first = (base + first_bit) // width_edges
        yield Piece(first, words, range(first, first + words))


def _neuron(geometry: Geometry, width_edges: int, position: int) -> Iterator[Piece]:
    """Yield a neuron's activations, in words as its weights lie."""
    base, taps = _taps(geometry, position)
    met = _met_words(taps, geometry.in_channels, geometry.fan_in, width_edges, base % width_edges)
    first = base // width_edges
    yield Piece(position, len(met), [first + address for word in met for address in word])


@lru_cache(maxsize=4096)  # by kind of border, and the place in a word at which a kernel begins
def _met_words(
    taps: tuple[tuple[int, int], ...], channels: int, fan_in: int, width_edges: int, offset: int
) -> tuple[tuple[int, ...], ...]:
    """Return the buffer words that each word of weights meets, from that on in which the kernel begins."""
    met: dict[tuple[int, int], dict[int, None]] = {}
    for first_bit, first_edge in taps:
        plane, first = divmod(first_edge, fan_in)
        for channel in range(channels):
            addresses = met.setdefault((plane, (first + channel) // width_edges), {})
            addresses[(offset + first_bit + channel) // width_edges] = None
    return tuple(tuple(addresses) for addresses in met.values())


def _taps(geometry: Geometry, position: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return the bit of the padded map at which the kernel begins, and the taps that lie inside the map.

    Of each tap the bit at which it begins, from that on, and its first edge, those of further planes after
    those of the first.
    """
    y, x = divmod(position, geometry.out_width)
    row, column = y * geometry.stride, x * geometry.stride
    base = (row * (geometry.in_width + 2 * geometry.padding_pixels) + column) * geometry.in_channels
    rows = _inside(row, geometry.kernel_height, geometry.padding_pixels, geometry.in_height)
    columns = _inside(column, geometry.kernel_width, geometry.padding_pixels, geometry.in_width)
    return base, _taps_inside(geometry, rows, columns)


@lru_cache(maxsize=4096)
def _taps_inside(
    geometry: Geometry, rows: tuple[int, int], columns: tuple[int, int]
) -> tuple[tuple[int, int], ...]:
    g = geometry
    padded_height, padded_width = (size + 2 * g.padding_pixels for size in (g.in_height, g.in_width))
    return tuple(
        (
            ((plane * padded_height + ky) * padded_width + kx) * g.in_channels,
            plane * g.fan_in + (ky * g.kernel_width + kx) * g.in_channels,
        )
        for plane in range(g.planes)
        for ky in range(*rows)
        for kx in range(*columns)
    )


def _inside(first: int, taps: int, padding: int, size: int) -> tuple[int, int]:
    """Return the first of so many taps that lies inside the map, and the one after the last."""
    begin = max(0, padding - first)
    return begin, max(begin, min(taps, padding + size - first))
