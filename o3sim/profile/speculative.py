"""Speculative decisions: stop once the running count makes the outcome likely. Not exact.

After ``k`` of ``n`` edges with ``s`` matches, a neuron whose matches end just at its threshold ``T`` would
have ``k T / n`` of them if edges came in random order, with the standard deviation of drawing without
replacement,

    sigma(k) = sqrt( k (n - k) / (n - 1) * T/n * (1 - T/n) ).

A neuron with ``s - k T / n`` beyond ``bound * sigma(k)`` on either side is called there, at every so many
edges. The bound is set for each layer on calibration images (:mod:`o3sim.speculation`): edges do not
come in random order, so no error rate follows from it; what it does to accuracy is measured.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.patches import gather, most_mismatches
from o3sim.network.edge_order import EdgeOrder
from o3sim.network.layer import Layer, Speculation

Counts = NDArray[np.int64]


def natural_order(layer: Layer) -> EdgeOrder:
    """Return a layer's edge order; that of ``(ky, kx, c)`` if it has none."""
    g = layer.geometry
    if g.edge_order is not None:
        return g.edge_order
    rows = np.zeros(g.out_channels, np.int32)
    return EdgeOrder(np.arange(g.fan_in, dtype=np.int32)[None], rows, 1, g.fan_in)


def limits(most: Counts, edges: Counts, fan_in: int, how: Speculation) -> tuple[Counts, Counts]:
    """Tabulate the matches at which a neuron is called.

    Parameters
    ----------
    most : ndarray of int64, shape (patterns, out_channels)
        Mismatches up to which the outcome is 1.
    edges : ndarray of int64, shape (patterns,)

    Returns
    -------
    one, zero : ndarray of int64, shape (patterns, out_channels, checks)
        From so many matches on it is called 1, up to so many 0, at check ``j``, after
        ``(j + 1) * check_edges`` edges.
    """
    k = np.arange(how.check_edges, fan_in + how.check_edges, how.check_edges, dtype=np.float64)
    n = np.maximum(edges, 1).astype(np.float64)[:, None, None]
    share = (n - most[:, :, None]) / n
    spread = np.maximum(k * (n - k) / np.maximum(n - 1, 1) * share * (1 - share), 0.0)
    slack = how.bound * np.sqrt(spread)
    one = np.floor(k * share + slack).astype(np.int64) + 1
    zero = np.ceil(k * share - slack).astype(np.int64) - 1
    return one, zero


def speculate(
    layer: Layer, how: Speculation, codes: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return edges evaluated and called outcome of every neuron.

    Returns
    -------
    decision : ndarray of int32, shape (positions, out_channels)
    outcome : ndarray of uint8, same shape
    """
    g = layer.geometry
    patches = gather(g, codes)
    masks = unpack_bits(patches.masks, g.fan_in)
    most = most_mismatches(layer, patches)
    edges = masks.sum(axis=1, dtype=np.int64)
    one, zero = limits(most, edges, g.fan_in, how)
    order = natural_order(layer)
    decision = np.empty((len(patches.words), g.out_channels), np.int32)
    outcome = np.empty(decision.shape, np.uint8)
    call_neurons(
        unpack_bits(patches.words[:, 0], g.fan_in),
        masks,
        patches.mask_index,
        unpack_bits(layer.weights, g.fan_in),
        (most, edges, one, zero, np.int64(how.check_edges)),
        (np.stack([order.edges(row) for row in range(len(order.granules))]).astype(np.int32), order.order_of),
        (decision, outcome),
    )
    return decision, outcome


@njit(cache=True, nogil=True)
def call_neurons(  # noqa: C901 - one loop over edges
    patches: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    mask_index: NDArray[np.int32],
    weights: NDArray[np.uint8],
    bounds: tuple[Counts, Counts, Counts, Counts, np.int64],
    orders: tuple[NDArray[np.int32], NDArray[np.int32]],
    found: tuple[NDArray[np.int32], NDArray[np.uint8]],
) -> None:
    """Walk each neuron's edges until they decide it, or a check calls it.

    Parameters
    ----------
    patches, masks, mask_index, weights
        As for :func:`o3sim.profile.ordered.decide_in_order`.
    bounds : tuple
        Most mismatches of a 1, edges, the two limits of :func:`limits`, edges from check to check.
    orders : tuple
        Edges of each order, and which order a channel follows.
    found : tuple
        Receives decision and outcome.
    """
    most, edges, one, zero, check = bounds
    edge_of, order_of = orders
    decision, outcome = found
    for position in range(patches.shape[0]):
        pattern = mask_index[position]
        used, patch, total = masks[pattern], patches[position], edges[pattern]
        for channel in range(weights.shape[0]):
            needed = total - most[pattern, channel]
            row, order = weights[channel], edge_of[order_of[channel]]
            matches, seen, place = np.int64(0), np.int64(0), 0
            next_check, number = check, 0
            called = -1
            while called < 0:
                if matches >= needed:
                    called = 1
                elif matches + total - seen < needed:
                    called = 0
                elif seen == next_check:
                    if matches >= one[pattern, channel, number]:
                        called = 1
                    elif matches <= zero[pattern, channel, number]:
                        called = 0
                    next_check += check
                    number += 1
                if called < 0:
                    while used[order[place]] == 0:
                        place += 1
                    edge = order[place]
                    matches += 1 - np.int64(patch[edge] ^ row[edge])
                    seen += 1
                    place += 1
            decision[position, channel] = seen
            outcome[position, channel] = called
