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

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

SHARPNESS = 4.0
"""Slope of ``p`` at the threshold: at 4 a member one unit beyond it counts as 98 % decided."""


class _EvaluatedShare(torch.autograd.Function):
    """The term and its gradient, each from one look at every member.

    Autograd would keep a tensor for every step of the formula and make a map of zeros around every
    member's gradient. Each product and sum here is rounded as it would round it, so that a training gives
    the same bytes (``tests/train/test_fused_terms.py``).
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, size: int, stride: int, order: Sequence[int]) -> Tensor:
        """Return the mean share of members evaluated after the first."""
        members = _members(z, size, stride, order)
        settled = members[0]
        for member in members[1:]:
            settled = torch.maximum(settled, member)
        chances = [torch.sigmoid_(-SHARPNESS * member) for member in members[:-1]]
        undecided = [chances[0]]
        evaluated = chances[0].clone()
        for chance in chances[1:]:
            undecided.append(undecided[-1] * chance)
            evaluated += undecided[-1]
        one = (settled >= 0).to(z.dtype)
        ctx.save_for_backward(z, one, *chances, *undecided)
        ctx.windows = (size, stride, order)
        return evaluated.mul_(one).mean() / len(chances)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        """Return the gradient of the batch-normed values."""
        z, one, *saved = ctx.saved_tensors
        chances, undecided = saved[: len(saved) // 2], saved[len(saved) // 2 :]
        each = one * (gradient / len(chances) / one.numel())
        found = torch.zeros(z.shape, dtype=z.dtype, device=z.device)
        places = _members(found, *ctx.windows)
        ahead = each
        for j in range(len(chances) - 1, 0, -1):
            places[j] += _through_sigmoid(ahead * undecided[j - 1], chances[j])
            ahead = (ahead * chances[j]).add_(each)
        places[0] += _through_sigmoid(ahead, chances[0])
        return found, None, None, None


def _through_sigmoid(gradient: Tensor, chance: Tensor) -> Tensor:
    """Take a gradient back through ``sigmoid(-SHARPNESS * z)``, which came to ``chance``."""
    return torch.ops.aten.sigmoid_backward(gradient, chance).mul_(-SHARPNESS)  # type: ignore[no-any-return]


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
    return _EvaluatedShare.apply(z, size, stride, range(size * size))  # type: ignore[no-untyped-call,no-any-return]


class ShuffledTerm:
    """The term with members in another order every step, so that no place in the window carries it all.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """Draw from then on what seed and epoch alone decide, whatever was drawn before."""
        self._generator = torch.Generator().manual_seed((self._seed * 1_000_003 + epoch) % 2**63)

    def __call__(self, z: Tensor, size: int, stride: int) -> Tensor:
        """Return :func:`pooling_term` with members in a random order."""
        order = torch.randperm(size * size, generator=self._generator).tolist()
        return _EvaluatedShare.apply(z, size, stride, order)  # type: ignore[no-untyped-call,no-any-return]


def _members(z: Tensor, size: int, stride: int, order: Sequence[int]) -> list[Tensor]:
    """Return the members of all windows, one place in the window after another, in an order of places."""
    rows, columns = ((length - size) // stride * stride + 1 for length in z.shape[2:])
    corners = [divmod(place, size) for place in order]
    return [z[:, :, dy : dy + rows : stride, dx : dx + columns : stride] for dy, dx in corners]
