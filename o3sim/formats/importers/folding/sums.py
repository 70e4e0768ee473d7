"""The integers of layers that add, or whose sums are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.maps import FoldedLayer, SumsOf
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import FARTHEST, Affine, Bound, Comparison, threshold

GREATEST = 2**31 - 1
"""Of a constant, as parameter files hold them."""


def resolved(layer: FoldedLayer) -> FoldedLayer:
    """Work out constants, weights and thresholds of a layer that makes sums.

    Raises
    ------
    CannotRunError
        If constants are no integers of 32 bits, a scale is 0, or a bit is 1 where a sum is small.
    """
    sums = layer.sums
    if sums is None or (sums.added is None and sums.written is None):
        return layer
    channels = len(sums.bits)
    ones, zeros = (Fraction(1),) * channels, (Fraction(0),) * channels
    base = sums.base or Affine(ones, zeros)
    written = sums.written or Affine(_signs(sums, channels), zeros)
    scale = [a * b for a, b in zip(written.scale, base.scale, strict=True)]
    shift = [a * b + c for a, b, c in zip(written.scale, base.shift, written.shift, strict=True)]
    factors = sums.added.scale if sums.added is not None else ones
    add_scale = [a * b for a, b in zip(written.scale, factors, strict=True)]
    if sums.added is None:
        add_scale = list(ones)
    if 0 in scale:
        raise CannotRunError("adds to or of sums that were multiplied by 0")
    scales = _whole(scale)
    rule = {"scale": np.abs(scales), "shift": _whole(shift)}
    if sums.added is not None:
        rule["add_scale"] = _whole(add_scale)
    bits = sums.bits ^ (scales < 0).astype(np.uint8)[:, None]
    return replace(layer, bits=bits, theta=_thresholds(sums, written, channels), rule=rule)


def _signs(sums: SumsOf, channels: int) -> tuple[Fraction, ...]:
    """Return by what sums of which only the sign goes on are multiplied, for large ones to give a 1."""
    found = [Fraction(1)] * channels
    for channel, each in enumerate(sums.conditions or ()):
        if isinstance(each.condition, Bound) and not each.condition.upward:
            found[channel] = Fraction(-1)
    return tuple(found)


def _whole(values: Sequence[Fraction]) -> NDArray[np.int64]:
    for value in values:
        if value.denominator != 1 or abs(value) > GREATEST:
            raise CannotRunError(
                f"adds sums with the constant {float(value):g}: integers of 32 bits can be run; write real "
                "scales in fixed point"
            )
    return np.array([int(value) for value in values], np.int64)


def _thresholds(sums: SumsOf, written: Affine, channels: int) -> NDArray[np.int64]:
    if sums.conditions is None:
        return np.full(channels, FARTHEST)
    found = [
        _threshold(each, written.scale[channel], written.shift[channel])
        for channel, each in enumerate(sums.conditions)
    ]
    return np.array(found, np.int64)


def _threshold(comparison: Comparison, scale: Fraction, shift: Fraction) -> int:
    """Return the least sum that gives a 1."""
    condition = comparison.condition
    if comparison.inverted:
        raise CannotRunError("pools sums behind a negative scale, of a layer that adds")
    if isinstance(condition, bool):
        return -FARTHEST if condition else FARTHEST
    upward = condition.upward == (scale > 0)
    if not upward:
        raise CannotRunError("gives a 1 where sums are small that others add")
    return threshold(Bound(condition.value * scale + shift, True, condition.strict))[0]
