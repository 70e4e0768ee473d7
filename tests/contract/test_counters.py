"""Counters, causes and units: declared once, and everything else follows or says the same."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from o3sim.contract.counters import EVENTS, PE_CYCLE_CAUSES, Events, LayerCounters, PeCycles
from o3sim.contract.storage import StorageKbit
from o3sim.energy.units import UNITS, EnergyPj
from o3sim.results.measures import Edges, Pruned

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text()

GROUPS = {
    "edges": (Edges, "edges"),
    "edges.pruned": (Pruned, "edges"),
    "pe_cycles": (PeCycles, "PE-cycles"),
    "energy_pj": (EnergyPj, "pJ"),
    "events": (Events, None),
    "storage_kbit": (StorageKbit, "kbit"),
}


def documented(group: str) -> list[tuple[str, str, str]]:
    """Rows of docs/results.md: name in the group, unit, words."""
    return re.findall(rf"^\| `{re.escape(group)}\.(\w+)` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("group", GROUPS)
def test_the_page_of_results_says_what_the_declaration_says(group: str) -> None:
    declared, unit = GROUPS[group]
    rows, items = documented(group), fields(declared)
    assert [name for name, _, _ in rows] == [item.name for item in items]
    for (name, shown_unit, words), item in zip(rows, items, strict=True):
        assert shown_unit == (unit or item.metadata["unit"]), name
        assert words.startswith(item.metadata["says"]) if item.metadata else name == "pruned"


def test_a_machine_counts_all_events_and_nothing_that_no_result_has() -> None:
    counted = {item.name for item in fields(LayerCounters) if item.type == "int"}
    others = {name for name in counted if name == "cycles" or name.startswith("edges_")}
    assert counted - others == set(EVENTS)
    counters = LayerCounters("layer", **{name: place for place, name in enumerate(EVENTS)})
    assert list(counters.events.values()) == list(range(len(EVENTS)))


def test_a_machine_counts_pe_cycles_by_every_cause() -> None:
    assert tuple(LayerCounters("layer").pe_cycles) == PE_CYCLE_CAUSES == tuple(PeCycles())


@pytest.mark.parametrize("declared", [PeCycles, EnergyPj, Events, StorageKbit])
def test_numbers_are_attributes_and_items(declared: Any) -> None:
    names = [item.name for item in fields(declared)]
    numbers = declared(**{name: place for place, name in enumerate(names)})
    assert dict(numbers) == {name: getattr(numbers, name) for name in names}
    assert list(numbers) == names
    assert len(numbers) == len(names)
    assert hash(numbers) == hash(declared(**numbers))
    for absent in ("keys", "nothing"):
        with pytest.raises(KeyError, match=absent):
            numbers[absent]
    with pytest.raises(FrozenInstanceError):
        setattr(numbers, names[0], 1)


def test_units_are_all_but_the_total() -> None:
    assert ("total", *UNITS) == tuple(EnergyPj())
