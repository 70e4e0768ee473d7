"""Speed-up within a sweep: every point over the one that differs from it in one key only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from o3sim.errors import InputError
from o3sim.report.plot.axis_names import axis_name
from o3sim.report.plot.series import SeriesData, arrange
from o3sim.results.result_table import ResultTable, Row

LATENCY = "latency_us"
WORDS = {"architecture", "workload"}


def table_speedups(table: ResultTable, over: str, y: str = LATENCY) -> tuple[ResultTable, list[float]]:
    """Return the points beside the baseline, and their speed-ups.

    Parameters
    ----------
    table : ResultTable
    over : str
        ``KEY=VALUE``, or the name of an architecture: the baseline of a point is the point with that
        value, and with the point's own values of all else that was varied.
    y : str
        What is divided, the baseline's by the point's: a column or an expression over columns.

    Raises
    ------
    InputError
        If a point has no baseline, or there is nothing beside the baseline.
    """
    condition = over if "=" in over else f"architecture={over}"
    baselines = table.only([condition])
    key = table.name_of(condition.partition("=")[0])
    same = [name for name in (*sorted(WORDS), *table.axes) if name != key]
    amounts = dict(zip((_place(row, same) for row in baselines.rows), baselines.numbers(y), strict=True))
    left_out = {row["point"] for row in baselines.rows}
    rows, found = [], []
    for row, amount in zip(table.rows, table.divisors(y), strict=True):
        if row["point"] in left_out:
            continue
        if _place(row, same) not in amounts:
            place = ", ".join(f"{name}={row[name]}" for name in same)
            raise InputError(f"{table.path}: no point with {condition} to compare that of {place} with")
        rows.append(row)
        found.append(amounts[_place(row, same)] / amount)
    if not rows:
        raise InputError(f"{table.path}: nothing beside {condition}")
    return ResultTable(table.path, table.columns, rows, table.failed), found


def _place(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[name] for name in names)


def table_speedup_data(
    table: ResultTable, x: str, over: str, by: Sequence[str], y: str = LATENCY
) -> SeriesData:
    """Arrange speed-ups, or ratios of another figure, against a column."""
    others, values = table_speedups(table, over, y)
    baseline = over.partition("=")[2] if over.startswith("architecture=") else over
    name = f"speed-up over {baseline}" if y == LATENCY else f"times less {_bare(y)}\nthan {baseline}"
    return replace(arrange(others, x, by, name, values), level=1.0)


def _bare(y: str) -> str:
    return axis_name(y).partition(" (")[0]
