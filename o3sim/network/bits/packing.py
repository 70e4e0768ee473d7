"""Bits to 64-bit words and back, the first bit in the least significant place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WORD_BITS = 64


def words_for(n_bits: int) -> int:
    """Count the 64-bit words that hold ``n_bits`` bits."""
    return -(-n_bits // WORD_BITS)


def pack_bits(bits: NDArray[np.integer] | NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack the last axis into words; the bits after the last one are 0.

    Parameters
    ----------
    bits : ndarray of int or bool, shape (..., n)
        Nonzero is 1.

    Returns
    -------
    ndarray of uint64, shape (..., ceil(n / 64))

    Examples
    --------
    >>> pack_bits(np.array([1, 0, 1]))
    array([5], dtype=uint64)
    """
    octets = np.packbits(bits, axis=-1, bitorder="little")
    padded = np.zeros((*bits.shape[:-1], words_for(bits.shape[-1]) * 8), np.uint8)
    padded[..., : octets.shape[-1]] = octets
    return padded.view("<u8").astype(np.uint64, copy=False)


def unpack_bits(words: NDArray[np.uint64], n_bits: int) -> NDArray[np.uint8]:
    """Unpack words into ``n_bits`` values 0 or 1 along the last axis.

    Parameters
    ----------
    words : ndarray of uint64, shape (..., ceil(n_bits / 64))

    Returns
    -------
    ndarray of uint8, shape (..., n_bits)

    Examples
    --------
    >>> unpack_bits(np.array([5], np.uint64), 3)
    array([1, 0, 1], dtype=uint8)
    """
    octets = np.ascontiguousarray(words).astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=n_bits, bitorder="little")


def unused_bits_are_zero(words: NDArray[np.uint64], n_bits: int) -> bool:
    """Return whether every bit after the first ``n_bits`` of the last axis is 0.

    The kernels rely on it: as XNOR operands, stray bits would count as matches.
    """
    if n_bits % WORD_BITS == 0:
        return True
    return not bool((words[..., -1] >> np.uint64(n_bits % WORD_BITS)).any())
