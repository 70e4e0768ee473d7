"""Scales, shifts and batch norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from o3sim.formats.importers.folding.adding import taken
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, Sums, Taken
from o3sim.formats.importers.folding.numbers import square_root
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Affine, Bent, Clip


def scaled(data: Map, scale: Sequence[Fraction], shift: Sequence[Fraction]) -> Map:
    """Apply ``scale * value + shift``, a scale and a shift for each channel.

    Raises
    ------
    CannotRunError
        If channels that go into a layer differ, so that its sums are no longer sums of signs.
    """
    if isinstance(data, Sums):
        return data.then(Affine(tuple(scale), tuple(shift)))
    if isinstance(data, Taken):
        fixed_point = data.before.fraction_bits is not None
        if data.averages and not (data.bits or data.whole or fixed_point):
            raise CannotRunError("stands between an average of sums and its Floor")
        scales = tuple(a * b for a, b in zip(data.scale, scale, strict=True))
        shifts = tuple(a * b + c for a, b, c in zip(data.shift, scale, shift, strict=True))
        return replace(data, scale=scales, shift=shifts)
    if isinstance(data, Levels) and data.padded:
        raise CannotRunError("stands between padding and its convolution")
    if len(set(scale)) > 1 or len(set(shift)) > 1 or scale[0] == 0:
        return _to_be_added(data, scale, shift)
    return replace(data, scale=data.scale * scale[0], offset=data.offset * scale[0] + shift[0])


def _to_be_added(data: Pixels | Levels, scale: Sequence[Fraction], shift: Sequence[Fraction]) -> Map:
    """Scale bits by channel, after which no layer can take them: they can only be added to sums."""
    if isinstance(data, Levels) and data.before.layers:
        return scaled(taken(data), scale, shift)
    if scale[0] == 0:
        raise CannotRunError("multiplies what goes into a layer by 0")
    raise CannotRunError("gives the channels that go into a layer different scales or shifts")


def batch_norm(
    data: Map,
    gamma: Sequence[Fraction],
    beta: Sequence[Fraction],
    mean: Sequence[Fraction],
    variance: Sequence[Fraction],
    epsilon: Fraction,
) -> Map:
    """Apply ``gamma * (value - mean) / sqrt(variance + epsilon) + beta``.

    Raises
    ------
    CannotRunError
        If a variance plus epsilon is not positive.
    """
    for channel, value in enumerate(variance):
        if value + epsilon <= 0:
            raise CannotRunError(f"has a variance of {float(value):g} in channel {channel}")
    scale = [g / square_root(value + epsilon) for g, value in zip(gamma, variance, strict=True)]
    shift = [b - m * s for b, m, s in zip(beta, mean, scale, strict=True)]
    return scaled(data, scale, shift)


def clipped(data: Map, low: Fraction | None, high: Fraction | None) -> Map:
    """Clip sums: ReLU, HardTanh.

    Raises
    ------
    CannotRunError
        If there are no sums to clip, or the limits leave nothing.
    """
    if not isinstance(data, Sums):
        raise CannotRunError("clips what goes into a layer")
    if low is not None and high is not None and low >= high:
        raise CannotRunError(f"clips to nothing: {float(low):g} to {float(high):g}")
    return data.then(Clip(low, high))


def bent(data: Map, slope: Sequence[Fraction]) -> Map:
    """Multiply what is below 0 by a slope for each channel: PReLU.

    Raises
    ------
    CannotRunError
        If there are no sums, or a slope is negative.
    """
    if not isinstance(data, Sums):
        raise CannotRunError("bends what goes into a layer, or to be added")
    if min(slope) < 0:
        raise CannotRunError(
            f"has the slope {float(min(slope)):g} below 0, where values fall as sums rise: no one threshold "
            "says when"
        )
    return data.then(Bent(tuple(slope)))
