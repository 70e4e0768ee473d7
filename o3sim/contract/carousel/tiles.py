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

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.program_order import window_members

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

HALVES = 2

Word = tuple[object, tuple[int, ...]]
"""A word of the memory: what it is known by, and the buffer words that it is put together from."""


class Tiles(NamedTuple):
    """The windows of a layer in the order in which they are handed out, and how their tiles are filled.

    Attributes
    ----------
    windows : int32 array, shape (windows,)
        Pooled position of each.
    start : int32 array, shape (tiles + 1,)
        Where each tile begins in ``windows``; the last entry is their number.
    need : int32 array, shape (windows,)
        Cycles of its tile's filling after which a window can be handed out.
    cycles : int32 array, shape (tiles,)
        Cycles that filling takes.
    reads : int32 array, shape (tiles,)
        Buffer words that it reads.
    words : int32 array, shape (tiles,)
        Words that it writes into the memory of every PE.
    """

    windows: NDArray[np.int32]
    start: NDArray[np.int32]
    need: NDArray[np.int32]
    cycles: NDArray[np.int32]
    reads: NDArray[np.int32]
    words: NDArray[np.int32]

    @property
    def number(self) -> int:
        """How many tiles there are."""
        return len(self.cycles)


class _Filling:
    """The filling of a tile under way: which words are in, which banks were read in the last cycle."""

    def __init__(self, banks: int | Literal["ideal"]) -> None:
        self._banks = banks
        self._busy: set[int] = set()
        self.held: set[object] = set()
        self.cycles = self.reads = 0

    def add(self, words: list[Word]) -> None:
        """Read what is not in yet, in order, as many buffer words a cycle as lie in different banks."""
        for key, addresses in words:
            if key in self.held:
                continue
            self.held.add(key)
            for address in addresses:
                self._read(address)

    def _read(self, address: int) -> None:
        self.reads += 1
        if self._banks == "ideal":
            self.cycles = 1
            return
        bank = address % self._banks
        if self.cycles == 0 or bank in self._busy:
            self.cycles += 1
            self._busy.clear()
        self._busy.add(bank)


@lru_cache(maxsize=64)  # the layers of a network, for every image again
def tiles_of(
    geometry: Geometry, width_edges: int, memory_bits: int, banks: int | Literal["ideal"]
) -> Tiles | int:
    """Cut the windows of a layer into tiles.

    Parameters
    ----------
    memory_bits : int
        Of the memory of a PE.
    banks : int or "ideal"
        Of the activation buffer; each gives a word a cycle.

    Returns
    -------
    Tiles, or int
        The bits that a window needs, if a half of the memory does not hold it.
    """
    order = z_order(geometry.pooled_height, geometry.pooled_width)
    read = {key for window in order for key, _ in _words_of_window(geometry, width_edges, window)}
    whole = len(read) * width_edges <= memory_bits
    room = memory_bits // (1 if whole else HALVES) // width_edges
    largest = max(len({key for key, _ in _words_of_window(geometry, width_edges, w)}) for w in order)
    if largest > room:
        return largest * width_edges * HALVES
    fewest = len(_cut(geometry, width_edges, order, room, len(order)))
    return _filled(
        geometry,
        width_edges,
        order,
        _cut(geometry, width_edges, order, room, -(-len(order) // fewest)),
        banks,
    )


def _cut(geometry: Geometry, width_edges: int, order: list[int], room: int, most: int) -> list[int]:
    """Put as many windows as fit, but no more than so many, into each tile; return where tiles begin."""
    starts, held = [0], set[object]()
    for place, window in enumerate(order):
        new = {key for key, _ in _words_of_window(geometry, width_edges, window)}
        if len(held | new) > room or place - starts[-1] == most:
            starts.append(place)
            held = set()
        held |= new
    return starts


def _filled(
    geometry: Geometry, width_edges: int, order: list[int], starts: list[int], banks: int | Literal["ideal"]
) -> Tiles:
    """Fill tile after tile."""
    fillings: list[_Filling] = []
    need, begins = [], set(starts)
    for place, window in enumerate(order):
        if place in begins:
            fillings.append(_Filling(banks))
        fillings[-1].add(list(_words_of_window(geometry, width_edges, window)))
        need.append(fillings[-1].cycles)
    return Tiles(
        windows=np.array(order, np.int32),
        start=np.array([*starts, len(order)], np.int32),
        need=np.array(need, np.int32),
        cycles=np.array([filling.cycles for filling in fillings], np.int32),
        reads=np.array([filling.reads for filling in fillings], np.int32),
        words=np.array([len(filling.held) for filling in fillings], np.int32),
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


def _words_of_window(geometry: Geometry, width_edges: int, window: int) -> Iterator[Word]:
    """Yield the words of the memory that the members of a window read, one member after another."""
    for position in window_members(geometry).owned[window].tolist():
        if _fills_words(geometry, width_edges):
            yield from _shared_words(geometry, width_edges, position)
        else:
            yield from _own_words(geometry, width_edges, position)


def _fills_words(geometry: Geometry, width_edges: int) -> bool:
    """Return whether each word of weights meets one word of the buffer."""
    alone = geometry.kind == "dense" and geometry.planes == 1
    return alone or geometry.in_channels % width_edges == 0


def _shared_words(geometry: Geometry, width_edges: int, position: int) -> Iterator[Word]:
    """Yield the buffer words under a position, tap by tap."""
    words = -(-geometry.in_channels // width_edges)
    for plane in range(geometry.planes):
        for first_bit, _ in _taps(geometry, position, plane):
            for address in range(first_bit // width_edges, first_bit // width_edges + words):
                yield address, (address,)


def _own_words(geometry: Geometry, width_edges: int, position: int) -> Iterator[Word]:
    """Yield a position's activations as words in the order of its weights."""
    for plane in range(geometry.planes):
        met: dict[int, dict[int, None]] = {}
        for first_bit, first_edge in _taps(geometry, position, plane):
            for channel in range(geometry.in_channels):
                addresses = met.setdefault((first_edge + channel) // width_edges, {})
                addresses[(first_bit + channel) // width_edges] = None
        for word, addresses in met.items():
            yield (position, plane, word), tuple(addresses)


def _taps(geometry: Geometry, position: int, plane: int) -> Iterator[tuple[int, int]]:
    """Yield the bit of the padded map at which each tap inside the map begins, and its first edge."""
    g = geometry
    padded_height, padded_width = (size + 2 * g.padding_pixels for size in (g.in_height, g.in_width))
    y, x = divmod(position, g.out_width)
    for ky in range(g.kernel_height):
        for kx in range(g.kernel_width):
            row, column = y * g.stride + ky, x * g.stride + kx
            if _inside(g, row, column):
                pixel = (plane * padded_height + row) * padded_width + column
                yield pixel * g.in_channels, (ky * g.kernel_width + kx) * g.in_channels


def _inside(geometry: Geometry, row: int, column: int) -> bool:
    """Return whether a place of the padded map is one of the map."""
    pad = geometry.padding_pixels
    return pad <= row < geometry.in_height + pad and pad <= column < geometry.in_width + pad


def tile_ranges(tiles: Tiles) -> list[tuple[int, int]]:
    """Return the first window of each tile, and the one after its last."""
    return list(pairwise(tiles.start.tolist()))
