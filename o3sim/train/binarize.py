"""Signs whose gradient is that of something smooth: straight-through estimators."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _SignOfActivation(torch.autograd.Function):
    """Sign, with 0 as +1; backwards the slope of ``clip(z, -1, 1)``.

    Hubara et al., "Binarized Neural Networks" (NIPS 2016), equation 4: no gradient where |z| >= 1.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        """Return +1 where ``z >= 0`` and -1 elsewhere."""
        ctx.save_for_backward(z)
        return _signs(z)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Let the gradient through where ``|z| < 1``."""
        (z,) = ctx.saved_tensors
        # One pass over the tensor where a mask and a product take three.
        return torch.ops.aten.hardtanh_backward(gradient, z, -1.0, 1.0)


class _SignOfWeight(torch.autograd.Function):
    """Sign of a latent weight; its gradient goes to the latent weight as it is."""

    @staticmethod
    def forward(_ctx: Any, latent: Tensor) -> Tensor:
        """Return +1 where ``latent >= 0`` and -1 elsewhere."""
        return _signs(latent)

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        """Hand the gradient on; latent weights are kept in -1..1 by the optimiser's step."""
        return gradient


def _signs(values: Tensor) -> Tensor:
    return (values >= 0).to(values.dtype).mul_(2).sub_(1)


def sign_of_activation(z: Tensor) -> Tensor:
    """Binarize activations to +-1, differentiably in the manner of a hard tanh."""
    return _SignOfActivation.apply(z)  # type: ignore[no-untyped-call,no-any-return]  # torch leaves apply untyped


def sign_of_weight(latent: Tensor) -> Tensor:
    """Binarize latent weights to +-1, handing gradients straight through."""
    return _SignOfWeight.apply(latent)  # type: ignore[no-untyped-call,no-any-return]  # torch leaves apply untyped
