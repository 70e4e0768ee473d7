"""The loss term for pooling pruning: how many members of a window are evaluated.

Members of a window are evaluated one after another until the first 1. With ``p_j`` the chance that
member ``j`` is 1, the expected share of members after the first that are evaluated is

    R = [(1 - p_1) + (1 - p_1)(1 - p_2) + ... ] / (m - 1)        (m - 1 terms for m members)

0 when the first member always settles the window, 1 when no member ever does. ``p_j`` is
``sigmoid(SHARPNESS * z_j)`` of the member's batch-normed value.

**Only windows that are 1 already are charged.** A window that is 0 could only be pruned by turning
it into a 1, which changes what the next layer sees; there, accuracy pays for every edge. In a window
that is 1, raising the other members leaves its OR as it is: the term spreads a 1 over its window, and
what the next layer sees need not change. (A plain ``relu(1 - z)`` on all values charges both.)
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

SHARPNESS = 4.0
"""Slope of ``p`` at the threshold: at 4 a member one unit beyond it counts as 98 % decided."""


def pooling_term(z: Tensor, size: int, stride: int) -> Tensor:
    """Return the mean share of members evaluated after the first, over windows that are 1.

    Parameters
    ----------
    z : Tensor, shape (images, channels, height, width)
        Batch-normed values before sign and pool.
    size, stride : int
        Size and stride of the windows, in rows and columns.

    Returns
    -------
    Tensor
        A scalar in 0..1: the sum over windows that are 1, over the number of all windows.

    Notes
    -----
    The sum is over all windows so that a network does not lower the term by having fewer ones.
    """
    members = list(_members(z, size, stride))
    settled = functional.max_pool2d(z.detach(), size, stride) >= 0
    undecided = torch.sigmoid(-SHARPNESS * members[0])
    evaluated = undecided
    for member in members[1:-1]:
        undecided = undecided * torch.sigmoid(-SHARPNESS * member)
        evaluated = evaluated + undecided
    return (evaluated * settled).mean() / (len(members) - 1)


def _members(z: Tensor, size: int, stride: int) -> Iterator[Tensor]:
    """Yield the members of all windows, one place in the window after another, in raster order."""
    rows, columns = ((length - size) // stride * stride + 1 for length in z.shape[2:])
    for dy in range(size):
        for dx in range(size):
            yield z[:, :, dy : dy + rows : stride, dx : dx + columns : stride]
