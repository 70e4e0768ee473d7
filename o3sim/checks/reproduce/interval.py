"""Means of a few measurements with the interval that they leave open."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Two-sided 95 % quantiles of Student's t with 1, 2, ... 9 degrees of freedom (any table of it)."""


def mean_and_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and half of its 95 % interval by Student's t.

    Parameters
    ----------
    values : sequence of float
        Two to ten independent measurements.

    Examples
    --------
    >>> mean, half = mean_and_interval([1.0, 2.0, 3.0])
    >>> mean, round(half, 3)
    (2.0, 2.484)
    """
    return fmean(values), T_95[len(values) - 2] * stdev(values) / sqrt(len(values))
