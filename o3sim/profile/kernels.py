"""Compiled kernels of the profile: decision index and outcome of every neuron.

For each output position, with output channels innermost so that the loops vectorise: count
mismatches word by word and keep the running counts; the last one gives the outcome and with it
what decides (the T-th match, or the (n-T+1)-th mismatch); go back through the running counts to the
word where that lies, margins being small usually a short way; find the bit inside it by
halving. ``scripts/bench`` prints how much longer that takes than
evaluating the network.

Scratch comes as separate arrays, and loops with table look-ups are kept apart from arithmetic:
LLVM vectorises neither rows of one array written from each other nor a loop with both.
``_popcount`` repeats that of :mod:`o3sim.network.bits.kernels` because Numba's cache does not notice edits
across files.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from o3sim.network.bits.inlining import helper

_ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


class _Channels(NamedTuple):
    """Scratch per output channel of one position."""

    goal: NDArray[np.int32]
    """How many matches (outcome 1) or mismatches (outcome 0) decide."""
    flip: NDArray[np.int32]
    """-1 where matches are counted, 0 where mismatches are."""
    later: NDArray[np.int32]
    """Words after the deciding one."""
    need: NDArray[np.int64]
    """Which of the set bits of the deciding word meets the goal, from 1."""
    word: NDArray[np.uint64]
    """Matches or mismatches in the deciding word, then the place that meets the goal."""


class _Words(NamedTuple):
    """What is the same for all channels in each word, planes one after another."""

    weight: NDArray[np.int64]
    """An edge of the word weighs ``2**weight``."""
    used: NDArray[np.uint64]
    """Which of its bits are edges."""
    before: NDArray[np.int64]
    """Edges before it."""
    weighed: NDArray[np.int32]
    """Weighted edges before it."""


@helper
def _popcount(word: np.uint64) -> np.int64:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@helper
def _lay_out(mask: NDArray[np.uint64], planes: int, words: _Words) -> None:
    """Describe the words of a neuron with a mask; the last entries are totals."""
    size = mask.shape[0]
    words.before[0] = words.weighed[0] = 0
    for at in range(planes * size):
        words.weight[at] = planes - 1 - at // size
        words.used[at] = mask[at % size]
        edges = _popcount(words.used[at])
        words.before[at + 1] = words.before[at] + edges
        words.weighed[at + 1] = words.weighed[at] + (edges << words.weight[at])


@helper
def _count_mismatches(
    patch: NDArray[np.uint64],
    mask: NDArray[np.uint64],
    weights: NDArray[np.uint64],
    running: NDArray[np.int32],
    mismatches: NDArray[np.int32],
) -> None:
    """Count the weighted mismatches of every channel: before each word, and in all."""
    planes, size = patch.shape
    channels = weights.shape[1]
    mismatches[:] = 0
    running[0] = 0
    for plane in range(planes):
        weight = planes - 1 - plane
        for k in range(size):
            activation, used = patch[plane, k], mask[k]
            after = running[plane * size + k + 1]
            for channel in range(channels):
                mismatches[channel] += _popcount((activation ^ weights[k, channel]) & used) << weight
                after[channel] = mismatches[channel]


@helper
def _set_goals(
    mismatches: NDArray[np.int32],
    most_mismatches: NDArray[np.int64],
    total: np.int64,
    outcome: NDArray[np.uint8],
    channels: _Channels,
) -> tuple[np.int64, np.int64, np.int64]:
    """Choose per channel what decides it: its T-th match, or its (n-T+1)-th mismatch.

    Returns the sums of goals, of margins, and the number of channels that are not constant.
    """
    goals = margins = varying = np.int64(0)
    for channel in range(mismatches.shape[0]):
        misses = np.int64(mismatches[channel])
        most = most_mismatches[channel]
        one = misses <= most
        goal = total - most if one else most + 1
        constant = (most < 0) | (most >= total)
        outcome[channel] = one
        channels.flip[channel] = -1 if one else 0
        channels.goal[channel] = goal
        goals += goal
        margins += 0 if constant else abs(most - misses)
        varying += 0 if constant else 1
    return goals, margins, varying


@helper
def _find_words(running: NDArray[np.int32], words: _Words, channels: _Channels) -> None:
    """Count the words after the deciding one: those before which the goal is met already."""
    goal, later, flip = channels.goal, channels.later, channels.flip
    later[:] = 0
    for at in range(running.shape[0] - 2, 0, -1):
        weighed = words.weighed[at]
        met = np.int32(0)
        for channel in range(goal.shape[0]):
            misses = running[at, channel]
            counted = weighed - misses if flip[channel] < 0 else misses
            passed = np.int32(counted >= goal[channel])
            later[channel] += passed
            met += passed
        if met == 0:
            return


@helper
def _take_words(
    patch: NDArray[np.uint64],
    words: _Words,
    weights: NDArray[np.uint64],
    running: NDArray[np.int32],
    channels: _Channels,
) -> None:
    """Collect each channel's deciding word, and which of its set bits meets the goal."""
    size = weights.shape[0]
    last = patch.shape[0] - 1
    for channel in range(weights.shape[1]):
        at = last - channels.later[channel]
        k = at if at < size else at % size
        flip = channels.flip[channel]
        misses = np.int64(running[at, channel])
        counted = words.weighed[at] - misses if flip < 0 else misses
        # An edge weighs 2**weight: the goal is met by the one that reaches it.
        weight = words.weight[at]
        channels.need[channel] = (channels.goal[channel] - counted + (1 << weight) - 1) >> weight
        channels.word[channel] = (patch[at] ^ weights[k, channel] ^ np.uint64(np.int64(flip))) & words.used[
            at
        ]


