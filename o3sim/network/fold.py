"""Fold batch normalisation into integer thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BEYOND = 2**31 - 1
"""Above any dot; its negative is below."""


def fold_batch_norm(
    weights: NDArray[np.uint8], scale: NDArray[np.floating], shift: NDArray[np.floating]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Turn ``scale*dot + shift >= 0`` into ``dot >= theta`` for every output channel.

    A channel with a negative scale gets inverted weights, so that its dot changes sign and the
    comparison becomes the one all others have. A scale of 0 makes a constant channel.

    Parameters
    ----------
    weights : ndarray of uint8, shape (out_channels, ...)
        1 for +1, 0 for -1.
    scale, shift : ndarray of float, shape (out_channels,)
        Batch norm written as ``scale*x + shift``: ``gamma/sigma`` and ``beta - mean*gamma/sigma``.

    Returns
    -------
    weights : ndarray of uint8, same shape
    theta : ndarray of int64, shape (out_channels,)
        Beyond any dot for constant channels.

    Examples
    --------
    >>> bits = np.array([[1, 0, 1], [1, 0, 1]], np.uint8)
    >>> fold_batch_norm(bits, np.array([2.0, -2.0]), np.array([-1.0, -1.0]))
    (array([[1, 0, 1],
           [0, 1, 0]], dtype=uint8), array([1, 1]))
    """
    negative = scale < 0
    folded = np.where(negative.reshape(-1, *[1] * (weights.ndim - 1)), 1 - weights, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = -shift.astype(np.float64) / np.abs(scale.astype(np.float64))
    bound = np.where(scale == 0, np.where(shift >= 0, -np.inf, np.inf), bound)
    theta = np.clip(np.ceil(bound), -BEYOND, BEYOND).astype(np.int64)
    return folded.astype(np.uint8), theta
