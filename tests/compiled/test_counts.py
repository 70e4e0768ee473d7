"""Counters and causes are declared once, in the contract."""

from __future__ import annotations

from dataclasses import dataclass, fields

from o3sim.compiled.memory import Memory
from o3sim.compiled.record import dtype_of
from o3sim.compiled.records.ledger import CAUSE
from o3sim.contract.counters import PE_CYCLE_CAUSES, LayerCounters


@dataclass
class MoreCounters(LayerCounters):
    brand_new: int = 0


def test_every_counter_of_the_contract_is_a_field() -> None:
    counted = tuple(item.name for item in fields(LayerCounters) if item.name not in ("name", "pe_cycles"))
    assert dtype_of(Memory)["counts"].names == counted
    assert dtype_of(MoreCounters).names == (*counted, "brand_new")


def test_every_cause_of_the_contract_has_its_number() -> None:
    assert CAUSE._fields == PE_CYCLE_CAUSES
    assert tuple(CAUSE) == tuple(range(len(PE_CYCLE_CAUSES)))
