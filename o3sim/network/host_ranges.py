"""What the host's float layers can give at most, from what pixels can be: intervals, channel by channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ends = NDArray[np.float64]
"""Least and greatest value of each channel, shape (2, channels)."""

_RISING: dict[str, Callable[[Ends], Ends]] = {
    "relu": lambda ends: np.maximum(ends, 0.0),
    "hardtanh": lambda ends: np.clip(ends, -1.0, 1.0),
    "tanh": np.tanh,
    "sigmoid": lambda ends: 0.5 * (1 + np.tanh(0.5 * ends)),
}


def ends_after(
    steps: Iterable[tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]],
    low: float,
    high: float,
    channels: int,
) -> Ends:
    """Return what each channel lies between after some operations on pixels from ``low`` to ``high``.

    Parameters
    ----------
    steps : iterable of (mapping, mapping)
        Keys and arrays of each operation, as a workload has them.
    channels : int
        Of an image.
    """
    ends = np.repeat([[low], [high]], channels, axis=1).astype(np.float64)
    for keys, arrays in steps:
        kind = keys["type"]
        if kind in ("conv", "dense"):
            ends = _weighted(ends, arrays, padded=keys.get("padding_pixels", 0) > 0)
        elif kind == "affine":
            ends = np.sort(ends * arrays["scale"] + arrays["shift"], axis=0)
        elif kind in _RISING:
            ends = _RISING[kind](ends)
    return ends


def _weighted(ends: Ends, arrays: Mapping[str, NDArray[Any]], padded: bool) -> Ends:
    """Return the ends of sums of products; channels come last among the axes of weights."""
    weights = arrays["weights"].reshape(len(arrays["weights"]), -1, ends.shape[1]).astype(np.float64)
    if padded:
        ends = np.stack([np.minimum(ends[0], 0.0), np.maximum(ends[1], 0.0)])
    up, down = np.maximum(weights, 0.0), np.minimum(weights, 0.0)
    least = (up * ends[0] + down * ends[1]).sum(axis=(1, 2))
    greatest = (up * ends[1] + down * ends[0]).sum(axis=(1, 2))
    return np.stack([least, greatest]) + arrays.get("bias", 0.0)
