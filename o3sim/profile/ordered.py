"""Compiled kernel of the decision index under an edge order: edge by edge, until the outcome is known.

The plain kernel (:mod:`o3sim.profile.kernels`) works on 64 edges at a time, which an order that differs
from channel to channel does not leave together. This one walks an order until the goal is met, the
matches that a 1 or the mismatches that a 0 takes; the outcome is known beforehand.
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


@njit(cache=True, nogil=True)
def decide_in_order(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
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
    """Walk each neuron's edges, one byte each, until what decides it has been counted."""
    positions, fan_in = patches.shape
    for position in range(positions):
        pattern = mask_index[position]
        used, patch = masks[pattern], patches[position]
        edges = np.int64(0)
        for edge in range(fan_in):
            edges += used[edge]
        for channel in range(weights.shape[0]):
            most = most_mismatches[pattern, channel]
            one = outcome[position, channel]
            left = edges - most if one else most + 1
            order = orders[order_of[channel]]
            row = weights[channel]
            seen = np.int32(0)
            place = 0
            while left > 0 and place < fan_in:
                edge = order[place]
                mismatch = patch[edge] ^ row[edge]
                counted = used[edge]
                left -= np.int64(counted & (mismatch ^ one))
                seen += np.int32(counted)
                place += 1
            decision[position, channel] = seen
