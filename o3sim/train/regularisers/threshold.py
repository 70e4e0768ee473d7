"""The loss term for threshold pruning: the share of its edges that a neuron needs.

After ``k`` of ``n`` edges with ``s`` matches, a neuron with threshold ``T`` on its matches is known
to be 1 at ``s >= T`` and 0 at ``s + n - k < T``. If its ``S`` matches are spread evenly, ``s`` is
``k S / n``, and the decision falls at

    d / n = T / S                    if it is 1
    d / n = (n - T) / (n - S)        if it is 0

which is the term, averaged over neurons. It falls with the distance between matches and threshold *in
edges*, which is what the machine sees. (``relu(1.5 - |z|)`` on batch-normed values falls also when
the batch norm merely rescales; the distance in edges, 1 to 6 % of ``n``, stays where it was.)
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_SHARE = 0.02
"""Of ``n``: keeps the ratios finite for thresholds at the ends."""


def threshold_term(dot: Tensor, theta: Tensor, n_edges: int) -> Tensor:
    """Return the mean share of edges up to the decision.

    Parameters
    ----------
    dot : Tensor, shape (images, channels, height, width)
        ``2 * matches - n``; negated, like ``theta``, for channels with a negative scale.
    theta : Tensor, shape (channels,)
        A neuron is 1 iff ``dot >= theta``.
    n_edges : int

    Returns
    -------
    Tensor
        A scalar in 0..1.
    """
    least = LEAST_SHARE * n_edges
    threshold = ((n_edges + theta) / 2).clamp(least, n_edges - least).view(1, -1, 1, 1)
    matches = ((n_edges + dot) / 2).clamp(least, n_edges - least)
    one = dot >= theta.view(1, -1, 1, 1)
    share = torch.where(one, threshold / matches, (n_edges - threshold) / (n_edges - matches))
    return share.clamp(max=1.0).mean()
