"""Which parameters matter for which objective: main effects, corrected for where the search looked.

A search tries good values more often than others, so the plain mean over the points with a value
says little. A sum of one term a parameter, fitted by least squares to all points, tells the
parameters' effects apart; each counts by its variance over the parameter's values, every value alike
(first-order Sobol indices of the fit, scaled to add up to 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.studies.search.objectives import Objectives
from o3sim.studies.search.parameter import Parameter

MOST_TERMS = 4
"""Terms of a parameter whose values are ordered: polynomials of its place; of others one a value."""

LEAST_POINTS_A_TERM = 2


@dataclass(frozen=True)
class Importances:
    """What the fit says.

    Attributes
    ----------
    rows : list of dict
        A row a parameter: ``parameter`` and each objective, 0..1, that add up to 1 over the
        parameters (or 0 where nothing matters). Empty if there were too few points to tell.
    explained : dict of str to float
        By objective: share of the points' variance that the fit explains (R squared).
    """

    rows: list[dict[str, Any]]
    explained: dict[str, float]


def importances(
    rows: Sequence[Mapping[str, Any]], parameters: Sequence[Parameter], objectives: Objectives
) -> Importances:
    """Weigh the parameters of the points that ran against each other."""
    valued = [(row, values) for row in rows if (values := objectives.values(row)) is not None]
    bases = [_basis(each) for each in parameters]
    if len(valued) < LEAST_POINTS_A_TERM * sum(basis.shape[1] for basis in bases):
        return Importances([], {})
    points = objectives.to_minimise([values for _, values in valued])
    places = np.array([[each.values.index(row[each.key]) for each in parameters] for row, _ in valued])
    found = {
        name: _effects(bases, places, target) for name, target in zip(objectives.names, points.T, strict=True)
    }
    table = [
        {"parameter": each.key, **{name: float(shares[number]) for name, (shares, _) in found.items()}}
        for number, each in enumerate(parameters)
    ]
    return Importances(table, {name: explained for name, (_, explained) in found.items()})


def _basis(parameter: Parameter) -> NDArray[np.float64]:
    """Return orthonormal functions of a parameter's place, each with mean 0, shape (values, terms)."""
    count = len(parameter.values)
    if parameter.ordered:
        place = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
        whole = np.vander(place, min(count, MOST_TERMS + 1), increasing=True)
    else:
        whole = np.column_stack([np.ones(count), np.eye(count)[:, 1:]])
    functions: NDArray[np.float64] = np.linalg.qr(whole)[0][:, 1:] * np.sqrt(count)
    return functions


def _effects(
    bases: Sequence[NDArray[np.float64]], places: NDArray[np.intp], target: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return each parameter's share of the fitted variance, and the share that the fit explains."""
    terms = [basis[places[:, number]] for number, basis in enumerate(bases)]
    design = np.column_stack([np.ones(len(target)), *terms])
    fitted, *_ = np.linalg.lstsq(design, target, rcond=None)
    ends = np.cumsum([1, *(basis.shape[1] for basis in bases)])
    variances = np.array([(fitted[a:b] ** 2).sum() for a, b in pairwise(ends)])
    spread = target.var()
    explained = 1 - (target - design @ fitted).var() / spread if spread > 0 else 0.0
    return variances / (variances.sum() or 1.0), float(explained)
