"""The loss term for threshold pruning in the machine's own unit: words.

A PE takes a word of edges at a time and stops at the end of the one in which the decision falls, so an op
costs ``ceil(d / w)`` words, and nothing is won inside a word. With ``x = d / w`` the term takes

    x + 1/2 - sin(2 pi x) / (2 pi)

for ``ceil(x)``: half-way through a word it is exact, with twice the slope of the share of edges there, and at
the ends of words, where a little more or less changes nothing, its slope is 0.
"""

from __future__ import annotations

from math import ceil, pi

from torch import Tensor

from o3sim.train.regularisers.threshold import decided_shares

WORD_EDGES = 32
"""Width of a PE of `o3bnn-64pe`."""


def words_term(dot: Tensor, sign: Tensor, theta: Tensor, n_edges: int) -> Tensor:
    """Return the mean share of a neuron's words up to the decision.

    Parameters
    ----------
    dot, sign, theta, n_edges
        As :func:`o3sim.train.regularisers.threshold.decided_shares` takes them.

    Returns
    -------
    Tensor
        A scalar, at least 0; half a word more than 1 at most.
    """
    words = decided_shares(dot, sign, theta, n_edges) * (n_edges / WORD_EDGES)
    stairs = words + 0.5 - (2 * pi * words).sin() / (2 * pi)
    return stairs.mean() / ceil(n_edges / WORD_EDGES)
