"""The figures of a search, from its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from o3sim.studies.search.objectives import KNEE, Objectives
from o3sim.studies.search.plan import SearchPlan
from o3sim.studies.search.run import SearchOutcome

FIGURES = ("front.png", "front.svg")


def write_figures(plan: SearchPlan, outcome: SearchOutcome, folder: Path) -> None:
    """Draw the front into the folder of a search; nothing if no point is on it.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    if not outcome.front:
        return
    from o3sim.report.plot.search import SearchData, draw_search
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
    )
    with figure_style():
        figure = draw_search(data)
        for name in FIGURES:
            save(figure, folder / name)
