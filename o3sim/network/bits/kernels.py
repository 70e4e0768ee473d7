"""Compiled kernels: patches of packed bits, weighted XNOR-popcount, thresholds, OR-pooling.

Inner loops run over output channels with the weights transposed to ``(word, channel)``: LLVM
turns the popcount formula below into vector instructions there (6-12 Gword/s a core on AVX-512
against 2-6 one neuron at a time; an ``llvm.ctpop`` intrinsic is no faster). Kernels that call
each other stay in this file, because Numba's cache does not notice edits across files.
"""

from __future__ import annotations

import numpy as np
from numba import config, njit
from numpy.typing import NDArray

from o3sim.network.bits.announce import announce_compiling
from o3sim.network.bits.compile_time import shorten_compiling
from o3sim.network.bits.inlining import helper

if config.DISABLE_JIT:  # type: ignore[attr-defined]  # set from the environment
    np.seterr(over="ignore")  # words wrap, as they should; NumPy's scalars would warn of each

announce_compiling()
shorten_compiling()


@helper
def _popcount(word: np.uint64) -> np.int64:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@helper
def _append_bits(patch: NDArray[np.uint64], at: int, row: NDArray[np.uint64], start: int, count: int) -> None:
    """OR ``count`` bits of ``row`` from bit ``start`` on into the zeroed ``patch`` at bit ``at``."""
    while count > 0:
        take = min(64, count)
        skip = start & 63
        word = row[start >> 6] >> np.uint64(skip)
        if skip + take > 64:
            word |= row[(start >> 6) + 1] << np.uint64(64 - skip)
        if take < 64:
            word &= (np.uint64(1) << np.uint64(take)) - np.uint64(1)
        shift = at & 63
        patch[at >> 6] |= word << np.uint64(shift)
        if shift + take > 64:
            patch[(at >> 6) + 1] |= word >> np.uint64(64 - shift)
        at += take
        start += take
        count -= take


@njit(cache=True, nogil=True)
def gather_patches(
    rows: NDArray[np.uint64],
    kernel_height: int,
    row_bits: int,
    step_bits: int,
    stride: int,
    patches: NDArray[np.uint64],
) -> None:
    """Collect the receptive field of every output position into contiguous words.

    Parameters
    ----------
    rows : ndarray of uint64, shape (planes, padded_height, row_words)
        Padded input rows, each packed as ``(x, c)`` bits.
    row_bits, step_bits : int
        Bits of a patch in one row (``kernel_width * channels``) and between neighbouring patches
        (``stride * channels``).
    patches : ndarray of uint64, shape (out_height, out_width, planes, words), zeroed
        Receives ``(ky, kx, c)`` bits per plane.
    """
    out_height, out_width, planes, _ = patches.shape
    for y in range(out_height):
        for x in range(out_width):
            for plane in range(planes):
                for ky in range(kernel_height):
                    row = rows[plane, y * stride + ky]
                    _append_bits(patches[y, x, plane], ky * row_bits, row, x * step_bits, row_bits)


@helper
def _count_mismatches(
    patch: NDArray[np.uint64],
    mask: NDArray[np.uint64],
    weights: NDArray[np.uint64],
    mismatches: NDArray[np.int64],
) -> None:
    """Weighted mismatches of every channel; plane ``i`` of ``L`` weighs ``2**(L-1-i)``."""
    planes, words = patch.shape
    mismatches[:] = 0
    for plane in range(planes):
        weight = planes - 1 - plane
        for k in range(words):
            activation = patch[plane, k]
            used = mask[k]
            for channel in range(weights.shape[1]):
                mismatches[channel] += _popcount((activation ^ weights[k, channel]) & used) << weight


@njit(cache=True, nogil=True)
def count_mismatches(
    patches: NDArray[np.uint64],
    masks: NDArray[np.uint64],
    mask_index: NDArray[np.int32],
    weights: NDArray[np.uint64],
    mismatches: NDArray[np.int64],
) -> None:
    """Count the weighted mismatches of every neuron.

    Parameters
    ----------
    patches : ndarray of uint64, shape (positions, planes, words)
        Most significant plane first.
    masks : ndarray of uint64, shape (patterns, words)
        1 for taps that are edges.
    mask_index : ndarray of int32, shape (positions,)
        Which mask each position uses.
    weights : ndarray of uint64, shape (words, out_channels)
    mismatches : ndarray of int64, shape (positions, out_channels)
        Receives the counts.
    """
    for position in range(patches.shape[0]):
        _count_mismatches(patches[position], masks[mask_index[position]], weights, mismatches[position])


@njit(cache=True, nogil=True)
def threshold_bits(
    patches: NDArray[np.uint64],
    masks: NDArray[np.uint64],
    mask_index: NDArray[np.int32],
    weights: NDArray[np.uint64],
    most_mismatches: NDArray[np.int64],
    bits: NDArray[np.uint8],
) -> None:
    """Evaluate every neuron to its bit: 1 where at most ``most_mismatches`` edges mismatch.

    Parameters
    ----------
    most_mismatches : ndarray of int64, shape (patterns, out_channels)
        Per mask pattern; other arrays as for :func:`count_mismatches`.
    bits : ndarray of uint8, shape (positions, out_channels)
        Receives 0 or 1.
    """
    mismatches = np.empty(weights.shape[1], np.int64)
    for position in range(patches.shape[0]):
        pattern = mask_index[position]
        _count_mismatches(patches[position], masks[pattern], weights, mismatches)
        for channel in range(weights.shape[1]):
            bits[position, channel] = mismatches[channel] <= most_mismatches[pattern, channel]


@njit(cache=True, nogil=True)
def or_pool(bits: NDArray[np.uint8], size: int, stride: int, pooled: NDArray[np.uint8]) -> None:
    """OR the bits of every pooling window.

    Parameters
    ----------
    bits : ndarray of uint8, shape (height, width, channels)
    pooled : ndarray of uint8, shape (pooled_height, pooled_width, channels), zeroed
        Receives 0 or 1.
    """
    pooled_height, pooled_width, channels = pooled.shape
    for y in range(pooled_height):
        for x in range(pooled_width):
            for dy in range(size):
                for dx in range(size):
                    for channel in range(channels):
                        pooled[y, x, channel] |= bits[y * stride + dy, x * stride + dx, channel]
