"""Numbers as text: a few significant digits, and the unit in the column's heading."""

from __future__ import annotations

ABSENT = "-"


def percent(share: float) -> str:
    """Format a share of 1 as percent with one decimal.

    >>> percent(0.1234)
    '12.3'
    """
    return f"{100 * share:.1f}"


def grouped(count: float) -> str:
    """Format a count in groups of three digits, rounded to a whole number.

    >>> grouped(1234567)
    '1,234,567'
    """
    return f"{count:,.0f}"


def significant(value: float | None) -> str:
    """Format a number with at least four significant digits and no exponent where it is readable.

    >>> [significant(v) for v in (0.0123456, 1.23456, 12345.678, None)]
    ['0.01235', '1.235', '12,346', '-']
    """
    if value is None:
        return ABSENT
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def ratio(value: float | None) -> str:
    """Format a ratio with two decimals.

    >>> ratio(1.5), ratio(None)
    ('1.50', '-')
    """
    return ABSENT if value is None else f"{value:.2f}"
