"""What a search found, for people: the front with its knee, and the weight of each parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from o3sim.report.console import make_table
from o3sim.report.numbers import percent, significant

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from o3sim.studies.search.plan import SearchPlan
    from o3sim.studies.search.run import SearchOutcome

MOST_ROWS = 40
"""Points of the front that are printed; all are in its file."""


def print_search(console: Console, plan: SearchPlan, outcome: SearchOutcome) -> None:
    """Print what was tried, the front, and the importances."""
    failed = sum(row["status"] == "failed" for row in outcome.rows)
    console.print(
        f"{plan.explore.name}: {len(outcome.rows):,} of {plan.space.size:,} combinations run"
        + (f", {failed:,} failed" if failed else "")
    )
    if outcome.exhausted:
        console.print(f"no more to run: {outcome.exhausted}")
    if not outcome.front:
        console.print("no point is on the front: every one failed, or met not all constraints")
        return
    console.print(front_table(plan, outcome))
    if outcome.importances.rows:
        console.print(importance_table(outcome))


def front_table(plan: SearchPlan, outcome: SearchOutcome) -> Table:
    """Build the table of the front, by the first objective."""
    objectives = list(plan.explore.objectives)
    keys = [parameter.key for parameter in plan.space.parameters]
    title = f"Front: {len(outcome.front):,} points that no other beats in everything (* the knee)"
    table = make_table(title, 0, "point", *map(_narrow, objectives), *map(_narrow, keys), gap=1)
    rows = outcome.front if len(outcome.front) <= MOST_ROWS else _around_knee(outcome.front)
    for row in rows:
        point = f"{'*' if row['knee'] else ''}{row['point']}"
        table.add_row(
            point, *(significant(row[name]) for name in objectives), *(str(row[key]) for key in keys)
        )
    return table


def importance_table(outcome: SearchOutcome) -> Table:
    """Build the table of importances in percent, a column an objective, and how far they can be trusted."""
    explained = outcome.importances.explained
    table = make_table("Importance of the parameters (%)", 1, "parameter", *map(_narrow, explained))
    for row in outcome.importances.rows:
        table.add_row(row["parameter"], *(percent(row[name]) for name in explained))
    table.add_section()
    table.add_row("explained by their sum", *map(percent, explained.values()))
    return table


def _around_knee(front: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the part of a long front that has its knee in the middle, as far as it goes."""
    knee = next(number for number, row in enumerate(front) if row["knee"])
    start = max(0, min(knee - MOST_ROWS // 2, len(front) - MOST_ROWS))
    return front[start : start + MOST_ROWS]


def _narrow(name: str) -> str:
    """Break a long name after its dots and underscores, so that tables stay narrow.

    >>> _narrow("energy_pj_per_image").split()
    ['energy_pj_', 'per_image']
    """
    lines = [""]
    for part in name.replace(".", ".\n").replace("_", "_\n").split("\n"):
        if len(lines[-1]) + len(part) > LINE_COLUMNS and lines[-1]:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


LINE_COLUMNS = 10
"""Longest line of a heading, unless a word is longer."""
