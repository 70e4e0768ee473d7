"""The energy model: each unit priced by hand, linear in the counters, sane in every direction."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.config.load import load_architecture
from o3sim.config.shipped_tables import shipped_tables
from o3sim.contract.counters import LayerCounters
from o3sim.energy.model import EnergyModel
from o3sim.energy.table import load_table
from o3sim.energy.units import UNITS
from o3sim.network.layer import LayerSize
from tests.machine.harness import conv, dense
from tests.sample_runs import architecture, counters

TABLE = load_table("asic-45nm")
COUNTS = [item.name for item in fields(LayerCounters) if item.name not in ("name", "pe_cycles")]


LAYERS = LayerSize("conv1", conv(8, 8, 128, 1024), False), LayerSize("scores", dense(8, 9), True)
"""A line buffer of 3 rows of 8 x 128 bits, and 1,024 thresholds of 0 to 1,153 matches: 11 bits."""


def model(**changes: dict[str, Any]) -> EnergyModel:
    return EnergyModel(architecture("machine", **changes), TABLE, LAYERS)


def counters_strategy() -> st.SearchStrategy[LayerCounters]:
    return st.fixed_dictionaries(dict.fromkeys(COUNTS, st.integers(0, 10**9))).map(
        lambda counts: LayerCounters("layer", **counts)
    )


HAND_SIZED = {
    "pe": {"count": 4, "width_edges": 32, "latency_cycles": 2},
    "issue_queue": {"depth_ops": 8},
    # 8 KB banks on both sides: 10 pJ for 64 bits
    "activation_buffer": {"banks": 4, "size_kbit": 256},
    "weight_buffer": {"banks": 2, "size_kbit": 256},
}
BIT_PJ = 10 / 64

BY_HAND = [
    ({"edges_executed": 1000}, "pe", 1000 * 0.0045),
    ({"words_executed": 10}, "pe", 10 * 0.05),
    ({"activation_requests": 2, "weight_requests": 3}, "pe", 5 * 32 * 0.00375),
    ({"threshold_compares": 7}, "threshold_compare", 2 * 7 * 0.05),
    ({"activation_reads": 3}, "activation_buffer", 3 * 32 * BIT_PJ),
    ({"weight_reads": 3}, "weight_buffer", 3 * 32 * BIT_PJ),
    ({"activation_reads": 3, "line_buffer_reads": 5}, "line_buffer", 0),
    ({"threshold_reads": 3}, "threshold_table", 3 * 11 * BIT_PJ * (1024 * 11 / (8 * 8192)) ** 0.5),
    ({"queue_reads": 5}, "scheduler", 5 * 8 * 0.0015),
    ({"scoreboard_writes": 5}, "scheduler", 5 * 8 * 0.012),
    ({"scoreboard_writes": 5}, "scoreboard", 5 * 2 * BIT_PJ),
    ({"scoreboard_writes": 5}, "output_buffer", 5 * 0.05),
    ({"scoreboard_reads": 6}, "sequencer", 6 * 0.15),
    ({"scoreboard_reads": 6}, "scoreboard", 6 * 2 * BIT_PJ),
    ({"output_bits": 4}, "activation_buffer", 4 * BIT_PJ),
    ({"output_bits": 4}, "output_buffer", 4 * 0.00375),
    ({"dram_bits": 128}, "dram", 2 * 1950.0),
    ({"dram_bits": 128}, "weight_buffer", 128 * BIT_PJ),
]


@pytest.mark.parametrize(("counts", "unit", "pj"), BY_HAND)
def test_each_event_costs_what_the_table_says(counts: dict[str, int], unit: str, pj: float) -> None:
    assert model(**HAND_SIZED).energy_pj(LayerCounters("layer", **counts))[unit] == pytest.approx(pj)


def test_issue_queue_is_a_memory_of_its_own_size() -> None:
    """171 entries of 48 bits are 1.002 KB; 32 KB / 8 KB cost a factor 2, so 1 KB costs 10 / 8**0.5."""
    energy = model(issue_queue={"depth_ops": 171}).energy_pj(
        LayerCounters("l", queue_reads=1, queue_writes=1)
    )
    assert energy["issue_queue"] == pytest.approx(2 * 48 / 64 * 10 / 8**0.5, rel=0.01)


def test_a_line_buffer_is_a_memory_of_its_own_size_that_is_read_and_filled() -> None:
    """Its 3 kbit in 4 banks: 32 KB / 8 KB cost a factor 2, so prices go with the square root of the size."""
    buffered = {**HAND_SIZED, "activation_buffer": {**HAND_SIZED["activation_buffer"], "line_buffer": True}}
    reads = LayerCounters("l", activation_reads=3, line_buffer_reads=5)
    energy = model(**buffered).energy_pj(reads)
    assert energy["line_buffer"] == pytest.approx((3 + 5) * 32 * BIT_PJ * (3 * 1024 / 4 / (8 * 8192)) ** 0.5)
    assert energy["activation_buffer"] == pytest.approx(3 * 32 * BIT_PJ)
    more = model(**buffered).leakage_pj_per_cycle - model(**HAND_SIZED).leakage_pj_per_cycle
    assert more == pytest.approx(3.125 * 3 / 200)


def test_a_bank_holds_a_word_at_least() -> None:
    """Of 3 kbit in 128 banks each holds 32 bits, not 24."""
    many = {"banks": 128, "size_kbit": 256, "line_buffer": True}
    energy = model(**{**HAND_SIZED, "activation_buffer": many}).energy_pj(
        LayerCounters("l", line_buffer_reads=1)
    )
    assert energy["line_buffer"] == pytest.approx(32 * BIT_PJ * (32 / (8 * 8192)) ** 0.5)


def test_leakage_follows_size_and_clock() -> None:
    sized = model(**HAND_SIZED)
    kbit = 256 + 256 + 8 * 48 / 1024 + 11 + 4 * 3 * 49 / 1024  # thresholds, and verdicts of latency 2
    by_hand_uw = 0.24 * 4 * 32 + 3.125 * kbit
    assert sized.leakage_pj_per_cycle == pytest.approx(by_hand_uw / 200)
    assert sized.energy_pj(LayerCounters("l", cycles=50))["leakage"] == pytest.approx(by_hand_uw / 4)


def test_no_pruning_compares_once_and_wakes_nothing() -> None:
    dense = model(pruning={"threshold": False, "pooling": False})
    energy = dense.energy_pj(LayerCounters("l", threshold_compares=7, scoreboard_writes=5))
    assert energy["threshold_compare"] == pytest.approx(7 * 0.05)
    assert energy["scheduler"] == 0


def test_only_out_of_order_selects_from_the_whole_queue() -> None:
    issues = LayerCounters("l", queue_reads=1)
    out_of_order = model().energy_pj(issues)["scheduler"]
    for policy in ("in_order", "lockstep"):
        assert model(scheduler={"policy": policy}).energy_pj(issues)["scheduler"] * 512 == out_of_order


def test_of_a_queue_in_banks_one_is_read_selected_from_and_woken() -> None:
    events = LayerCounters("l", queue_reads=3, queue_writes=4, scoreboard_writes=5)
    shallow = model(issue_queue={"depth_ops": 16}).energy_pj(events)
    changes = {"scheduler.dispatch": "banked", "scheduler.banks": 4, "issue_queue.depth_ops": 64}
    banked = EnergyModel(load_architecture("o3bnn-64pe").with_(changes), TABLE, LAYERS).energy_pj(events)
    for unit in ("issue_queue", "scheduler"):
        assert banked[unit] == pytest.approx(shallow[unit])
        assert banked[unit] > 0


def test_ideal_banks_are_one_for_each_pe() -> None:
    ideal = {"activation_buffer": {"banks": "ideal"}, "weight_buffer": {"banks": "ideal"}}
    each = {"activation_buffer": {"banks": 64}, "weight_buffer": {"banks": 64}}
    assert model(**ideal).energy_pj(counters()) == model(**each).energy_pj(counters())


@pytest.mark.parametrize("name", shipped_tables())
def test_every_unit_is_priced_in_order(name: str) -> None:
    buffered = architecture(activation_buffer={"line_buffer": True})
    energy = EnergyModel(buffered, load_table(name), LAYERS).energy_pj(counters())
    assert tuple(energy) == UNITS
    assert all(pj > 0 for unit, pj in energy.items() if unit != "patch_memory")  # o3bnn-64pe has none


@given(counters_strategy(), counters_strategy())
def test_energy_of_a_sum_is_the_sum(one: LayerCounters, other: LayerCounters) -> None:
    machine = model()
    apart = [machine.energy_pj(one), machine.energy_pj(other)]
    one.add(other)
    together = machine.energy_pj(one)
    for unit in UNITS:
        assert together[unit] == pytest.approx(apart[0][unit] + apart[1][unit])


@pytest.mark.parametrize("count", ["cycles", "edges_executed", "activation_reads", "dram_bits"])
def test_more_of_an_event_never_costs_less(count: str) -> None:
    small, large = (model().energy_pj(LayerCounters("l", **{count: n})) for n in (10, 11))
    assert all(small[unit] <= large[unit] for unit in UNITS)
    assert sum(small.values()) < sum(large.values())


def test_weights_that_stay_are_read_from_banks_of_their_part_and_others_from_halves_of_the_rest() -> None:
    parts = {**HAND_SIZED, "weight_buffer": {"banks": 2, "size_kbit": 768, "resident_kbit": 512}}
    priced = model(**parts)
    read, large_bit_pj = LayerCounters("layer", weight_reads=3, order_bits=5), 20 / 64  # banks of 32 KB
    assert priced.energy_pj(read)["weight_buffer"] == pytest.approx(3 * 32 * BIT_PJ)
    assert priced.energy_pj(read, stays=True)["weight_buffer"] == pytest.approx(3 * 32 * large_bit_pj)
    gathered = [priced.energy_pj(read, stays=stays)["activation_gather"] for stays in (False, True)]
    assert gathered[1] - gathered[0] == pytest.approx(5 * (large_bit_pj - BIT_PJ))


def test_loading_takes_transfers_writes_and_leakage() -> None:
    parts = {**HAND_SIZED, "weight_buffer": {"banks": 2, "size_kbit": 384, "resident_kbit": 128}}
    priced = model(**parts)
    assert priced.load_pj(128, 0) == pytest.approx(2 * 1950 + 128 * 10 / 64)
    assert priced.load_pj(0, 9) == pytest.approx(9 * priced.leakage_pj_per_cycle)
