"""Matches of every word of every neuron: what a machine needs whose ops may begin at any word.

The two bounds of threshold pruning hold for whatever edges have been seen, so an op may join a stream of
weight words at the word that is passing and go round once. Which word decides it then depends on where
it joined, and one decision index does not say.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.patches import gather, masks_of, most_mismatches
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


class WordMatches(NamedTuple):
    """Matches of a layer's neurons, word by word, on one image, and what decides them.

    Attributes
    ----------
    matches : uint16 array, shape (positions, words, out_channels)
        Edges that match, each counted once.
    most_mismatches : int64 array, shape (patterns, out_channels)
        The outcome is 1 up to this many weighted mismatches, under each pattern of excluded taps.
    """

    matches: NDArray[np.uint16]
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
    from o3sim.profile.kernels import match_words

    g = layer.geometry
    patches = gather(g, codes)
    words = g.planes * -(-g.fan_in // width_edges)
    matches = np.zeros((len(patches.words), words, g.out_channels), np.uint16)
    match_words(patches.words, patches.masks, patches.mask_index, layer.weights_by_word, width_edges, matches)
    return WordMatches(matches, most_mismatches(layer, patches))


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def word_edges(geometry: Geometry, width_edges: int) -> WordEdges:
    """Count the edges of the words of a layer, from its shape alone."""
    masks, pattern_of = masks_of(geometry)
    taps = unpack_bits(masks, geometry.fan_in).astype(np.int32)
    edges = np.add.reduceat(taps, np.arange(0, geometry.fan_in, width_edges), axis=1, dtype=np.int32)
    plane_of = np.repeat(np.arange(geometry.planes, dtype=np.int32)[::-1], edges.shape[1])
    return WordEdges(np.tile(edges, (1, geometry.planes)), pattern_of, plane_of)
