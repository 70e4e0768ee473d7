"""The tiles of a layer: windows whose activations the memories of PEs hold at a time.

A tile takes one half of a PE's memory while the next is broadcast into the other; a layer whose input fits
as a whole is one tile in both. There are lists of windows that PEs take from: one that all share, along the
Z-order curve of the pooled map, so that those of a tile lie together; or one for each PE of a group, with the
columns of the map that are its own (:mod:`o3sim.contract.carousel.columns`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.carousel.pieces import Piece, pieces_of_window

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

HALVES = 2


class Tiles(NamedTuple):
    """The windows of a layer in the order in which they are handed out, and how their tiles are filled.

    Attributes
    ----------
    windows : int32 array, shape (windows,)
        Pooled position of each, those of one list behind those of another.
    start : int32 array, shape (lists, tiles + 1)
        Where each tile of each list begins in ``windows``; the last entries are the ends of the lists.
    need : int32 array, shape (windows,)
        Reads of its tile's filling after which a window can be handed out.
    reads : int32 array
        Buffer words that filling reads, in order, those of one tile behind those of another.
    first_read : int32 array, shape (tiles + 1,)
        Where those of each tile begin in ``reads``; the last entry is their number.
    words : int32 array, shape (tiles,)
        Words that filling writes into the memories of the PEs of a group, all together.
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

    @property
    def lists(self) -> int:
        """How many lists there are: one, or one for each PE of a group."""
        return len(self.start)

    @property
    def sizes(self) -> NDArray[np.int32]:
        """Windows of each tile, shape (tiles,)."""
        sizes: NDArray[np.int32] = np.diff(self.start).sum(axis=0, dtype=np.int32)
        return sizes


class Filling:
    """The filling of a tile: which pieces are in, and what was read for them."""

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


def filled(
    windows: list[int], start: list[list[int]], need: list[int], fillings: list[Filling], words: list[int]
) -> Tiles:
    """Put tiles together, of which each is filled so."""
    return Tiles(
        windows=np.array(windows, np.int32),
        start=np.array(start, np.int32),
        need=np.array(need, np.int32),
        reads=np.array([address for filling in fillings for address in filling.reads], np.int32),
        first_read=np.cumsum([0, *(len(filling.reads) for filling in fillings)], dtype=np.int32),
        words=np.array(words, np.int32),
    )


@lru_cache(maxsize=64)  # the layers of a network, for every image again
def tiles_of(geometry: Geometry, width_edges: int, memory_bits: int, pes: int = 1) -> Tiles | int:
    """Cut the windows of a layer into tiles that all PEs hold.

    Tiles are as even as their number allows: a short one would leave contexts empty.

    Parameters
    ----------
    memory_bits : int
        Size of the memory of a PE.
    pes : int
        PEs of a group.

    Returns
    -------
    Tiles, or int
        The bits that a window needs, if a half of the memory does not hold it.
    """
    order = z_order(geometry.pooled_height, geometry.pooled_width)
    whole, largest = _sizes(geometry, width_edges, order)
    if whole * width_edges <= memory_bits:
        return _filled(geometry, width_edges, order, whole, len(order), pes)
    room = memory_bits // HALVES // width_edges
    if largest > room:
        return largest * width_edges * HALVES
    fewest = _filled(geometry, width_edges, order, room, len(order), pes).number
    return _filled(geometry, width_edges, order, room, -(-len(order) // fewest), pes)


def _sizes(geometry: Geometry, width_edges: int, order: list[int]) -> tuple[int, int]:
    """Count the words that all windows read together, and those of the largest."""
    all_pieces: dict[int, int] = {}
    largest = 0
    for window in order:
        own = {piece.key: piece.words for piece in pieces_of_window(geometry, width_edges, window)}
        largest = max(largest, sum(own.values()))
        all_pieces |= own
    return sum(all_pieces.values()), largest


def _filled(geometry: Geometry, width_edges: int, order: list[int], room: int, most: int, pes: int) -> Tiles:
    """Put as many windows as fit, but no more than so many, into each tile, and fill it."""
    starts, need, fillings = [0], [], [Filling()]
    for place, window in enumerate(order):
        pieces = pieces_of_window(geometry, width_edges, window)
        if fillings[-1].words_with(pieces) > room or place - starts[-1] == most:
            starts.append(place)
            fillings.append(Filling())
        fillings[-1].add(pieces)
        need.append(len(fillings[-1].reads))
    words = [filling.words * pes for filling in fillings]
    return filled(order, [[*starts, len(order)]], need, fillings, words)


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
