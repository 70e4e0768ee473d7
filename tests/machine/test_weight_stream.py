"""When weight groups arrive, and what waits for them."""

from __future__ import annotations

import simpy

from o3sim.config.architecture import Dram
from o3sim.contract.events import EventKind
from o3sim.contract.weight_groups import WeightGroup
from o3sim.machine.weight_stream import WeightStream
from tests.machine.harness import architecture, cycles_of, dense, profile, run_one, trace

ONE_CHANNEL_GROUPS = {"weight_buffer__size_kbit": 1, "pe__width_edges": 512}


def stream(bits_per_cycle: int, latency_cycles: int, *bits: int) -> tuple[simpy.Environment, WeightStream]:
    """Make a weight stream of groups with so many bits."""
    env = simpy.Environment()
    groups = [WeightGroup(0, i, i + 1, size) for i, size in enumerate(bits)]
    dram = Dram(bits_per_cycle=bits_per_cycle, latency_cycles=latency_cycles)
    return env, WeightStream(env, dram, groups, lambda *_: None)


def test_the_latency_of_one_transfer_overlaps_the_next_transfer() -> None:
    env, weights = stream(10, 100, 95, 41)
    env.run(until=50)
    assert weights.arrival_cycles == [10 + 100, 10 + 5 + 100]  # not 10 + 100 + 5 + 100


def test_both_halves_start_empty_and_a_third_group_waits_for_one() -> None:
    env, weights = stream(10, 0, 100, 100, 100)
    env.run(until=1000)
    assert weights.arrival_cycles == [10, 20]
    assert weights.next_change(2) == 20


def test_a_half_freed_in_a_cycle_is_written_from_the_next_on() -> None:
    env, weights = stream(10, 7, 100, 100, 100)
    env.run(until=40)
    weights.release_half()
    env.run(until=60)
    assert weights.arrival_cycles[2] == 41 + 10 + 7


def test_a_group_is_there_in_its_arrival_cycle() -> None:
    env, weights = stream(10, 0, 100)
    env.run(until=1)
    assert not weights.arrived(0, 9)
    assert weights.arrived(0, 10)


def test_first_weights_are_asked_for_in_cycle_0_and_used_on_arrival() -> None:
    arch = architecture(dram__bits_per_cycle=8, dram__latency_cycles=20)
    events = trace(arch, profile(dense(8, 4)))
    requests = [(event.cycle, event.value) for event in events if event.kind == EventKind.WEIGHTS]
    assert requests == [(0, 24)]
    assert set(cycles_of(events, EventKind.DISPATCH).values()) == {24}


def test_ideal_dram_has_no_latency_either() -> None:
    arch = architecture(dram__bits_per_cycle="ideal", dram__latency_cycles=1000)
    assert run_one(arch, profile(dense(8, 1))).cycles == 3


def test_transfers_cross_layer_borders() -> None:
    arch = architecture(dram__bits_per_cycle=1, **ONE_CHANNEL_GROUPS)
    layer = profile(dense(100, 1))
    requests = [event for event in trace(arch, layer, layer, layer) if event.kind == EventKind.WEIGHTS]
    assert [(event.op, event.cycle) for event in requests] == [(0, 0), (1, 100), (2, 200)]


def test_the_last_op_to_end_in_a_group_frees_its_half() -> None:
    arch = architecture(dram__bits_per_cycle=100, dram__latency_cycles=0, **ONE_CHANNEL_GROUPS)
    events = trace(arch, profile(dense(100, 3)))
    retires = cycles_of(events, EventKind.RETIRE)
    requests = cycles_of(events, EventKind.WEIGHTS)
    assert requests[2] == retires[0] + 1


def test_the_sequencer_does_not_pass_a_group_that_is_late() -> None:
    arch = architecture(dram__bits_per_cycle=10, **ONE_CHANNEL_GROUPS)
    events = trace(arch, profile(dense(100, 2)))
    assert cycles_of(events, EventKind.DISPATCH) == {0: 10, 1: 20}


def test_waiting_for_weights_is_weight_wait_on_every_idle_pe() -> None:
    arch = architecture(dram__bits_per_cycle=10, pe__count=4)
    counters = run_one(arch, profile(dense(100, 1)))
    assert counters.pe_cycles["weight_wait"] == 4 * 10


def test_ops_of_a_group_go_on_while_the_sequencer_waits_for_the_next() -> None:
    arch = architecture(dram__bits_per_cycle=10, weight_buffer__size_kbit=1, pe__width_edges=8)
    events = trace(arch, profile(dense(500, 2)))
    assert cycles_of(events, EventKind.ISSUE) == {0: 51, 1: 101}
    words = [event.cycle for event in events if event.kind == EventKind.WORD and event.op == 0]
    assert words == list(range(51, 51 + 63))
