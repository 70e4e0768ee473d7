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

from typing import Any

import numpy as np
import torch
from torch import Tensor

from o3sim.train.regularisers.kernels import decided_map
from o3sim.train.regularisers.maps import empty_map, numbers, positions, suits_kernels

LEAST_SHARE = 0.02
"""Of ``n``: keeps the ratios finite for thresholds at the ends."""


class _DecidedShare(torch.autograd.Function):
    """Shares and their gradient. A neuron has one branch: what it does not take is never computed.

    Rounded as autograd would round the formula, so that a training gives the same bytes
    (``tests/train/test_fused_terms.py``).
    """

    @staticmethod
    def forward(
        ctx: Any, dot: Tensor, sign: Tensor, theta: Tensor, threshold: Tensor, n_edges: int
    ) -> Tensor:
        """Return the share of edges of every neuron up to its decision."""
        decide = decided_on_cpu if suits_kernels(dot) else decided
        shares, slopes, aheads = decide(dot, sign, theta, threshold, n_edges)
        ctx.save_for_backward(slopes, aheads)
        return shares

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, Tensor, None]:
        """Return the gradients of dots and thresholds."""
        slopes, aheads = ctx.saved_tensors
        # Laid out as the shares are: the order of a sum is how it is rounded.
        of_threshold = torch.div(gradient, aheads, out=torch.empty_like(aheads))
        ones = of_threshold.clamp(min=0).sum((0, 2, 3), keepdim=True)
        zeros = of_threshold.clamp_(max=0).sum((0, 2, 3), keepdim=True)
        return slopes * gradient, None, None, ones + zeros, None


def decided(
    dot: Tensor, sign: Tensor, theta: Tensor, threshold: Tensor, n_edges: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what neurons need, and what its gradients are made of.

    Parameters
    ----------
    sign, theta, threshold : Tensor, shape (1, channels, 1, 1)

    Returns
    -------
    (Tensor, Tensor, Tensor)
        The share of edges up to the decision; its slope by the dot; and matches of neurons that are 1, minus
        mismatches of those that are 0, by which the threshold's part is divided: infinite where it has none.
    """
    least = LEAST_SHARE * n_edges
    toward = dot * sign
    one = toward >= theta
    matches = toward.add_(n_edges).div_(2)
    steady = (matches < least).logical_or_(matches > n_edges - least)
    matches.clamp_(least, n_edges - least)
    ahead = torch.where(one, matches, n_edges - matches)
    share = torch.where(one, threshold, n_edges - threshold).div_(ahead)
    late = share > 1
    # Half of it, for a match is half a unit of the dot; minus where matches are what decides.
    slope = torch.where(one, -0.5 * sign, 0.5 * sign).mul_(share).div_(ahead)
    slope.masked_fill_(steady.logical_or_(late), 0)
    return share.clamp_(max=1.0), slope, torch.where(one, ahead, -ahead).masked_fill_(late, torch.inf)


def decided_on_cpu(
    dot: Tensor, sign: Tensor, theta: Tensor, threshold: Tensor, n_edges: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what :func:`decided` does, to the bit."""
    least = LEAST_SHARE * n_edges
    limits = np.array([n_edges, least, n_edges - least], np.float32)
    by_channel = np.stack([numbers(values) for values in (sign, theta, threshold)])
    found = [empty_map(dot) for _ in range(3)]
    for dots, *filled in zip(positions(dot), *map(positions, found), strict=True):
        decided_map(np.ascontiguousarray(dots), by_channel, limits, *filled)
    shares, slopes, aheads = found
    return shares, slopes, aheads


def decided_shares(dot: Tensor, sign: Tensor, theta: Tensor, n_edges: int) -> Tensor:
    """Return the share of edges up to the decision, of every neuron.

    Parameters
    ----------
    dot : Tensor, shape (images, channels, height, width)
        ``2 * matches - n``.
    sign : Tensor, shape (channels,)
        -1 for channels with a negative scale, whose dots are negated; else 1.
    theta : Tensor, shape (channels,)
        A neuron is 1 iff ``sign * dot >= theta``.
    n_edges : int

    Returns
    -------
    Tensor
        Shaped like ``dot``, in 0..1.
    """
    least = LEAST_SHARE * n_edges
    threshold = ((n_edges + theta) / 2).clamp(least, n_edges - least)
    sign, theta, threshold = (values.view(1, -1, 1, 1) for values in (sign, theta.detach(), threshold))
    return _DecidedShare.apply(dot, sign, theta, threshold, n_edges)  # type: ignore[no-untyped-call,no-any-return]


def threshold_term(dot: Tensor, sign: Tensor, theta: Tensor, n_edges: int) -> Tensor:
    """Return the mean of :func:`decided_shares`, a scalar in 0..1."""
    return decided_shares(dot, sign, theta, n_edges).mean()
