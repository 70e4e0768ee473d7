"""Matches of every word of every neuron: what a machine needs whose ops may begin at any word.

The two bounds of threshold pruning hold for whatever edges have been seen, so an op may join a stream of
weight words at the word that is passing and go round once. Which word decides it then depends on where
it joined, and one decision index does not say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.patches import gather, most_mismatches
from o3sim.network.layer import Geometry, Layer


@dataclass(frozen=True, eq=False)
class WordMatches:
    """Matches of a layer's neurons, word by word, on one image.

    A word holds the weights of ``width_edges`` taps in ``(ky, kx, c)`` order; of a fixed-point input each
    plane has words of its own, the most significant first, whose edges weigh ``2**plane``.

    Attributes
    ----------
    matches : ndarray of uint16, shape (positions, words, out_channels)
        Edges that match, each counted once.
    edges : ndarray of int32, shape (patterns, words)
        Edges of each word under each pattern of excluded taps, each counted once.
    pattern_of : ndarray of int32, shape (positions,)
    plane_of : ndarray of int32, shape (words,)
        Edges of a word weigh ``2**plane``.
    most_mismatches : ndarray of int64, shape (patterns, out_channels)
        The outcome is 1 up to this many weighted mismatches.
    """

    matches: NDArray[np.uint16]
    edges: NDArray[np.int32]
    pattern_of: NDArray[np.int32]
    plane_of: NDArray[np.int32]
    most_mismatches: NDArray[np.int64]


def word_matches(layer: Layer, codes: NDArray[np.integer], width_edges: int) -> WordMatches:
    """Count the matches of every word of a layer with thresholds and natural edge order.

    Parameters
    ----------
    codes : ndarray of int, shape (in_height, in_width, in_channels)
        As for :func:`o3sim.network.bits.patches.gather`.
    width_edges : int
        Edges of a word, up to 65,535.
    """
    from o3sim.profile.kernels import match_words

    g = layer.geometry
    patches = gather(g, codes)
    words = words_of(g, width_edges)
    matches = np.zeros((len(patches.words), words, g.out_channels), np.uint16)
    match_words(patches.words, patches.masks, patches.mask_index, layer.weights_by_word, width_edges, matches)
    return WordMatches(
        matches,
        _edges(g, patches.masks, width_edges),
        patches.mask_index,
        plane_of_words(g, width_edges),
        most_mismatches(layer, patches),
    )


def words_of(geometry: Geometry, width_edges: int) -> int:
    """Count the words that a neuron's edges pass in: those of its weights, once for each plane."""
    return geometry.planes * -(-geometry.fan_in // width_edges)


def plane_of_words(geometry: Geometry, width_edges: int) -> NDArray[np.int32]:
    """Return the plane of each word, ``2**plane`` being what its edges weigh."""
    words = words_of(geometry, width_edges) // geometry.planes
    return np.repeat(np.arange(geometry.planes, dtype=np.int32)[::-1], words)


def _edges(geometry: Geometry, masks: NDArray[np.uint64], width_edges: int) -> NDArray[np.int32]:
    """Count the edges of each word under each mask."""
    taps = unpack_bits(masks, geometry.fan_in).astype(np.int32)
    starts = np.arange(0, geometry.fan_in, width_edges)
    counted = np.add.reduceat(taps, starts, axis=1, dtype=np.int32)
    return np.tile(counted, (1, geometry.planes))
