"""Kernels of the terms on a CPU: every number of a map is read once, and rounded as PyTorch would round it.

A term is a dozen operations with a number for each channel. One after another they go through memory a dozen
times, in steps as short as the channels of a position are few: they took twice as long as the convolutions.
All arrays are float32, and maps are ``[positions, channels]``.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Map = NDArray[np.float32]


@njit(cache=True, nogil=True)
def decided_map(dots: Map, by_channel: Map, limits: Map, shares: Map, slopes: Map, aheads: Map) -> None:
    """Fill the last three for one image: see :func:`o3sim.train.regularisers.threshold.decided`.

    Parameters
    ----------
    by_channel : ndarray of float32, shape (3, channels)
        Signs, theta and thresholds.
    limits : ndarray of float32, shape (3,)
        Edges, and the least and the most matches that are told apart.
    """
    sign, theta, threshold = by_channel[0], by_channel[1], by_channel[2]
    n_edges, least, most = limits[0], limits[1], limits[2]
    half, whole, nought = np.float32(0.5), np.float32(1), np.float32(0)
    for position in range(dots.shape[0]):
        for channel in range(dots.shape[1]):
            toward = dots[position, channel] * sign[channel]
            one = toward >= theta[channel]
            found = (toward + n_edges) * half
            matches = min(max(found, least), most)
            ahead = matches if one else n_edges - matches
            needed = threshold[channel] if one else n_edges - threshold[channel]
            share = needed / ahead
            toll = -half * sign[channel] if one else half * sign[channel]
            steady = found < least or found > most or share > whole
            slopes[position, channel] = nought if steady else toll * share / ahead
            shares[position, channel] = min(share, whole)
            signed = ahead if one else -ahead
            aheads[position, channel] = np.float32(np.inf) if share > whole else signed


@njit(cache=True, nogil=True)
def moments_gradient(values: Map, mean: Map, slope: Map, shift: Map, gradient: Map) -> None:
    """Fill the gradient of one image: ``(value - mean) * slope + shift``, channel by channel."""
    for position in range(values.shape[0]):
        for channel in range(values.shape[1]):
            off = values[position, channel] - mean[channel]
            gradient[position, channel] = off * slope[channel] + shift[channel]
