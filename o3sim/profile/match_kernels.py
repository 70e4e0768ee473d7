"""Compiled kernels that count the matches of every word of every neuron.

Kept apart from those of the profile, because machines whose ops begin at the first word need none of them.
``_popcount`` repeats that of :mod:`o3sim.network.bits.kernels` because Numba's cache does not notice edits
across files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from o3sim.network.bits.inlining import helper

_ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


@helper
def _popcount(word: np.uint64) -> np.int64:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def match_parts(
    patches: NDArray[Any],
    masks: NDArray[Any],
    mask_index: NDArray[np.int32],
    weights: NDArray[Any],
    matches: NDArray[Any],
) -> None:
    """Count the matches in every word, words being numbers of their own in the packed maps and weights.

    Parameters
    ----------
    patches : ndarray of unsigned int, shape (positions, planes, words or more)
    masks : ndarray of unsigned int, shape (patterns, words or more)
    mask_index : ndarray of int32, shape (positions,)
    weights : ndarray of unsigned int, shape (out_channels, words or more)
    matches : ndarray of uint8, shape (out_channels, positions, planes * words)
        Receives the counts, plane after plane.
    """
    positions, planes, _ = patches.shape
    words = matches.shape[2] // planes
    for channel in range(len(weights)):
        weight = weights[channel]
        for position in range(positions):
            mask = masks[mask_index[position]]
            for plane in range(planes):
                activation = patches[position, plane]
                counted = matches[channel, position, plane * words : (plane + 1) * words]
                for word in range(words):
                    counted[word] = _popcount(~(activation[word] ^ weight[word]) & mask[word])


@njit(cache=True, nogil=True)
def match_words(
    patches: NDArray[np.uint64],
    masks: NDArray[np.uint64],
    mask_index: NDArray[np.int32],
    weights: NDArray[np.uint64],
    width_edges: int,
    matches: NDArray[np.uint16],
) -> None:
    """Count the matches in every word of ``width_edges`` taps of every neuron.

    Parameters
    ----------
    patches, masks, mask_index, weights
        As for :func:`o3sim.network.bits.kernels.count_mismatches`.
    matches : ndarray of uint16, shape (positions, planes * words, out_channels), zeroed
        Receives the counts, plane after plane.
    """
    positions, planes, size = patches.shape
    words = matches.shape[1] // planes
    for position in range(positions):
        mask = masks[mask_index[position]]
        for plane in range(planes):
            for word in range(words):
                counted = matches[position, plane * words + word]
                begin, end = word * width_edges, (word + 1) * width_edges
                for k in range(begin >> 6, min(size, (end + 63) >> 6)):
                    low, high = max(0, begin - 64 * k), min(64, end - 64 * k)
                    part = (_ALL_ONES >> np.uint64(64 - (high - low))) << np.uint64(low)
                    activation, used = patches[position, plane, k], mask[k] & part
                    for channel in range(weights.shape[1]):
                        counted[channel] += _popcount(~(activation ^ weights[k, channel]) & used)
