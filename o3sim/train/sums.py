"""A trainable layer that makes sums: batch norm of its dots, plus what it adds.

Real scales become fixed point in evaluation and export alike, ``round(scale * 2**fraction_bits)``, with as
many bits of fraction as keep every sum in the bits that the topology gives it. Training goes on real numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from o3sim.errors import InputError
from o3sim.network.layer import Addend, Layer, SumRule
from o3sim.network.sums import check_ranges
from o3sim.train.binarize import sign_of_activation
from o3sim.train.layers import EPSILON, BinaryLayer

MOST_FRACTION_BITS = 16
"""Finer constants change no class."""


class SummingLayer(BinaryLayer):
    """A layer of which others add the sums, or that adds those of others."""

    def normed_sums(self, x: Tensor, addition: Tensor | None) -> tuple[Tensor, Tensor]:
        """Evaluate while training.

        Parameters
        ----------
        x : Tensor, shape (images, in_channels, height, width)
        addition : Tensor, shape (images, out_channels, out_height, out_width), or None
            What :func:`added` returns.

        Returns
        -------
        Tensor
            +-1 after the pool.
        Tensor
            Sums.
        """
        dot = self.dots(x)
        with torch.autocast(x.device.type, enabled=False):
            z = functional.batch_norm(
                dot.float(), self.mean, self.variance, self.gamma, self.beta, True, 0.1, EPSILON
            )
            sums = z if addition is None else z + addition
            return sign_of_activation(self._pooled(sums)), sums

    @torch.no_grad()
    def integer_sums(self, x: Tensor, addition: Tensor | None, fraction_bits: int) -> tuple[Tensor, Tensor]:
        """Evaluate as the exported network does: integers into float64.

        Returns
        -------
        Tensor
            +-1 after the pool, 1 where the sum is ``>= 0``.
        Tensor
            Sums, whole numbers.
        """
        dot = self.dots(x if self._float32_is_exact(x) else x.double()).double()
        signs, rule = self.constants(fraction_bits)
        scale = torch.from_numpy(signs * rule.scale).to(dot).view(1, -1, 1, 1)
        shift = torch.from_numpy(rule.shift).to(dot).view(1, -1, 1, 1)
        sums = scale * dot + shift
        if addition is not None:
            add_scale = torch.from_numpy(rule.add_scale).to(dot).view(1, -1, 1, 1)
            sums = sums + add_scale * addition
        return self._pooled(torch.where(sums >= 0, 1.0, -1.0)), sums

    def _pooled(self, x: Tensor) -> Tensor:
        pool = self.geometry.pool
        return x if pool is None else functional.max_pool2d(x, pool.size, pool.stride)

    @torch.no_grad()
    def constants(self, fraction_bits: int) -> tuple[NDArray[np.int64], SumRule]:
        """Return the sign of each channel's scale, and the constants of the sums in fixed point.

        A scale is at least the least there is: none becomes 0.
        """
        scale, shift = (values.cpu().numpy() for values in self.scale_and_shift())
        one = 2.0**fraction_bits
        whole = np.maximum(1, np.round(np.abs(scale) * one)).astype(np.int64)
        addend = self.geometry.addend
        unit = 1
        if addend is not None and addend.bits == 1:  # +-1 is worth 1.0, the sum of a square its average
            unit = max(1, round(one / addend.taken))
        add_scale = np.full(len(whole), unit, np.int64)
        return np.where(scale < 0, -1, 1), SumRule(whole, np.round(shift * one).astype(np.int64), add_scale)


def added(addend: Addend, channels: int, values: Tensor, exact: bool) -> Tensor:
    """Return what a layer adds, of the sums or the +-1 of a layer above.

    Parameters
    ----------
    channels : int
        Of the layer that adds.
    values : Tensor, shape (images, addend channels, addend height, addend width)
    exact : bool
        Round down as the exported network does, and leave the sum of +-1 to ``add_scale``.
    """
    stride = addend.stride
    if stride > 1 and addend.averages:
        values = functional.avg_pool2d(values, stride)
        if exact:
            values = (values * stride**2).round() if addend.bits == 1 else values.floor()
    elif stride > 1:
        values = values[:, :, ::stride, ::stride][:, :, : addend.height // stride, : addend.width // stride]
    return values.repeat(1, channels // addend.channels, 1, 1)


def fraction_bits_of(names: Sequence[str], layers: Sequence[BinaryLayer], offset: int) -> int:
    """Return the most bits of fraction with which no sum exceeds its bits; 0 where no layer makes sums.

    Raises
    ------
    InputError
        If not even whole numbers fit.
    """
    if not any(isinstance(layer, SummingLayer) for layer in layers):
        return 0
    for bits in range(MOST_FRACTION_BITS, -1, -1):
        try:
            check_ranges(_blank(names, layers, offset, bits))
        except InputError:
            if bits == 0:
                raise
            continue
        return bits
    raise AssertionError("the last try returns or raises")


def _blank(names: Sequence[str], layers: Sequence[BinaryLayer], offset: int, bits: int) -> list[Layer]:
    """Return layers that have constants, and no weights yet."""
    nothing = np.zeros((0, 0), np.uint64)
    return [
        Layer(
            name,
            layer.geometry,
            nothing,
            None,
            input_offset=offset if number == 0 else 0,
            sums=layer.constants(bits)[1] if isinstance(layer, SummingLayer) else None,
        )
        for number, (name, layer) in enumerate(zip(names, layers, strict=True))
    ]
