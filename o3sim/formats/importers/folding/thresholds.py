"""The sign that ends a layer, with all that stands before it folded into one integer per channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from o3sim.formats.importers.folding.adding import composed
from o3sim.formats.importers.folding.inputs import binarized
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, Sums, SumsOf, Taken
from o3sim.formats.importers.folding.possible import ties
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import (
    Affine,
    Bound,
    Comparison,
    Condition,
    beyond,
    compare,
    threshold,
)
from o3sim.formats.importers.folding.sums import resolved


def thresholded(
    data: Map,
    bounds: Sequence[Fraction],
    low: Fraction,
    high: Fraction,
    upward: bool = True,
    strict: bool = False,
) -> Levels:
    """Compare a map: ``high`` where the value is ``>= bound``, else ``low``.

    Parameters
    ----------
    bounds : sequence of Fraction, one per channel
    upward, strict : bool
        Compare by ``<=`` if not upward; by ``>`` or ``<`` if strict.

    Raises
    ------
    CannotRunError
        If outputs are no two values, or there is nothing to compare.
    """
    if high <= low:
        raise CannotRunError(f"gives {float(low):g} and {float(high):g}: not two values in rising order")
    beyond = [Bound(bound, upward, strict) for bound in bounds]
    if isinstance(data, Sums):
        return _layer_end(data, beyond, low, high)
    if isinstance(data, Taken):
        raise CannotRunError("compares what goes to be added")
    if len(set(bounds)) > 1:
        raise CannotRunError("compares channels of its input with different thresholds")
    if isinstance(data, Pixels):
        return binarized(data, beyond[0], low, high)
    return _again(data, beyond[0], low, high)


def _layer_end(sums: Sums, bounds: Sequence[Bound], low: Fraction, high: Fraction) -> Levels:
    comparisons = _conditions(sums, bounds)
    theta = np.zeros(len(bounds), np.int64)
    bits = sums.layer.bits.copy()
    for channel, comparison in enumerate(comparisons):
        theta[channel], mirrored = threshold(comparison.condition)
        if mirrored:
            bits[channel] ^= 1
    inverted = np.array([comparison.inverted for comparison in comparisons])
    origin = SumsOf(sums.layer.bits, sums.base, sums.added, tuple(comparisons))
    made = replace(sums.layer, bits=bits, theta=theta, sums=origin)
    layer = resolved(made, sums.before.fraction_bits)
    before = replace(sums.before, layers=(*sums.before.layers, layer))
    scale, offset = (high - low) / 2, (low + high) / 2
    return Levels(sums.places, sums.shape, before, scale, offset, inverted if inverted.any() else None)


def _conditions(sums: Sums, bounds: Sequence[Bound]) -> list[Comparison]:
    """Ask of each channel when it gives a 1; of sums that others take, which sums are large.

    A workload's bit is 1 where a sum is large. Where the network has it so where that is small, the bit says
    the opposite, which the next layer's weights turn round.
    """
    found = [compare(sums.steps, channel, bound) for channel, bound in enumerate(bounds)]
    before = sums.steps[: sums.mark or 0]
    if sums.mark is None or not all(isinstance(step, Affine) for step in before):
        return found
    scale, _ = composed(before, sums.shape[2])
    return [
        each if _rises(each.condition, factor) else _opposite(each)
        for each, factor in zip(found, scale, strict=True)
    ]


def _rises(condition: Condition, factor: Fraction) -> bool:
    return isinstance(condition, bool) or factor == 0 or condition.upward == (factor > 0)


def _opposite(comparison: Comparison) -> Comparison:
    condition = comparison.condition
    if isinstance(condition, bool):
        return comparison
    turned = Bound(condition.value, not condition.upward, not condition.strict)
    return Comparison(turned, not comparison.inverted)


def _again(levels: Levels, bound: Bound, low: Fraction, high: Fraction) -> Levels:
    """Compare what has two values already: the same bits with other values."""
    if levels.fixed_point or levels.padded:
        raise CannotRunError("compares fixed-point or padded values that no layer has summed")
    if levels.averaged:
        raise CannotRunError("compares averages that no layer has summed")
    down, up = (beyond(bound, level * levels.scale + levels.offset) for level in (-1, 1))
    if down == up:
        raise CannotRunError("compares bits with a threshold that all or none of them reach")
    scale = (high - low) / 2 if up else (low - high) / 2
    return replace(levels, scale=scale, offset=(low + high) / 2)


def signed(data: Map) -> Levels:
    """Take a sign that is 0 at 0, where no value can be 0.

    Raises
    ------
    CannotRunError
        If one can.
    """
    found = _zero(data)
    if found:
        raise CannotRunError(
            f"is 0 where its input is, a third value, and {found}; binarize by `x >= 0` "
            "(torch.where(x >= 0, 1.0, -1.0)), or move the threshold off the values that sums can have"
        )
    return thresholded(data, (Fraction(0),) * data.shape[2], Fraction(-1), Fraction(1))


def _zero(data: Map) -> str:
    """Say which value can be 0, if one can."""
    if isinstance(data, Taken):
        return "it goes to be added"
    if isinstance(data, Sums):
        if data.added is not None:
            return "sums of which one is added can be 0"
        for channel in range(data.shape[2]):
            if ties(data.steps, channel, data.possible):
                number = len(data.before.layers) + 1
                name = data.layer.key["name"] or f"{data.layer.key['type']} layer {number} of the network"
                return f"what `{name}` gives in channel {channel} can be 0"
    elif isinstance(data, Pixels):
        pixel = -data.offset / data.scale
        if pixel.denominator == 1 and 0 <= pixel <= 255:
            return f"the pixel value {pixel} gives 0"
    elif any(level * data.scale + data.offset == 0 for level in (-1, 1)):
        return "one of the two values before it is 0"
    return ""
