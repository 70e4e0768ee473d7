"""The Pareto front: what no other point beats in everything, its knee and its hypervolume.

All values here are to be minimised; an objective to be maximised comes in with its sign turned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
"""Shape (points, objectives)."""


def non_dominated(values: Values) -> NDArray[np.bool_]:
    """Tell which points no other point beats.

    A point is beaten by one that is no worse in any objective and better in one. Points with equal
    values do not beat each other.

    Returns
    -------
    ndarray of bool, shape (points,)

    Examples
    --------
    >>> non_dominated(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0]])).tolist()
    [True, True, False]
    """
    kept = np.ones(len(values), bool)
    for number, point in enumerate(values):
        no_worse = (values <= point).all(axis=1)
        better = (values < point).any(axis=1)
        kept[number] = not (no_worse & better).any()
    return kept


def knee(front: Values) -> int:
    """Return the point of a front that gives up least of everything.

    Every objective is scaled to 0..1 between its best and its worst value on the front; the knee is
    the point nearest to all of the best at once (Euclidean; the first of equals). Needs one point.

    Examples
    --------
    >>> knee(np.array([[0.0, 9.0], [1.0, 1.0], [9.0, 0.0]]))
    1
    """
    best = front.min(axis=0)
    span = front.max(axis=0) - best
    scaled = (front - best) / np.where(span > 0, span, 1.0)
    return int(np.argmin((scaled**2).sum(axis=1)))


def hypervolume(values: Values, reference: NDArray[np.float64]) -> float:
    """Return the volume of all that is beaten by some point and beats the reference.

    Slices along the last objective, each as deep as to the next point (While et al., "A faster
    algorithm for calculating hypervolume", 2006, section II).

    Parameters
    ----------
    values : ndarray of float64, shape (points, objectives)
        Points that do not beat the reference in everything add nothing.
    reference : ndarray of float64, shape (objectives,)

    Examples
    --------
    >>> hypervolume(np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([3.0, 3.0]))
    3.0
    """
    inside = values[(values < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    if inside.shape[1] == 1:
        return float(reference[0] - inside.min())
    ordered = inside[np.argsort(inside[:, -1], kind="stable")]
    ends = np.append(ordered[1:, -1], reference[-1])
    return sum(
        float(end - ordered[number, -1]) * hypervolume(ordered[: number + 1, :-1], reference[:-1])
        for number, end in enumerate(ends)
        if end > ordered[number, -1]
    )
