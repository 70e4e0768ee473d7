"""Images out of a seed, with the spectrum that natural images have.

The amplitude of natural images falls as 1/f (Field, J. Opt. Soc. Am. A 4, 1987): every octave of
spatial frequencies has the same power. So noise of the same power is added at every octave, from two
grid points across the image down to single pixels, in integers, so that the pixels are the same
everywhere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from o3sim.network.random_bits import RandomBits

MEAN = 118
"""Mean pixel value."""
DEVIATION = 60
"""Standard deviation of the pixels of an image; both are about those of CIFAR-10 and ImageNet."""

RUN_IMAGES = 1
CALIBRATION_IMAGES = 2
"""Purposes of random streams: what is calibrated on is never what is run."""

_AMPLITUDE = 1 << 12
_COMMON_SHARE = 3
"""A channel is 3 parts of a field common to all and 1 part of its own: colours are mostly grey."""


def synthetic_images(
    seed: int, count: int, shape: tuple[int, int, int], purpose: int = RUN_IMAGES
) -> NDArray[np.uint8]:
    """Make images.

    Parameters
    ----------
    seed : int
    count : int
        The first images of a seed are the same whatever the count.
    shape : tuple of int
        (height, width, channels).
    purpose : int
        Different purposes have different images for the same seed.

    Returns
    -------
    ndarray of uint8, shape (count, height, width, channels)
    """
    images = np.empty((count, *shape), np.uint8)
    for number in range(count):
        images[number] = _image(RandomBits(seed, purpose, number), shape)
    return images


def _image(random: RandomBits, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    height, width, channels = shape
    common = _field(random, height, width)
    if channels == 1:
        return _exposed(common[:, :, None])
    own = np.stack([_field(random, height, width) for _ in range(channels)], axis=-1)
    return _exposed(_COMMON_SHARE * common[:, :, None] + own)


def _field(random: RandomBits, height: int, width: int) -> NDArray[np.int64]:
    """Add noise of equal power at every octave; the grid's spacing halves from one to the next."""
    octaves = max(height, width, 2).bit_length()
    size, field = (2, 2), _noise(random, (2, 2), (2, 2))
    for finer in reversed(range(octaves)):
        size = (2 * size[0] - 1, 2 * size[1] - 1)
        needed = _needed(height, finer, size[0]), _needed(width, finer, size[1])
        field = _doubled(field)[: needed[0], : needed[1]]
        field += _noise(random, needed, size)
        size = (height + 1, width + 1) if min(size) > max(height, width) else size
    return field


def _needed(pixels: int, finer: int, there: int) -> int:
    """Return the rows (or columns) that make so many where the spacing has been halved some times more.

    Of a long and narrow image that is far less than the square that its noise is of.
    """
    for _ in range(finer):
        pixels = pixels // 2 + 1
    return min(pixels, there)


def _doubled(field: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put the mean between any two neighbours: (n, m) becomes (2n-1, 2m-1)."""
    rows = np.empty((2 * field.shape[0] - 1, field.shape[1]), np.int64)
    rows[::2] = field
    rows[1::2] = (field[:-1] + field[1:]) // 2
    both = np.empty((rows.shape[0], 2 * rows.shape[1] - 1), np.int64)
    both[:, ::2] = rows
    both[:, 1::2] = (rows[:, :-1] + rows[:, 1:]) // 2
    return both


def _noise(random: RandomBits, needed: tuple[int, int], size: tuple[int, int]) -> NDArray[np.int64]:
    """Return the corner that is needed of values of mean about 0 and bell-shaped: sums of four even ones."""
    words = random.corner(*needed, size)
    parts = [(words >> np.uint64(16 * part)) & np.uint64(0xFFFF) for part in range(4)]
    total: NDArray[np.int64] = sum((part.astype(np.int64) for part in parts), np.zeros(words.shape, np.int64))
    return (total - 2 * 0xFFFF) * _AMPLITUDE // 0xFFFF


def _exposed(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Shift and scale to the usual mean and deviation, clipped to 0..255."""
    values = values - int(values.sum()) // values.size
    deviation = max(1, math.isqrt(int((values * values).sum()) // values.size))
    return np.clip(MEAN + values * DEVIATION // deviation, 0, 255).astype(np.uint8)
