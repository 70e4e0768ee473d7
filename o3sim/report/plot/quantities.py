"""Columns as people read them: energy in nJ rather than in nine digits of pJ, and what the peaks are."""

from __future__ import annotations

from collections.abc import Collection
from math import isclose

from o3sim.config.architecture import PIPELINED
from o3sim.errors import InputError
from o3sim.report.plot.axis_names import axis_name
from o3sim.report.plot.style import short
from o3sim.results.result_table import ResultTable, quantity

MORE_IS_BETTER = frozenset(
    {"images_per_s", "utilisation", "tops_per_watt", "accuracy", "agreement", "pe_cycles.useful"}
)

_SCALES = ((1e9, 1e6, "µJ"), (1e3, 1e3, "nJ"))
"""From so many pJ on, so many are one of those."""

SIZE_KEYS = ("pe.count", "pe.width_edges", "clock_mhz")
"""What a peak, in edges a second, is the product of."""


def readable(table: ResultTable, key: str) -> tuple[str, list[float]]:
    """Return what to write along an axis for a column or an expression, and the values in that unit."""
    name, values = axis_name(key), table.numbers(key)
    if not name.endswith("(pJ)") or quantity(key)[0]:
        return name, values
    most = max(map(abs, values), default=0.0)
    for least, pj, unit in _SCALES:
        if most >= least:
            return f"{name[:-4]}({unit})", [value / pj for value in values]
    return name, values


def directed(name: str, more_is_better: bool) -> str:
    """Say along an axis which way is better.

    Examples
    --------
    >>> directed("cycles", False)
    'cycles, less is better'
    """
    return f"{name}, {'more' if more_is_better else 'less'} is better"


def peaks(table: ResultTable) -> list[float] | None:
    """Return the peak of each point in edges a second, or None where the table does not say."""
    try:
        columns = [table.numbers(key) for key in SIZE_KEYS]
    except InputError:
        return None
    if any(row.get("arch.organization") == PIPELINED for row in table.rows):
        return None  # stages have PEs of their own
    return [count * width * mhz for count, width, mhz in zip(*columns, strict=True)]


def peak_notes(table: ResultTable, shown: Collection[str]) -> list[str]:
    """Say that points of different peaks stand beside each other, unless a key that is shown says so."""
    found = peaks(table)
    if found is None or set(shown) & set(SIZE_KEYS) or isclose(min(found), max(found)):
        return []
    times = short(max(found) / min(found))
    return [f"Machines of different size: peaks (edges a second) differ up to {times} times."]
