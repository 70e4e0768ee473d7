"""The figures of a search, from its rows."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np

from o3sim.studies.search.objectives import KNEE, Objectives
from o3sim.studies.search.plan import SearchPlan
from o3sim.studies.search.run import SearchOutcome

FIGURES = ("front.png", "front.svg")
MOST_NAME = 100
"""Characters of a figure's name: an objective may be a long expression."""


def write_figures(plan: SearchPlan, outcome: SearchOutcome, folder: Path) -> None:
    """Draw the front into the folder of a search, and each pair of objectives; nothing without a front.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    if not outcome.front:
        return
    from o3sim.report.plot.search import SearchData, draw_question, draw_search
    from o3sim.report.plot.style import figure_style, save

    objectives = Objectives(plan.explore.objectives)
    valued = {row["point"]: values for row in outcome.rows if (values := objectives.values(row)) is not None}
    place = {point: number for number, point in enumerate(valued)}
    data = SearchData(
        objectives.names,
        np.array(list(valued.values()), np.float64),
        np.array([place[row["point"]] for row in outcome.front], np.int64),
        next(place[row["point"]] for row in outcome.front if row[KNEE]),
        outcome.importances.rows,
        tuple(bool(sign < 0) for sign in objectives.signs),
    )
    with figure_style():
        figure = draw_search(data)
        for name in FIGURES:
            save(figure, folder / name)
        for x, y in combinations(range(len(data.objectives)), 2):
            names = (re.sub(r"[^\w.]+", "-", data.objectives[number]) for number in (y, x))
            save(draw_question(data, (x, y)), folder / f"front-{'-over-'.join(names)[:MOST_NAME]}.png")
