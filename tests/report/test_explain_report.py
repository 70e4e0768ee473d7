"""The report of `o3sim explain`: its cycle stacks leave nothing out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from o3sim.contract.counters import LayerCounters
from o3sim.report.explain import MOST_CAUSES, stack_table
from tests.sample_runs import counters


def columns(*layers: LayerCounters, wide: bool = True) -> dict[str, list[str]]:
    cycles = SimpleNamespace(total=sum(each.cycles for each in layers))
    found: Any = SimpleNamespace(layers=layers, source=SimpleNamespace(case=[1]), cycles=cycles)
    return {str(column.header): list(column.cells) for column in stack_table(found, wide).columns}


def test_every_cause_that_occurs_has_a_column() -> None:
    shown = columns(counters())
    assert "input\nwait" in shown
    for row in (0, -1):
        shares = [float(cells[row]) for name, cells in shown.items() if name not in ("layer", "cycles")]
        assert sum(shares) == pytest.approx(100, abs=0.6)


def test_without_all_columns_the_rest_is_in_one() -> None:
    shown = columns(counters(), wide=False)
    assert len(shown) == 2 + MOST_CAUSES + 1
    assert sum(float(cells[0]) for cells in list(shown.values())[2:]) == pytest.approx(100, abs=0.6)
    assert float(shown["other"][0]) > 0


def test_waits_for_input_are_shown_only_where_there_are_any() -> None:
    layer = LayerCounters("conv1", cycles=2)
    layer.pe_cycles["drain"] = 2
    shown = columns(layer)
    assert not any("input" in name for name in shown)
    assert "drain" in shown
