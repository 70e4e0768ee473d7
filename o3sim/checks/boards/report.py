"""The report of `o3sim reproduce --boards`: predicted beside measured."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from o3sim.checks.boards.predict import Prediction
from o3sim.report.console import make_table
from o3sim.report.numbers import ABSENT, grouped, significant

NEAR = 0.05
"""Error within which a prediction counts as near."""

LEGEND = """\
measured: published, by others. predicted: the folding as a dense pipeline (docs/pipelined.md) with
the clock of the board. bound by: the unit that sets the rate, and its cycles an image. fitted:
whether a number was, to this row (here) or to another. Sources, and what is not known, by number:"""


def print_boards(console: Console, found: Sequence[Prediction]) -> None:
    """Write the table, how many rows are near, and what is to be said of each."""
    console.print(_table(found))
    near = [each for each in found if each.error is not None and abs(each.error) <= NEAR]
    unfitted = sum(each.row.fitted == "no" for each in near)
    console.print(
        f"{len(near)} of {len(found)} rows within {NEAR:.0%}, {unfitted} of them with nothing fitted"
    )
    console.print(LEGEND)
    for number, each in enumerate(found, start=1):
        row = each.row
        console.print(f"{number:>3}  {'; '.join(filter(None, [row.source, row.note]))}.", soft_wrap=True)


def _table(found: Sequence[Prediction]) -> Table:
    table = make_table(
        "Boards", 5, "", "network", "board", "unit", "bound by", "cycles", "MHz", "measured", "predicted",
        "error\n%", "fitted", gap=1,
    )  # fmt: skip
    for number, each in enumerate(found, start=1):
        row = each.row
        table.add_row(
            str(number),
            row.network,
            row.board,
            row.unit,
            each.bound or ABSENT,
            grouped(each.bound_cycles) if each.bound else ABSENT,
            ABSENT if row.clock_mhz is None else f"{row.clock_mhz:g}",
            significant(row.measured),
            ABSENT if each.predicted is None else significant(each.predicted),
            ABSENT if each.error is None else f"{100 * each.error:+.1f}",
            row.fitted,
        )
    return table


def to_json(found: Sequence[Prediction]) -> str:
    """Return all rows as a document."""
    rows = [
        {
            **each.row.model_dump(mode="json"),
            "predicted": each.predicted,
            "error": each.error,
            "bound_by": each.bound or None,
            "bound_cycles": each.bound_cycles or None,
        }
        for each in found
    ]
    return json.dumps({"schema_version": 1, "rows": rows}, indent=2) + "\n"
