"""Matches of every word of every neuron: what a machine needs whose ops may begin at any word.

The two bounds of threshold pruning hold for whatever edges have been seen, so an op may join a stream of
weight words at the word that is passing and go round once. Which word decides it then depends on where
it joined, and one decision index does not say.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.patches import Patches, gather, masks_of, most_mismatches
from o3sim.network.layer import Geometry, Layer


class WordEdges(NamedTuple):
    """Edges of a layer's words; a word holds the weights of so many taps in ``(ky, kx, c)`` order.

    Of a fixed-point input each plane has words of its own, the most significant plane first.

    Attributes
    ----------
    edges : int32 array, shape (patterns, words)
        Edges of each word under each pattern of excluded taps, each counted once.
    pattern_of : int32 array, shape (positions,)
        Pattern of each output position.
    plane_of : int32 array, shape (words,)
        Edges of a word weigh ``2**plane``.
    """

    edges: NDArray[np.int32]
    pattern_of: NDArray[np.int32]
    plane_of: NDArray[np.int32]


MOST_EDGES_OF_A_BYTE = 255
"""Of a word whose matches fit into a byte."""


class WordMatches(NamedTuple):
    """Matches of a layer's neurons, word by word, on one image, and what decides them.

    Attributes
    ----------
    matches : uint8 or uint16 array, shape (positions, words, out_channels)
        Edges that match, each counted once. Words of a neuron lie beside each other, then positions, so that
        an op reads one line of memory, and the next op of a channel the next.
    most_mismatches : int64 array, shape (patterns, out_channels)
        The outcome is 1 up to this many weighted mismatches, under each pattern of excluded taps.
    """

    matches: NDArray[np.unsignedinteger[Any]]
    most_mismatches: NDArray[np.int64]


def word_matches(layer: Layer, codes: NDArray[np.integer], width_edges: int) -> WordMatches:
    """Count the matches of every word of a layer with thresholds, in natural edge order.

    Parameters
    ----------
    codes : ndarray of int, shape (in_height, in_width, in_channels)
        As for :func:`o3sim.network.bits.patches.gather`.
    width_edges : int
        Taps of a word, up to 65,535.
    """
    g = layer.geometry
    patches = gather(g, codes)
    words = g.planes * -(-g.fan_in // width_edges)
    count = np.uint8 if width_edges <= MOST_EDGES_OF_A_BYTE else np.uint16
    matches = np.empty((g.out_channels, len(patches.words), words), count)
    if width_edges in _PARTS:
        _match_parts(layer, patches, _PARTS[width_edges], matches)
    else:
        _match_any(layer, patches, width_edges, matches)
    return WordMatches(matches.transpose(1, 2, 0), most_mismatches(layer, patches))


_PARTS: dict[int, Any] = {8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}
"""Types of words that divide the words of 64 bits that maps and weights are packed in."""


def _match_parts(layer: Layer, patches: Patches, part: Any, matches: NDArray[Any]) -> None:
    """Count words that lie in one packed word each: so many of them at a time as the processor can."""
    from o3sim.profile.match_kernels import match_parts

    little = np.dtype(part).newbyteorder("<")  # the first edge is the lowest bit
    match_parts(
        patches.words.view(little), patches.masks.view(little), patches.mask_index,
        np.ascontiguousarray(layer.weights).view(little), matches,
    )  # fmt: skip


def _match_any(layer: Layer, patches: Patches, width_edges: int, matches: NDArray[Any]) -> None:
    """Count words of any width, for all channels at a time, and turn them around."""
    from o3sim.profile.match_kernels import match_words

    for position in range(0, len(patches.words), _POSITIONS):
        part = slice(position, position + _POSITIONS)
        counted = np.zeros((len(patches.words[part]), matches.shape[2], len(matches)), np.uint16)
        match_words(
            patches.words[part], patches.masks, patches.mask_index[part],
            layer.weights_by_word, width_edges, counted,
        )  # fmt: skip
        matches[:, part] = counted.transpose(2, 0, 1)


_POSITIONS = 64
"""Turned around at a time, so that they lie in the cache."""


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def word_edges(geometry: Geometry, width_edges: int) -> WordEdges:
    """Count the edges of the words of a layer, from its shape alone."""
    masks, pattern_of = masks_of(geometry)
    taps = unpack_bits(masks, geometry.fan_in).astype(np.int32)
    edges = np.add.reduceat(taps, np.arange(0, geometry.fan_in, width_edges), axis=1, dtype=np.int32)
    plane_of = np.repeat(np.arange(geometry.planes, dtype=np.int32)[::-1], edges.shape[1])
    return WordEdges(np.tile(edges, (1, geometry.planes)), pattern_of, plane_of)
