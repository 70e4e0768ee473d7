"""Speed-up within a sweep: every point over the one that differs from it in one key only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from o3sim.errors import InputError
from o3sim.report.plot.axis_names import axis_name
from o3sim.report.plot.quantities import peak_notes
from o3sim.report.plot.series import SeriesData, arrange, grouping
from o3sim.results.result_table import ResultTable, Row

LATENCY = "latency_us"
WORDS = {"architecture", "workload"}


def table_speedups(table: ResultTable, over: str, y: str = LATENCY) -> tuple[ResultTable, list[float]]:
    """Return the points and their speed-ups, those of the baseline with 1.

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
    condition = condition_of(over)
    baselines = table.only([condition])
    key = table.name_of(condition.partition("=")[0])
    same = [name for name in (*sorted(WORDS), *table.axes) if name != key]
    amounts = dict(zip((_place(row, same) for row in baselines.rows), baselines.numbers(y), strict=True))
    if len(baselines.rows) == len(table.rows):
        raise InputError(f"{table.path}: nothing beside {condition}")
    found = []
    for row, amount in zip(table.rows, table.numbers(y), strict=True):
        if _place(row, same) not in amounts:
            place = ", ".join(f"{name}={row[name]}" for name in same)
            raise InputError(f"{table.path}: no point with {condition} to compare that of {place} with")
        found.append(amounts[_place(row, same)] / amount)
    return table, found


def condition_of(over: str) -> str:
    """Return the condition that a baseline is: ``KEY=VALUE``, as it is or of an architecture's name."""
    return over if "=" in over else f"architecture={over}"


def _place(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[name] for name in names)


def table_speedup_data(
    table: ResultTable, x: str, over: str, by: Sequence[str], y: str = LATENCY
) -> SeriesData:
    """Arrange speed-ups, or ratios of another figure, against a column."""
    every, values = table_speedups(table, over, y)
    key, _, value = condition_of(over).partition("=")
    baseline = value if key == "architecture" else over
    name = f"speed-up over {baseline}" if y == LATENCY else f"times less {_bare(y)} than {baseline}"
    over_words = any(isinstance(cell, str) for cell in table.cells(x))
    if over_words or table.name_of(key) == table.name_of(x):
        by = by if key in (x, *by) else [*by, key]
        data = arrange(every, x, by, name, values)
    else:  # a line of ones would say no more than the one across
        base = {row["point"] for row in table.only([condition_of(over)]).rows}
        kept = [number for number, row in enumerate(table.rows) if row["point"] not in base]
        rows = [table.rows[number] for number in kept]
        beside = ResultTable(table.path, table.columns, rows, table.failed)
        named = grouping(table, [x], by)  # also where one line is left: the base is another
        data = arrange(beside, x, named, name, [values[number] for number in kept])
    notes = tuple(peak_notes(table, () if key == "architecture" else (x, key, *by)))
    return replace(data, level=1.0, level_name=baseline, notes=notes)


def _bare(y: str) -> str:
    return axis_name(y).partition(" (")[0]
