"""When weight groups arrive, and what waits for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import simpy

from o3sim.config.architecture import Architecture, Dram
from o3sim.contract.events import EventKind
from o3sim.contract.plan import ImageRun
from o3sim.contract.weight_groups import WeightGroup, all_channels
from o3sim.machine.weight_stream import WeightStream
from tests.compiled.engines import run_compiled, run_simpy
from tests.machine.carousel.samples import carousel
from tests.machine.harness import (
    Log,
    architecture,
    conv,
    cycles_of,
    dense,
    profile,
    queueless,
    run,
    run_one,
    trace,
)
from tests.machine.strategies import Case

Run = Callable[..., ImageRun]

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
    assert weights.arrival_cycles == {0: 10 + 100, 1: 10 + 5 + 100}  # not 10 + 100 + 5 + 100


def test_both_halves_start_empty_and_a_third_group_waits_for_one() -> None:
    env, weights = stream(10, 0, 100, 100, 100)
    env.run(until=1000)
    assert weights.arrival_cycles == {0: 10, 1: 20}
    assert weights.next_change(2) == 20


def test_a_half_freed_in_a_cycle_is_written_from_the_next_on() -> None:
    env, weights = stream(10, 7, 100, 100, 100)
    env.run(until=40)
    weights.release_half(0)
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


SECOND_STAYS = {
    "weight_buffer__size_kbit": 2,
    "weight_buffer__resident_kbit": 1,
    "dram__bits_per_cycle": 10,
    "dram__latency_cycles": 5,
}
LAYERS = tuple(map(profile, (conv(2, 2, 100, 12, kernel=1), dense(100, 8), conv(2, 2, 100, 4, kernel=1))))
"""Of 1,248, 832 and 416 bits in the buffer, in four, one and four positions: three groups, one, one."""


@pytest.mark.parametrize("run_case", [run_simpy, run_compiled])
def test_weights_that_stay_are_there_from_cycle_0_on_and_are_not_streamed(run_case: Run) -> None:
    log = Log()
    counts = run_case(Case(architecture(**SECOND_STAYS), LAYERS), (log,)).layers
    requests = cycles_of(log.events, EventKind.WEIGHTS)
    assert list(requests) == [0, 1, 2, 4]  # group 3 is the layer that stays
    assert requests[4] < cycles_of(log.events, EventKind.LAYER_START)[1]  # and the stream goes on meanwhile
    assert [counters.dram_bits for counters in counts] == [1200, 0, 400]
    assert counts[1].pe_cycles["weight_wait"] == 0 < counts[0].pe_cycles["weight_wait"]


MACHINES: dict[str, Callable[..., Architecture]] = {
    "central": architecture,
    "window": partial(queueless, "window"),
    "group": partial(queueless, "group"),
    "carousel": partial(carousel, pruning__threshold=False),
}


@pytest.mark.parametrize("dispatch", MACHINES)
@pytest.mark.parametrize("run_case", [run_simpy, run_compiled])
def test_a_layer_that_stays_takes_no_half_and_frees_none(run_case: Run, dispatch: str) -> None:
    """Both halves are the streamed layers': the groups before and behind the one that stays share them."""
    stays, streams = profile(dense(100, 8)), profile(conv(2, 2, 100, 4, kernel=1))
    sizes = {"weight_buffer__size_kbit": 3, "weight_buffer__resident_kbit": 2, "dram__latency_cycles": 0}
    arch = MACHINES[dispatch](**{**SECOND_STAYS, **sizes})
    log = Log()
    run_case(Case(arch, (streams, stays, streams, stays, streams)), (log,))
    ends = cycles_of(log.events, EventKind.LAYER_END)
    assert cycles_of(log.events, EventKind.WEIGHTS) == {0: 0, 2: 40, 4: ends[0] + 1}


def test_where_all_weights_stay_a_machine_is_as_fast_as_with_ideal_dram() -> None:
    fits = {"weight_buffer__size_kbit": 3, "weight_buffer__resident_kbit": 3}
    slow = architecture(dram__bits_per_cycle=1, dram__latency_cycles=1000, **fits)
    ideal = architecture(weight_buffer__size_kbit=100)
    log = Log()
    made, expected = run(slow, *LAYERS, observers=(log,)), run(ideal, *LAYERS)
    assert [counters.dram_bits for counters in made.layers] == [0, 0, 0]
    assert not [event for event in log.events if event.kind == EventKind.WEIGHTS]
    assert [replace(counters, dram_bits=0) for counters in expected.layers] == made.layers


def test_a_group_that_stays_holds_no_half_up_behind_one_that_waits() -> None:
    """What stays is there whatever the stream has asked for: nothing waits for a transfer before it."""
    groups = [WeightGroup(0, 0, 1, 100), WeightGroup(0, 1, 2, 100), WeightGroup(0, 2, 3, 100)]
    groups.append(all_channels(1, dense(8, 1)))
    env = simpy.Environment()
    weights = WeightStream(env, Dram(bits_per_cycle=10, latency_cycles=0), groups, lambda *_: None)
    env.run(until=100)
    assert weights.arrival_cycles == {0: 10, 1: 20, 3: 0}
    weights.release_half(3)
    env.run(until=200)
    assert 2 not in weights.arrival_cycles
    weights.release_half(0)
    env.run(until=300)
    assert weights.arrival_cycles[2] == 201 + 10
