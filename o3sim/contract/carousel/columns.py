"""Tiles of PEs that each hold the columns of the map that are their own.

The windows of the pooled map, column by column, are cut into as many runs as a group has PEs. A PE takes its
own from the right to the left; where none is left it may take some from the end of its right neighbour's, the
near end. Each memory holds what these windows read, and no more, though all words are broadcast to all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from o3sim.contract.carousel.pieces import Piece, pieces_of_window
from o3sim.contract.carousel.tiles import HALVES, Filling, Tiles, filled

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


def are_bound(geometry: Geometry, pes: int) -> bool:
    """Return whether a layer has a window for every PE of a group at least; else all share its tiles."""
    return geometry.pooled_height * geometry.pooled_width >= pes


@lru_cache(maxsize=64)  # the layers of a network, for every image again
def columns_of(geometry: Geometry, width_edges: int, memory_bits: int, pes: int, taken: int) -> Tiles | int:
    """Cut the windows of each PE into tiles, in as few as fit.

    Parameters
    ----------
    memory_bits : int
        Size of the memory of a PE.
    pes : int
        PEs of a group.
    taken : int
        Windows of a tile, of its right neighbour's last ones, that a PE may take.

    Returns
    -------
    Tiles, or int
        The bits that a memory has to have at least, if it has too few.
    """
    own = _runs(geometry.pooled_height, geometry.pooled_width, pes)
    pieces = [
        pieces_of_window(geometry, width_edges, window)
        for window in range(geometry.pooled_height * geometry.pooled_width)
    ]
    least = 0
    for number in range(1, max(map(len, own)) + 1):
        parts = [[_part(windows, tile, number) for tile in range(number)] for windows in own]
        held = [[_words(pieces, part) for part in _reachable(parts, tile, taken)] for tile in range(number)]
        bits = max(map(max, held)) * width_edges * (1 if number == 1 else HALVES)
        if bits <= memory_bits:
            return _tiles(parts, pieces, [sum(words) for words in held])
        least = min(least or bits, bits)
    return least


def _runs(height: int, width: int, pes: int) -> list[list[int]]:
    """List the windows of each PE, from the right to the left and each column from the top down."""
    by_column = [y * width + x for x in range(width) for y in range(height)]
    cuts = [len(by_column) * pe // pes for pe in range(pes + 1)]
    runs = (by_column[first:end] for first, end in pairwise(cuts))
    return [sorted(run, key=lambda window: (-(window % width), window)) for run in runs]


def _part(windows: list[int], tile: int, number: int) -> list[int]:
    return windows[len(windows) * tile // number : len(windows) * (tile + 1) // number]


def _reachable(parts: list[list[list[int]]], tile: int, taken: int) -> Iterator[list[int]]:
    """Yield the windows of a tile that each PE may evaluate."""
    for pe, own in enumerate(parts):
        near = parts[(pe + 1) % len(parts)][tile]
        yield own[tile] + near[max(0, len(near) - taken) :]


def _words(pieces: list[list[Piece]], windows: list[int]) -> int:
    """Count the words that windows read together."""
    return sum({piece.key: piece.words for window in windows for piece in pieces[window]}.values())


def _tiles(parts: list[list[list[int]]], pieces: list[list[Piece]], words: list[int]) -> Tiles:
    """Fill each tile for the first windows of all PEs, then for the second ones, and so on."""
    need: dict[int, int] = {}
    fillings = []
    for of_tile in zip(*parts, strict=True):
        filling = Filling()
        for row in zip_longest(*of_tile):
            for window in row:
                if window is not None:
                    filling.add(pieces[window])
                    need[window] = len(filling.reads)
        fillings.append(filling)
    windows: list[int] = []
    start: list[list[int]] = []
    for own in parts:
        start.append([len(windows)])
        for part in own:
            windows += part
            start[-1].append(len(windows))
    return filled(windows, start, [need[window] for window in windows], fillings, words)
