"""A trainable layer: latent weights, batch norm in either order with the pool, and sign."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from o3sim.network.layer import Geometry
from o3sim.train.binarize import sign_of_activation, sign_of_weight
from o3sim.train.config import Order
from o3sim.train.regularisers import WantedTerms
from o3sim.train.regularisers.maps import moments
from o3sim.train.regularisers.sampled import sampled

EPSILON = 1e-5
"""Added to variances, as everywhere."""

INITIAL = 0.05
"""Latent weights begin within that: a few hundred steps of Adam away from a change of sign."""

SAMPLED = 4
"""The terms are means, estimated on one image of so many of a batch: they cost more than the network else."""

FLOAT32_INTEGERS = 2**24
"""Up to there float32 represents every integer."""

LEAST_SCALE = 1e-3
"""Of a batch norm behind a max-pool: with a positive scale the sign of the maximum is the OR of signs."""


@dataclass
class Terms:
    """The regularisers' terms of one layer; None where a layer has nothing to prune that way."""

    pooling: Tensor | None = None
    threshold: Tensor | None = None


class BinaryLayer(nn.Module):
    """A convolution (a dense layer is one over a 1x1 map) with binary weights, and what follows it.

    Parameters
    ----------
    geometry : Geometry
    order : {"bn_pool", "pool_bn"}
    scores : bool
        The last layer: batch norm, but no sign.
    pad_value : float
        What a padded tap holds, in units of the input.
    """

    wanted = WantedTerms()
    """The regularisers' terms to compute: none, unless told."""

    def __init__(self, geometry: Geometry, order: Order, scores: bool, pad_value: float) -> None:
        super().__init__()
        self.geometry, self.scores, self.pad_value = geometry, scores, pad_value
        self.pool_first = order == "pool_bn" and geometry.pool is not None
        taps = (geometry.in_channels, geometry.kernel_height, geometry.kernel_width)
        self.latent = nn.Parameter(torch.empty(geometry.out_channels, *taps))
        nn.init.uniform_(self.latent, -INITIAL, INITIAL)
        self.gamma = nn.Parameter(torch.ones(geometry.out_channels))
        self.beta = nn.Parameter(torch.zeros(geometry.out_channels))
        self.register_buffer("mean", torch.zeros(geometry.out_channels))
        self.register_buffer("variance", torch.ones(geometry.out_channels))
        self.mean: Tensor
        self.variance: Tensor

    def dots(self, x: Tensor) -> Tensor:
        """Sum weight times input over every neuron's taps, in the precision of the input."""
        pad = self.geometry.padding_pixels
        if pad:
            x = functional.pad(x, (pad, pad, pad, pad), value=self.pad_value)
        return functional.conv2d(x, sign_of_weight(self.latent).to(x.dtype), stride=self.geometry.stride)

    def forward(self, x: Tensor) -> tuple[Tensor, Terms | None]:
        """Evaluate while training.

        Parameters
        ----------
        x : Tensor, shape (images, in_channels, height, width)

        Returns
        -------
        Tensor
            +-1 after the pool; for the scores layer the scores.
        Terms or None
            Terms of the regularisers that are wanted.
        """
        dot = self.dots(x)
        with torch.autocast(x.device.type, enabled=False):
            return self._normed(dot.float())

    def _normed(self, dot: Tensor) -> tuple[Tensor, Terms | None]:
        dot, some_dots = self._sampled(dot)
        before, some_before = dot, some_dots
        if self.pool_first:
            before, some_before = self._sampled(_max_pool(dot, self.geometry))
        z = functional.batch_norm(
            before, self.mean, self.variance, self.gamma, self.beta, training=True, momentum=0.1, eps=EPSILON
        )
        if self.scores:
            return z.flatten(1), None
        z, some_z = self._sampled(z)
        terms = self._terms(some_dots, some_before, some_z) if self._has_terms() else None
        if not self.pool_first:
            z = _max_pool(z, self.geometry)  # the sign of the maximum is the OR of the signs
        return sign_of_activation(z), terms

    def _has_terms(self) -> bool:
        """Return whether there is something to prune, and a term of it is wanted."""
        pools = self.wanted.pooling is not None and self.geometry.pool is not None
        return (pools or self.wanted.threshold is not None) and self.geometry.planes == 1 and not self.scores

    def _sampled(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return a map to go on with, and that of the images that terms are estimated on."""
        if not self._has_terms():
            return x, x
        return (x, x.detach()[::SAMPLED]) if self.wanted.shift_only else sampled(x, SAMPLED)

    def _terms(self, dot: Tensor, before: Tensor, z: Tensor) -> Terms:
        """Compute the terms of some images: their dots, what is normed, and their batch norm."""
        terms = Terms()
        pool, wanted = self.geometry.pool, self.wanted
        gamma = self.gamma.detach() if wanted.shift_only else self.gamma
        if wanted.pooling is not None and pool is not None and not self.pool_first:
            if wanted.shift_only:
                z = z + (self.beta - self.beta.detach()).view(1, -1, 1, 1)
            terms.pooling = wanted.pooling(z, pool.size, pool.stride)
        if wanted.threshold is None and not self.pool_first:
            return terms
        variance, mean = moments(before)
        deviation = (variance + EPSILON).sqrt()
        if wanted.pooling is not None and pool is not None and self.pool_first:
            scale = (gamma / deviation).view(1, -1, 1, 1)
            z = (dot - mean.view(1, -1, 1, 1)) * scale + self.beta.view(1, -1, 1, 1)
            terms.pooling = wanted.pooling(z, pool.size, pool.stride)
        if wanted.threshold is not None:
            sign = torch.where(gamma >= 0, 1.0, -1.0)
            size = gamma.abs().clamp(min=LEAST_SCALE)
            theta = sign * mean - self.beta * deviation / size
            terms.threshold = wanted.threshold(dot, sign, theta, self.geometry.fan_in)
        return terms

    @torch.no_grad()
    def clip(self) -> None:
        """Keep latent weights where their gradient means something, and scales behind a max-pool positive."""
        self.latent.clamp_(-1, 1)
        if self.pool_first:
            self.gamma.clamp_(min=LEAST_SCALE)

    @torch.no_grad()
    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Return batch norm as ``scale * dot + shift``, in float64: what evaluation and export go by.

        For the scores layer in float32 values, since that is what a workload holds.
        """
        scale = self.gamma.double() / (self.variance.double() + EPSILON).sqrt()
        shift = self.beta.double() - self.mean.double() * scale
        if self.scores:
            return scale.float().double(), shift.float().double()
        return scale, shift

    @torch.no_grad()
    def evaluate(self, x: Tensor) -> Tensor:
        """Evaluate as the exported network does: integers into float64, so that no tie is rounded away.

        Returns
        -------
        Tensor
            As :meth:`forward`; ``+1`` iff ``scale * dot + shift >= 0``.
        """
        dot = self.dots(x if self._float32_is_exact(x) else x.double()).double()
        scale, shift = (values.view(1, -1, 1, 1) for values in self.scale_and_shift())
        if self.scores:
            return (scale * dot + shift).flatten(1)
        if self.pool_first:
            dot = _max_pool(dot, self.geometry)
        bits = torch.where(scale * dot + shift >= 0, 1.0, -1.0)
        return bits if self.pool_first else _max_pool(bits, self.geometry)

    def _float32_is_exact(self, x: Tensor) -> bool:
        """Return whether sums stay where float32 has every integer, and are added up as they stand.

        On a GPU a convolution may be computed by a transform with fractions in it (Winograd's).
        """
        greatest = self.geometry.fan_in * 2**self.geometry.planes
        return greatest <= FLOAT32_INTEGERS and not x.is_cuda


def _max_pool(x: Tensor, geometry: Geometry) -> Tensor:
    pool = geometry.pool
    return x if pool is None else functional.max_pool2d(x, pool.size, pool.stride)
