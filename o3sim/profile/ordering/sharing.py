"""Groups of channels that share an order: channels whose edges want to be sorted alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def alike(keys: NDArray[np.float64], most: int) -> NDArray[np.int32]:
    """Cut channels into groups of at most so many.

    The set is halved along the direction in which its keys vary most, again and again: a balanced
    tree, the same on every run.

    Parameters
    ----------
    keys : ndarray of float64, shape (channels, fan_in)
        What each channel would be sorted by.

    Returns
    -------
    ndarray of int32, shape (channels,)
        The group of each, numbered from 0 in the order of their first channels.
    """
    pieces = _halved(keys, np.arange(len(keys)), most)
    pieces.sort(key=lambda piece: int(piece.min()))
    groups = np.empty(len(keys), np.int32)
    for number, piece in enumerate(pieces):
        groups[piece] = number
    return groups


def _halved(keys: NDArray[np.float64], channels: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
    if len(channels) <= most:
        return [channels]
    ordered = channels[np.argsort(_along(keys[channels]), kind="stable")]
    groups = -(-len(channels) // most)
    middle = groups // 2 * most
    return [*_halved(keys, ordered[:middle], most), *_halved(keys, ordered[middle:], most)]


def _along(keys: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project on the direction of most variance; rounded, so that ties stay ties on any machine."""
    centred = keys - keys.mean(axis=0)
    _, vectors = np.linalg.eigh(centred @ centred.T)
    along: NDArray[np.float64] = np.round(vectors[:, -1] * np.sign(vectors[0, -1] or 1.0), 6)
    return along