@helper
def _find_places(channels: _Channels) -> None:
    """Replace each deciding word by the place in it, 0..63, of the edge that meets the goal."""
    word, needs = channels.word, channels.need
    for channel in range(word.shape[0]):
        bits = word[channel]
        need = needs[channel]
        place = np.uint64(0)
        for half in (32, 16, 8, 4, 2, 1):
            low = _popcount(bits & ((np.uint64(1) << np.uint64(half)) - np.uint64(1)))
            above = low < need
            bits = bits >> np.uint64(half) if above else bits
            place = place + np.uint64(half) if above else place
            need = need - low if above else need
        word[channel] = place


@helper
def _write_decisions(words: _Words, channels: _Channels, decision: NDArray[np.int32]) -> None:
    """Count the edges up to the place found, or none where the goal is 0."""
    last = words.used.shape[0] - 1
    for channel in range(decision.shape[0]):
        at = last - channels.later[channel]
        upto = _ALL_ONES >> (np.uint64(63) - channels.word[channel])
        edges = words.before[at] + _popcount(words.used[at] & upto)
        decision[channel] = edges if channels.goal[channel] > 0 else 0


@njit(cache=True, nogil=True)
def decide(
    patches: NDArray[np.uint64],
    masks: NDArray[np.uint64],
    mask_index: NDArray[np.int32],
    weights: NDArray[np.uint64],
    most_mismatches: NDArray[np.int64],
    in_window: NDArray[np.bool_],
    decision: NDArray[np.int32],
    outcome: NDArray[np.uint8],
) -> tuple[float, np.int64, np.int64]:
    """Find the decision index and the outcome of every neuron.

    Parameters
    ----------
    patches, masks, mask_index, weights
        As for :func:`o3sim.network.bits.kernels.count_mismatches`.
    most_mismatches : ndarray of int64, shape (patterns, out_channels)
        Outcome is 1 up to this many weighted mismatches.
    in_window : ndarray of bool, shape (positions,)
        Positions that enter the sums returned.
    decision : ndarray of int32, shape (positions, out_channels)
        Receives edges needed, 0..n.
    outcome : ndarray of uint8, shape (positions, out_channels)
        Receives 0 or 1.

    Returns
    -------
    margin_sum : float
        Sum of ``|S - T| / n`` in weighted edges over the neurons that are not constant.
    margin_count : int
        How many those are.
    goal_sum : int
        Sum of the matches or mismatches that decide each neuron, in weighted edges.
    """
    positions, planes, size = patches.shape
    count = weights.shape[1]
    channels = _Channels(
        np.empty(count, np.int32),
        np.empty(count, np.int32),
        np.empty(count, np.int32),
        np.empty(count, np.int64),
        np.empty(count, np.uint64),
    )
    words = _Words(
        np.empty(planes * size, np.int64),
        np.empty(planes * size, np.uint64),
        np.empty(planes * size + 1, np.int64),
        np.empty(planes * size + 1, np.int32),
    )
    running = np.empty((planes * size + 1, count), np.int32)
    mismatches = np.empty(count, np.int32)
    margin_sum = 0.0
    margin_count = goal_sum = np.int64(0)
    laid_out = -1
    for position in range(positions):
        pattern = mask_index[position]
        if pattern != laid_out:
            _lay_out(masks[pattern], planes, words)
            laid_out = pattern
        total = np.int64(words.weighed[-1])
        patch = patches[position]
        _count_mismatches(patch, masks[pattern], weights, running, mismatches)
        goals, margins, varying = _set_goals(
            mismatches, most_mismatches[pattern], total, outcome[position], channels
        )
        if in_window[position]:
            goal_sum += goals
            margin_sum += margins / total if total > 0 else 0.0
            margin_count += varying
        _find_words(running, words, channels)
        _take_words(patch.reshape(-1), words, weights, running, channels)
        _find_places(channels)
        _write_decisions(words, channels, decision[position])
    return margin_sum, margin_count, goal_sum
