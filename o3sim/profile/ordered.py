"""Decision indices under an edge order: edge by edge, until the outcome is known.

The plain kernel (:mod:`o3sim.profile.kernels`) works on 64 edges at a time, which an order that differs
from channel to channel does not leave together. This one takes an edge at a time, at many positions at
once: what they hold there lies side by side, so that a channel goes to a row of it, and each position
counts down to its goal, the matches that a 1 or the mismatches that a 0 takes. The outcome is known
beforehand. An edge takes a tenth of a nanosecond so, against one where each neuron is walked by itself.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.patches import gather, most_mismatches
from o3sim.network.edge_order import EdgeOrder
from o3sim.network.layer import Layer


def reordered_decisions(
    layer: Layer, order: EdgeOrder, codes: NDArray[np.integer], outcome: NDArray[np.uint8]
) -> NDArray[np.int32]:
    """Return the decision index of every neuron under an order.

    Parameters
    ----------
    codes : ndarray of int, shape (in_height, in_width, in_channels)
    outcome : ndarray of uint8, shape (positions, out_channels)

    Returns
    -------
    ndarray of int32, shape (positions, out_channels)
        Edges needed, 0..n.
    """
    g = layer.geometry
    patches = gather(g, codes)
    decision = np.empty(outcome.shape, np.int32)
    decide_in_order(
        unpack_bits(patches.words[:, 0], g.fan_in),
        unpack_bits(patches.masks, g.fan_in),
        patches.mask_index,
        unpack_bits(layer.weights, g.fan_in),
        most_mismatches(layer, patches),
        np.stack([order.edges(row) for row in range(len(order.granules))]).astype(np.int32),
        order.order_of,
        outcome,
        decision,
    )
    return decision


def decide_in_order(  # noqa: PLR0913, PLR0917 - what a kernel takes: arrays, not objects
    patches: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    mask_index: NDArray[np.int32],
    weights: NDArray[np.uint8],
    most_mismatches: NDArray[np.int64],
    orders: NDArray[np.int32],
    order_of: NDArray[np.int32],
    outcome: NDArray[np.uint8],
    decision: NDArray[np.int32],
) -> None:
    """Fill in the decision index of each neuron, by the edges of its order, one byte each."""
    edges = masks.sum(axis=1, dtype=np.int64)
    for first in range(0, len(patches), MOST_POSITIONS):
        some = slice(first, first + MOST_POSITIONS)
        pattern = mask_index[some]
        held = np.ascontiguousarray((masks[pattern] * (patches[some] + 1)).T)
        most = most_mismatches[pattern].T
        goal = np.where(outcome[some].T == 1, edges[pattern] - most, most + 1).astype(np.int32, order="C")
        counted = np.empty(goal.shape, np.int32)
        count_down(held, weights, orders, order_of, outcome[some].T, goal, counted)
        decision[some] = counted.T


MOST_POSITIONS = 256
"""At a time, so that what they hold stays in the cache while every channel goes over it."""


@njit(cache=True, nogil=True)
def count_down(
    held: NDArray[np.uint8],
    weights: NDArray[np.uint8],
    orders: NDArray[np.int32],
    order_of: NDArray[np.int32],
    outcome: NDArray[np.uint8],
    left: NDArray[np.int32],
    seen: NDArray[np.int32],
) -> None:
    """Count the edges of each neuron until nothing is left of what decides it.

    Parameters
    ----------
    held : ndarray of uint8, shape (fan_in, positions)
        0 where the tap is no edge there; else its activation, and 1.
    left : ndarray of int32, shape (out_channels, positions)
        Matches (outcome 1) or mismatches (outcome 0) that decide; used up.
    seen : ndarray of int32, shape (out_channels, positions)
        Receives the edges.
    """
    fan_in, positions = held.shape
    decides = np.empty((2, positions), np.uint8)
    for channel in range(weights.shape[0]):
        row, order = weights[channel], orders[order_of[channel]]
        open_still, edges = left[channel], seen[channel]
        for position in range(positions):
            one = outcome[channel, position]
            decides[0, position] = 2 - one
            decides[1, position] = 1 + one
            edges[position] = 0
        for place in range(fan_in):
            edge = order[place]
            there, deciding = held[edge], decides[row[edge]]
            for position in range(positions):
                edges[position] += np.int32(open_still[position] > 0) & np.int32(there[position] > 0)
                open_still[position] -= np.int32(there[position] == deciding[position])
