"""The sign that ends a layer, with all that stands before it folded into one integer per channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from o3sim.formats.importers.folding.inputs import binarized
from o3sim.formats.importers.folding.maps import FoldedLayer, Levels, Map, Pixels, Sums
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Bound, Comparison, compare, threshold


def thresholded(data: Map, bounds: Sequence[Fraction], low: Fraction, high: Fraction) -> Levels:
    """Compare a map: ``high`` where the value is ``>= bound``, else ``low``.

    Parameters
    ----------
    bounds : sequence of Fraction, one per channel

    Raises
    ------
    CannotRunError
        If outputs are no two values, or there is nothing to compare.
    """
    if high <= low:
        raise CannotRunError(f"gives {float(low):g} and {float(high):g}: not two values in rising order")
    if isinstance(data, Sums):
        return _layer_end(data, bounds, low, high)
    if len(set(bounds)) > 1:
        raise CannotRunError("compares channels of its input with different thresholds")
    if isinstance(data, Pixels):
        return binarized(data, bounds[0], low, high)
    return _again(data, bounds[0], low, high)


def _layer_end(sums: Sums, bounds: Sequence[Fraction], low: Fraction, high: Fraction) -> Levels:
    comparisons = [compare(sums.steps, channel, bound) for channel, bound in enumerate(bounds)]
    theta = np.zeros(len(bounds), np.int64)
    bits = sums.layer.bits.copy()
    for channel, comparison in enumerate(comparisons):
        theta[channel], mirrored = threshold(comparison.condition)
        if mirrored:
            bits[channel] ^= 1
    inverted = np.array([comparison.inverted for comparison in comparisons])
    layer = FoldedLayer(sums.layer.key, bits, theta)
    before = replace(sums.before, layers=(*sums.before.layers, layer))
    scale, offset = (high - low) / 2, (low + high) / 2
    return Levels(sums.places, sums.shape, before, scale, offset, inverted if inverted.any() else None)


def _again(levels: Levels, bound: Fraction, low: Fraction, high: Fraction) -> Levels:
    """Take the sign of what has two values already: the same bits with other values."""
    if levels.fixed_point or levels.padded:
        raise CannotRunError("compares fixed-point or padded values that no layer has summed")
    down, up = (level * levels.scale + levels.offset for level in (-1, 1))
    if (down >= bound) == (up >= bound):
        raise CannotRunError("compares bits with a threshold that all or none of them reach")
    scale = (high - low) / 2 if up > down else (low - high) / 2
    return replace(levels, scale=scale, offset=(low + high) / 2)


def ties(sums: Sums, bounds: Sequence[Fraction]) -> bool:
    """Return whether a sum may equal its threshold exactly, where some signs give 0."""
    found: list[Comparison] = [compare(sums.steps, channel, bound) for channel, bound in enumerate(bounds)]
    return any(isinstance(c.condition, Bound) and c.condition.value.denominator == 1 for c in found)
