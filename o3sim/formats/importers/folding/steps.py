"""What happens to a sum on its way to a comparison, followed backwards to a bound on the sum itself.

Every step is monotone, so the sums for which a value is ``>= t`` are those on one side of a bound, or
all, or none; which, is worked out in exact fractions, ties included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor


@dataclass(frozen=True)
class Affine:
    """``scale * u + shift``, a scale and a shift for each channel."""

    scale: tuple[Fraction, ...]
    shift: tuple[Fraction, ...]


@dataclass(frozen=True)
class Clip:
    """``min(max(u, low), high)``, ``low < high``; None is no limit. ReLU is ``low = 0``."""

    low: Fraction | None
    high: Fraction | None


@dataclass(frozen=True)
class Bent:
    """``u`` from 0 on, ``slope * u`` below: PReLU, a slope of 0 or more for each channel."""

    slope: tuple[Fraction, ...]


@dataclass(frozen=True)
class Pooled:
    """The maximum over a window."""


Step = Affine | Clip | Bent | Pooled


@dataclass(frozen=True)
class Bound:
    """One side of a number: ``u >= value``, or ``u <= value`` unless ``upward``; without it if ``strict``."""

    value: Fraction
    upward: bool = True
    strict: bool = False


Condition = Bound | bool
"""On a sum: beyond a bound, or always, or never."""


@dataclass(frozen=True)
class Comparison:
    """What is left to compare a layer's sums with.

    Attributes
    ----------
    condition : Bound or bool
    inverted : bool
        The bit is 1 where the condition does not hold on any member of the pooling window: a
        maximum is ``<= t`` unless some member is ``> t``.
    """

    condition: Condition
    inverted: bool = False


def compare(steps: Sequence[Step], channel: int, bound: Fraction | Bound) -> Comparison:
    """Turn "the value after all steps is beyond ``bound``" into a condition on the sum of a channel.

    Parameters
    ----------
    bound : Fraction or Bound
        A number stands for ``>= bound``.

    Examples
    --------
    >>> steps = [Affine((Fraction(-2),), (Fraction(5),))]
    >>> compare(steps, 0, Fraction(0)).condition
    Bound(value=Fraction(5, 2), upward=False, strict=False)
    """
    condition: Condition = bound if isinstance(bound, Bound) else Bound(bound)
    inverted = False
    for step in reversed(steps):
        if isinstance(condition, bool):
            break
        if isinstance(step, Affine):
            condition = _before_affine(condition, step.scale[channel], step.shift[channel])
        elif isinstance(step, Clip):
            condition = _before_clip(condition, step)
        elif isinstance(step, Bent):
            condition = _before_bent(condition, step.slope[channel])
        elif not condition.upward:
            condition, inverted = Bound(condition.value, True, not condition.strict), not inverted
    return Comparison(condition, inverted)


def _before_affine(bound: Bound, scale: Fraction, shift: Fraction) -> Condition:
    if scale == 0:
        return beyond(bound, shift)
    return Bound((bound.value - shift) / scale, bound.upward == (scale > 0), bound.strict)


def _before_clip(bound: Bound, clip: Clip) -> Condition:
    """Where both ends of the clipped range are on one side, so is all; else the bound is inside."""
    low = bound.upward is False if clip.low is None else beyond(bound, clip.low)
    high = bound.upward if clip.high is None else beyond(bound, clip.high)
    return low if low == high else bound


def _before_bent(bound: Bound, slope: Fraction) -> Condition:
    if slope == 0:
        return _before_clip(bound, Clip(Fraction(0), None))
    return bound if bound.value >= 0 else Bound(bound.value / slope, bound.upward, bound.strict)


def beyond(bound: Bound, value: Fraction) -> bool:
    """Return whether a value is on the side of a bound that it stands for."""
    if value == bound.value:
        return not bound.strict
    return (value > bound.value) == bound.upward


FARTHEST = 2**40
"""Thresholds are clipped here: far beyond any sum, and safe to double."""

NEVER = 2**31 - 1
"""Threshold of a channel that is never 1; minus that, of one that always is."""


def threshold(condition: Condition) -> tuple[int, bool]:
    """Return ``theta``, and whether weights are to be inverted, so that ``sum >= theta`` is the condition.

    >>> threshold(Bound(Fraction(5, 2), upward=False))
    (-2, True)
    >>> threshold(Bound(Fraction(2), strict=True))
    (3, False)
    """
    if isinstance(condition, bool):
        return (-NEVER if condition else NEVER), False
    value = condition.value if condition.upward else -condition.value
    theta = floor(value) + 1 if condition.strict else ceil(value)
    return max(-FARTHEST, min(FARTHEST, theta)), not condition.upward
