"""What a search found, for people: the front with its knee, and the weight of each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from o3sim.report.console import WIDTH_COLUMNS, make_table, print_note
from o3sim.report.numbers import percent, significant

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from o3sim.studies.search.plan import SearchPlan
    from o3sim.studies.search.run import SearchOutcome

MOST_ROWS = 40
"""Points of the front that are printed; all are in its file."""


def print_search(console: Console, plan: SearchPlan, outcome: SearchOutcome, wide: bool = False) -> None:
    """Print what was tried, the front, and the importances; ``wide``: every column of the front."""
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
    table, left_out = front_table(plan, outcome, wide)
    console.print(table)
    if left_out:
        print_note(console, f"Parameters without a column: {', '.join(left_out)}. More columns: --wide.")
    if outcome.importances.rows:
        console.print(importance_table(outcome))


def front_table(plan: SearchPlan, outcome: SearchOutcome, wide: bool = False) -> tuple[Table, list[str]]:
    """Build the table of the front, by the first objective; return it and the parameters that do not fit."""
    objectives = list(plan.explore.objectives)
    keys = [parameter.key for parameter in plan.space.parameters]
    rows = outcome.front if len(outcome.front) <= MOST_ROWS else _around_knee(outcome.front)
    columns = {_narrow("point"): [f"{'*' if row['knee'] else ''}{row['point']}" for row in rows]}
    columns |= {_narrow(name): [significant(row[name]) for row in rows] for name in objectives}
    needed = len(columns)
    columns |= {_narrow(key): [str(row[key]) for row in rows] for key in keys}
    shown = len(columns) if wide else max(needed, _fitting(columns))
    title = f"Front: {len(outcome.front):,} points that no other beats in everything (* the knee)"
    table = make_table(title, 0, *list(columns)[:shown], gap=1)
    for cells in zip(*list(columns.values())[:shown], strict=True):
        table.add_row(*cells)
    return table, keys[shown - needed :]


def _fitting(columns: Mapping[str, list[str]]) -> int:
    """Count the columns, from the first, that fit beside each other."""
    taken = 1
    for number, (heading, cells) in enumerate(columns.items()):
        taken += 1 + max(map(len, [*heading.splitlines(), *cells]))
        if taken > WIDTH_COLUMNS:
            return number
    return len(columns)


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
