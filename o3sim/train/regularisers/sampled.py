"""Estimate a term on a few images of a batch without a copy of the whole batch on the way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Sampled(torch.autograd.Function):
    """A tensor as it is, and every so many of its images beside it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, every: int) -> tuple[Tensor, Tensor]:
        """Return two views."""
        ctx.every = every
        return x.view_as(x), x[::every]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, of_some: Tensor) -> tuple[Tensor, None]:
        """Add the gradient of the few to that of all."""
        # In place: a batch norm, a pool or a sign has just made it, for this node alone. Slicing would make a
        # batch of zeros around the few images for each of its uses, and then add these batches up.
        gradient[:: ctx.every] += of_some
        return gradient, None


def sampled(x: Tensor, every: int) -> tuple[Tensor, Tensor]:
    """Return a tensor to go on with, and the first of every so many of its images.

    Parameters
    ----------
    x : Tensor, shape (images, ...)
        Whoever uses the first of the results hands back a gradient of its own: it is added to in place.
    every : int

    Returns
    -------
    (Tensor, Tensor)
        ``x`` and ``x[::every]``.
    """
    return _Sampled.apply(x, every)  # type: ignore[no-untyped-call,no-any-return]  # torch leaves apply untyped
