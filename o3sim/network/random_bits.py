"""Random bits that are the same on every platform and with every NumPy.

NumPy promises that for the raw output of PCG64, but not for the distributions built on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVELS = 256
"""Probabilities come in steps of 1/256."""


class RandomBits:
    """A stream of random words.

    Parameters
    ----------
    seed : int
        At least 0.
    *purpose : int
        What the stream is for: different numbers give independent streams of one seed.
    """

    def __init__(self, seed: int, *purpose: int) -> None:
        self._entropy = (seed, *purpose)
        self._source = np.random.PCG64(np.random.SeedSequence([seed, *purpose]))

    def branch(self, purpose: int) -> RandomBits:
        """Return an independent stream; the same however much of this one has been taken."""
        return RandomBits(*self._entropy, purpose)

    def words(self, *shape: int) -> NDArray[np.uint64]:
        """Return fair random bits as words of the given shape."""
        words: NDArray[np.uint64] = self._source.random_raw(int(np.prod(shape))).reshape(shape)
        return words

    def corner(self, rows: int, columns: int, shape: tuple[int, int]) -> NDArray[np.uint64]:
        """Return the first rows and columns of ``words(*shape)``, of which all are taken."""
        if columns == shape[1]:
            found = self.words(rows, columns)
        else:
            found = np.empty((rows, columns), np.uint64)
            for row in found:
                row[:] = self._source.random_raw(columns)
                self._source.advance(shape[1] - columns)
        self._source.advance((shape[0] - rows) * shape[1])
        return found

    def biased_words(self, level: int, *shape: int) -> NDArray[np.uint64]:
        """Return words each of whose bits is 1 with probability ``level / LEVELS``.

        Reads the binary digits of the probability, last one first: OR with a fair bit where the
        digit is 1, AND where it is 0.
        """
        if level >= LEVELS:
            return np.full(shape, np.iinfo(np.uint64).max, np.uint64)
        words = np.zeros(shape, np.uint64)
        digits = LEVELS.bit_length() - 1
        for digit in range(digits):
            fair = self.words(*shape)
            words = (words | fair) if (level >> digit) & 1 else (words & fair)
        return words

    def below(self, bound: int, count: int) -> NDArray[np.int64]:
        """Return ``count`` integers ``0 <= k < bound``; the bias of the remainder is below 2**-40."""
        return (self.words(count) % np.uint64(bound)).astype(np.int64)
