"""What a search wants: figures of the results, each to be small or large, and limits that they meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.config.expressions import Expression, ExpressionError, parse
from o3sim.results.columns import COLUMNS as MEASURES
from o3sim.results.front import Values, knee, non_dominated
from o3sim.studies.names import FIGURES

if TYPE_CHECKING:
    from o3sim.studies.search.config import Direction

COLUMNS: tuple[str, ...] = ("accuracy", *MEASURES, *FIGURES)
"""Columns of numbers that every point has."""

ARCHITECTURE = "arch."
"""Before the dotted keys of a machine in a row."""

KNEE = "knee"


class Objectives:
    """Values of a point, from its row.

    Parameters
    ----------
    wanted : mapping of str to ``minimise`` or ``maximise``
        By expression over columns.
    limits : sequence of Expression
        Conditions over columns and architecture keys; a point that fails one is not on the front.
    """

    def __init__(self, wanted: Mapping[str, Direction], limits: Sequence[Expression] = ()) -> None:
        self.names = tuple(wanted)
        self.signs = np.array([-1.0 if direction == "maximise" else 1.0 for direction in wanted.values()])
        self._expressions = [parse(name) for name in wanted]
        self._limits = limits

    def values(self, row: Mapping[str, Any]) -> tuple[float, ...] | None:
        """Return a row's values, as they are; None if it failed or one has none there (``tops_per_watt``)."""
        if row["status"] != "ok":
            return None
        try:
            return tuple(float(expression.value(row)) for expression in self._expressions)
        except ExpressionError:
            return None

    def broken_limits(self, row: Mapping[str, Any]) -> int:
        """Count the conditions that a row does not meet, or that have no value there."""
        readable = {**{_bare(name): value for name, value in row.items()}, **row}
        return sum(not _holds(limit, readable) for limit in self._limits)

    def to_minimise(self, values: Sequence[Sequence[float]]) -> Values:
        """Return values with those to be maximised negated, shape (points, objectives)."""
        found: Values = np.array(values, np.float64).reshape(len(values), len(self.signs)) * self.signs
        return found

    def front(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows on the front, by the first objective, each with whether it is the knee.

        ``knee`` and the objectives come first. Of points with equal values the first stays.
        """
        valued: dict[tuple[float, ...], Mapping[str, Any]] = {}
        for values, row in self._candidates(rows):
            valued.setdefault(values, row)
        if not valued:
            return []
        points = self.to_minimise(list(valued))
        kept = np.flatnonzero(non_dominated(points))
        marked = int(kept[knee(points[kept])])
        order = kept[np.lexsort(points[kept].T[::-1])]
        found = list(valued.items())
        return [
            {KNEE: number == marked, **dict(zip(self.names, values, strict=True)), **row}
            for number, (values, row) in ((number, found[number]) for number in order.tolist())
        ]

    def _candidates(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[tuple[float, ...], Mapping[str, Any]]]:
        for row in rows:
            values = self.values(row)
            if values is not None and not self.broken_limits(row):
                yield values, row


def _holds(limit: Expression, readable: Mapping[str, Any]) -> bool:
    try:
        return bool(limit.value(readable))
    except ExpressionError:
        return False


def _bare(name: str) -> str:
    return name.removeprefix(ARCHITECTURE)
