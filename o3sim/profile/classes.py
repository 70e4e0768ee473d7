"""Which class beats which, and after how many edges that is known: for ``pruning.argmax``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from o3sim.network.bits.packing import unpack_bits
from o3sim.network.bits.patches import gather
from o3sim.network.layer import Layer


@dataclass(frozen=True, eq=False)
class ClassRace:
    """The classes of one image against each other.

    Attributes
    ----------
    rank : ndarray of int32, shape (classes,)
        0 for the class of the image; of equal scores the lower class ranks first.
    beaten_after : ndarray of int32, shape (classes, classes)
        ``[leader, c]``: edges after which ``c`` cannot come before ``leader`` any more, if the leader's
        score is known; at least 1, and more than ``n_edges`` if it never cannot.
    """

    rank: NDArray[np.int32]
    beaten_after: NDArray[np.int32]


def race(layer: Layer, codes: NDArray[np.integer]) -> ClassRace | None:
    """Let the classes of a scores layer race; None for fixed-point input, which is left alone.

    The best that a class can still reach after ``k`` edges with ``s`` matches is its score at the dots
    ``2 s - n`` or ``2 (s + n - k) - n``, whichever scores more, in the arithmetic of
    :func:`o3sim.network.infer.class_scores`, which is monotone in the dot.
    """
    if layer.fixed_point:
        return None
    g = layer.geometry
    order = np.arange(g.fan_in) if g.edge_order is None else None
    patch = unpack_bits(gather(g, codes).words[0, 0], g.fan_in)
    weights = unpack_bits(layer.weights, g.fan_in)
    classes, n = weights.shape
    best = np.empty((classes, n + 1))
    for c in range(classes):
        along = order if g.edge_order is None else g.edge_order.edges(int(g.edge_order.order_of[c]))
        matches = np.concatenate([[0], np.cumsum((patch == weights[c])[along])])
        least = 2 * matches - n
        most = 2 * (matches + n - np.arange(n + 1)) - n
        best[c] = np.maximum(_score(layer, c, least), _score(layer, c, most))
    final = best[:, n]
    numbers = np.arange(classes)
    rank = np.empty(classes, np.int32)
    rank[np.lexsort((numbers, -final))] = numbers
    return ClassRace(rank, _beaten_after(best, final))


def _score(layer: Layer, c: int, dots: NDArray[np.int64]) -> NDArray[np.float64]:
    """Score dots of one class as functional inference does."""
    scores = dots.astype(np.float64)
    if layer.score_scale is not None:
        scores = scores * layer.score_scale[c]
    if layer.score_bias is not None:
        scores = scores + layer.score_bias[c]
    return scores


def _beaten_after(best: NDArray[np.float64], final: NDArray[np.float64]) -> NDArray[np.int32]:
    """Count, for each class, the edges after which its best is not enough: that best only falls."""
    classes = len(final)
    found = np.empty((classes, classes), np.int32)
    for c in range(classes):
        rising = best[c, ::-1]
        above = best.shape[1] - np.searchsorted(rising, final, side="right")  # entries > the leader's
        level = best.shape[1] - np.searchsorted(rising, final, side="left")  # entries >= the leader's
        found[:, c] = np.where(np.arange(classes) < c, above, level)
        found[c, c] = best.shape[1]
    return np.maximum(found, 1)
