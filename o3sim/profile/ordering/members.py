"""The order of a window's members: whichever settles most of the windows still open comes next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def choose_members(patterns: NDArray[np.int64]) -> tuple[int, ...]:
    """Order the members of a window.

    Parameters
    ----------
    patterns : ndarray of int64, shape (2**members,)
        How often windows had each pattern of ones.

    Returns
    -------
    tuple of int
        Places in the window, first to last; the lower place first where two settle as many.

    Examples
    --------
    >>> choose_members(np.array([5, 1, 4, 0]))  # two members: the second is 1 more often
    (1, 0)
    """
    which = np.arange(len(patterns))
    left = list(range(len(patterns).bit_length() - 1))
    still_open = patterns.copy()
    order: list[int] = []
    while left:
        settled = [int(still_open[which >> place & 1 == 1].sum()) for place in left]
        place = left.pop(int(np.argmax(settled)))
        order.append(place)
        still_open[which >> place & 1 == 1] = 0
    return tuple(order)


def members_evaluated(patterns: NDArray[np.int64], order: tuple[int, ...]) -> float:
    """Return the mean share of a window's members that are evaluated, one after another in that order."""
    which = np.arange(len(patterns))
    open_still = np.ones(len(patterns), np.bool_)
    evaluated = 0
    for place in order:
        evaluated += int(patterns[open_still].sum())
        open_still &= which >> place & 1 == 0
    return evaluated / (len(order) * max(1, int(patterns.sum())))
