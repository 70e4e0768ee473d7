"""The integers of layers that add, or whose sums are added: as they are, or in fixed point of stated bits."""

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

Values = tuple[Fraction, ...]


def resolved(layer: FoldedLayer, fraction_bits: int | None) -> FoldedLayer:
    """Work out constants, weights and thresholds of a layer that makes sums.

    Parameters
    ----------
    fraction_bits : int or None
        Its sums are in units of ``2**-fraction_bits``, and constants rounded to these; None leaves them as
        they are, which have to be whole numbers.

    Raises
    ------
    CannotRunError
        If constants are no integers of 32 bits, or a bit is 1 where a sum is small.
    """
    sums = layer.sums
    if sums is None or (sums.added is None and sums.written is None):
        return layer
    exact = _constants(sums)
    unit = _unit(sums, exact, fraction_bits)
    exact = {word: tuple(value / unit for value in values) for word, values in exact.items()}
    turned = [value < 0 for value in exact["scale"]]
    exact["scale"] = tuple(map(abs, exact["scale"]))
    rule = {word: _integers(values, fraction_bits) for word, values in exact.items()}
    if sums.added is None:
        # So that each dot keeps a sum of its own: thresholds then are those of the dots, exactly.
        rule["scale"] = np.where([value > 0 for value in exact["scale"]], np.maximum(rule["scale"], 1), 0)
    bits = sums.bits ^ np.array(turned, np.uint8)[:, None]
    found = replace(layer, bits=bits, rule=rule, unit=unit, exact=exact)
    return replace(found, theta=_thresholds(found, sums, turned))


def _constants(sums: SumsOf) -> dict[str, Values]:
    """Return scale and shift of a layer's dots, and what is added, as the file has them."""
    channels = len(sums.bits)
    ones, zeros = (Fraction(1),) * channels, (Fraction(0),) * channels
    base = sums.base or Affine(ones, zeros)
    written = sums.written or Affine(_signs(sums, channels), zeros)
    found = {
        "scale": tuple(a * b for a, b in zip(written.scale, base.scale, strict=True)),
        "shift": tuple(a * b + c for a, b, c in zip(written.scale, base.shift, written.shift, strict=True)),
    }
    if sums.added is not None:
        found["add_scale"] = tuple(a * b for a, b in zip(written.scale, sums.added.scale, strict=True))
    return found


def _unit(sums: SumsOf, exact: dict[str, Values], fraction_bits: int | None) -> Fraction:
    """Return what 1 of a layer's sums is worth.

    What is added counts in units already. Where a real scale comes upon these, they get as many bits more.
    """
    if fraction_bits is None:
        return Fraction(1)
    unit = Fraction(1, 2**fraction_bits)
    if sums.added is None:
        return unit
    for each in (unit, sums.added.unit):
        if each <= unit and all((value / each).denominator == 1 for value in exact["add_scale"]):
            return each
    return unit * sums.added.unit


def _signs(sums: SumsOf, channels: int) -> Values:
    """Return by what sums of which only the sign goes on are multiplied, for large ones to give a 1."""
    found = [Fraction(1)] * channels
    for channel, each in enumerate(sums.conditions or ()):
        if isinstance(each.condition, Bound) and not each.condition.upward:
            found[channel] = Fraction(-1)
    return tuple(found)


def _integers(values: Sequence[Fraction], fraction_bits: int | None) -> NDArray[np.int64]:
    for value in values:
        if fraction_bits is None and value.denominator != 1:
            raise CannotRunError(
                f"adds sums with the constant {float(value):g}: integers can be run; --fraction-bits N "
                "writes real scales in fixed point, and says what that rounds"
            )
        if abs(value) > GREATEST:
            less = "" if fraction_bits is None else f": give fewer than --fraction-bits {fraction_bits}"
            raise CannotRunError(f"adds sums with the constant {float(value):g}, beyond 32 bits{less}")
    return np.array([round(value) for value in values], np.int64)


def _thresholds(layer: FoldedLayer, sums: SumsOf, turned: Sequence[bool]) -> NDArray[np.int64]:
    channels = len(sums.bits)
    if sums.conditions is None:
        return np.full(channels, FARTHEST)
    signs, zeros = _signs(sums, channels), (Fraction(0),) * channels
    written = sums.written or Affine(signs, zeros)
    found = []
    for channel, each in enumerate(sums.conditions):
        if sums.added is None:
            scale, shift = (int(layer.rule[word][channel]) for word in ("scale", "shift"))
            dot = _threshold(each, Fraction(-1 if turned[channel] else 1), Fraction(0))
            found.append(dot if abs(dot) == FARTHEST else _near(scale * dot + shift))
        else:
            factor, shift_by = written.scale[channel] / layer.unit, written.shift[channel] / layer.unit
            found.append(_threshold(each, factor, shift_by))
    return np.array(found, np.int64)


def _near(theta: int) -> int:
    return max(-FARTHEST, min(FARTHEST, theta))


def _threshold(comparison: Comparison, scale: Fraction, shift: Fraction) -> int:
    """Return the least ``scale * value + shift`` that gives a 1."""
    condition = comparison.condition
    if isinstance(condition, bool):
        return -FARTHEST if condition else FARTHEST
    if condition.upward != (scale > 0):
        raise CannotRunError("gives a 1 where sums are small that others add")
    return threshold(Bound(condition.value * scale + shift, True, condition.strict))[0]
