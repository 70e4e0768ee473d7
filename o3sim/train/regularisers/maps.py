"""Maps of PyTorch as the kernels take them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from o3sim.train.regularisers.kernels import moments_gradient


def suits_kernels(x: Tensor) -> bool:
    """Return whether the kernels take a tensor: on a CPU, and not while PyTorch compiles what uses it."""
    return not x.is_cuda and not torch.compiler.is_compiling()


def empty_map(like: Tensor) -> Tensor:
    """Return a tensor of the same shape in which the channels of a position are neighbours."""
    return torch.empty_like(like, memory_format=torch.channels_last)


def positions(x: Tensor) -> NDArray[Any]:
    """View a map as the kernels take it.

    Parameters
    ----------
    x : Tensor, shape (images, channels, height, width)

    Returns
    -------
    ndarray, shape (images, positions, channels)
    """
    return x.detach().permute(0, 2, 3, 1).flatten(1, 2).numpy()


def numbers(x: Tensor) -> NDArray[Any]:
    """Return numbers of channels as the kernels take them."""
    return x.detach().flatten().numpy()


class _Moments(torch.autograd.Function):
    """Variance and mean of every channel, with a gradient that reads the values once."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return variance and mean."""
        ctx.save_for_backward(x)
        variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
        return variance, mean

    @staticmethod
    def backward(ctx: Any, of_variance: Tensor, of_mean: Tensor) -> Tensor:
        """Return the gradient of the values, rounded as PyTorch's own."""
        (x,) = ctx.saved_tensors
        count = x.numel() // x.shape[1]
        found = empty_map(x)
        mean, slope, shift = map(numbers, (x.mean((0, 2, 3)), 2 / count * of_variance, of_mean / count))
        for values, gradient in zip(positions(x), positions(found), strict=True):
            moments_gradient(np.ascontiguousarray(values), mean, slope, shift, gradient)
        return found


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return variance (not corrected) and mean of every channel.

    Parameters
    ----------
    x : Tensor, shape (images, channels, height, width)
    """
    if suits_kernels(x):
        return _Moments.apply(x)  # type: ignore[no-untyped-call,no-any-return]  # torch leaves apply untyped
    variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
    return variance, mean
