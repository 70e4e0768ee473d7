"""Exact numbers: floats as fractions, square roots, and back to what a workload holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.refusal import CannotRunError

ROOT_BITS = 1200
"""Fraction bits of an irrational root.

``g*(n - m)`` and ``b*sigma`` of a batch norm with float32 constants differ, if they differ, by more than
2**-860: their squares are multiples of 2**-596 and their sum is below 2**260. The root's error of 2**-1200
times ``b``, below 2**128, cannot turn the comparison round.
"""


def fractions(values: NDArray[Any]) -> tuple[Fraction, ...]:
    """Return finite numbers as the exact values that their bits stand for, flattened.

    Raises
    ------
    CannotRunError
        If some are infinite or no numbers.
    """
    flat = np.asarray(values).reshape(-1)
    if not np.isfinite(flat).all():
        raise CannotRunError("takes values that are not finite")
    return tuple(Fraction(value) for value in flat.tolist())


def square_root(value: Fraction) -> Fraction:
    """Return the root of a positive number: exact where it is rational, else to :data:`ROOT_BITS` bits.

    >>> square_root(Fraction(9, 4))
    Fraction(3, 2)
    """
    above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if above**2 == value.numerator and below**2 == value.denominator:
        return Fraction(above, below)
    root = math.isqrt((value.numerator << (2 * ROOT_BITS)) // value.denominator)
    return Fraction(root, 1 << ROOT_BITS)


def to_float32(values: Sequence[Fraction]) -> NDArray[np.float32]:
    """Round fractions to float32.

    Raises
    ------
    CannotRunError
        If some are too large for it.
    """
    try:
        with np.errstate(over="ignore"):
            rounded = np.array([float(value) for value in values]).astype(np.float32)
    except OverflowError:
        rounded = np.array([np.inf], np.float32)
    if not np.isfinite(rounded).all():
        raise CannotRunError("gives scores with a scale or bias beyond float32")
    return rounded
