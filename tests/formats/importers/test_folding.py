"""Exact thresholds: ties, either sign of scale, clipping and pooling between sum and sign."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from o3sim.formats.importers.folding.numbers import square_root
from o3sim.formats.importers.folding.steps import Affine, Clip, Pooled, Step, compare, threshold

NUMBERS = st.fractions(-9, 9, max_denominator=4)
AFFINES = st.builds(lambda a, b: Affine((a,), (b,)), NUMBERS, NUMBERS)
CLIPS = st.one_of(
    st.builds(lambda low, width: Clip(low, low + width), NUMBERS, st.fractions(Fraction(1, 4), 9)),
    st.builds(lambda low: Clip(low, None), NUMBERS),
    st.builds(lambda high: Clip(None, high), NUMBERS),
)
STEPS = st.lists(st.one_of(AFFINES, CLIPS), max_size=4)


def applied(steps: list[Step], value: Fraction) -> Fraction:
    for step in steps:
        if isinstance(step, Affine):
            value = step.scale[0] * value + step.shift[0]
        elif isinstance(step, Clip):
            value = value if step.low is None else max(value, step.low)
            value = value if step.high is None else min(value, step.high)
    return value


@given(
    before=STEPS, after=STEPS, bound=NUMBERS, window=st.lists(st.integers(-40, 40), min_size=1, max_size=4)
)
def test_one_comparison_of_integers_is_all_steps(
    before: list[Step], after: list[Step], bound: Fraction, window: list[int]
) -> None:
    pooled = max(applied(before, Fraction(member)) for member in window)
    wanted = applied(after, pooled) >= bound
    comparison = compare([*before, Pooled(), *after], 0, bound)
    theta, mirrored = threshold(comparison.condition)
    found = any((-member if mirrored else member) >= theta for member in window)
    assert (found != comparison.inverted) == wanted


@given(st.fractions(Fraction(1, 10**9), 10**9))
def test_roots(value: Fraction) -> None:
    assert square_root(value * value) == value
    root = square_root(value)
    assert abs(root * root - value) <= 3 * root / 2**1200


def test_an_irrational_root_does_not_make_or_break_a_tie() -> None:
    # (dot - 3) / sqrt(2): with beta 0 the tie at 3 is a 1 whatever the root is rounded to.
    root = square_root(Fraction(2))
    for gamma in (Fraction(1), Fraction(-1), Fraction(np.float32(0.1).item())):
        scale = gamma / root
        condition = compare([Affine((scale,), (-3 * scale,))], 0, Fraction(0)).condition
        assert threshold(condition) == ((3, False) if gamma > 0 else (-3, True))
