"""Machines without a queue: how windows go through contexts, and how counters hand them out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from o3sim.config.architecture import Architecture
from o3sim.contract.events import Event, EventKind
from o3sim.contract.plan import plan_groups
from o3sim.errors import InputError
from o3sim.network.layer import LayerSize, Pool
from o3sim.profile.profile import LayerProfile
from tests.machine.harness import conv, cycles_of, dense, ops_at, profile, queueless, run, run_one, trace
from tests.machine.strategies import Case, queueless_cases

POOLED = conv(4, 4, 8, 2, kernel=3, pool=Pool(2, 2))  # one window a channel: ops 0-3 and 4-7, 9 words each
LONE = conv(4, 4, 8, 1, kernel=3, pool=Pool(2, 2))


def one_pe(**changes: Any) -> Architecture:
    return queueless("window", **{"pe__count": 1, "scheduler__counters": 1, **changes})


def units_of(events: list[Event], kind: EventKind) -> dict[int, str]:
    return {event.op: event.unit for event in events if event.kind == kind}


def members(outcomes: list[int]) -> LayerProfile:
    """A lone window whose members come out like this, each decided by its third of nine words."""
    return profile(LONE, 24, np.array(outcomes).reshape(2, 2, 1))


@pytest.mark.parametrize("latency", [1, 2, 4])
def test_a_member_begins_when_the_verdict_on_the_one_before_is_known(latency: int) -> None:
    events = trace(one_pe(pe__latency_cycles=latency, pe__contexts=3), members([0, 0, 0, 0]))
    each = 3 - 1 + latency  # the verdict is known so long after a member began
    assert cycles_of(events, EventKind.ISSUE) == {op: op * each for op in range(4)}
    first_words = {
        event.op: event.cycle for event in events if event.kind is EventKind.WORD and not event.value
    }
    assert first_words == {op: op * each for op in range(4)}


@pytest.mark.parametrize("latency", [1, 3])
def test_a_lone_window_takes_the_sum_of_its_members(latency: int) -> None:
    counters = run_one(one_pe(pe__latency_cycles=latency), members([0, 0, 1, 0]))
    assert counters.cycles == 3 * (3 - 1 + latency) + 1
    assert counters.words_executed == 3 * (3 - 1 + latency)  # words run on until the verdict is known
    assert counters.pe_cycles["useful"] == 3 * 3


def test_a_1_drops_the_members_that_have_not_begun() -> None:
    events = trace(one_pe(), members([0, 1, 0, 1]))
    known = cycles_of(events, EventKind.DECIDE)[1]
    assert ops_at(events, EventKind.SQUASH, known) == [2, 3]
    assert set(units_of(events, EventKind.SQUASH).values()) == {"window"}
    assert sorted(cycles_of(events, EventKind.ISSUE)) == [0, 1]


def test_without_pooling_pruning_members_still_come_one_after_another() -> None:
    counters = run_one(one_pe(pruning__pooling=False), members([1, 1, 0, 0]))
    assert counters.cycles == 4 * 3 + 1
    assert (counters.retired, counters.squashed_queue) == (4, 0)


def test_one_outcome_a_window_is_written() -> None:
    ran = run(one_pe(), members([0, 0, 1, 0]))
    counters = ran.layers[0]
    assert (counters.retired, counters.squashed_queue, counters.scoreboard_writes) == (3, 1, 1)
    events = trace(one_pe(), members([0, 0, 1, 0]))
    assert units_of(events, EventKind.RETIRE) == {0: "pe0", 1: "pe0", 2: "output"}
    assert cycles_of(events, EventKind.RETIRE) == cycles_of(events, EventKind.DECIDE)


def test_a_context_is_free_after_the_last_word_of_the_last_member() -> None:
    """The second window starts when the last words of the first are in, its verdict still out."""
    layer = profile(POOLED, None, 0)
    events = trace(one_pe(pe__latency_cycles=5), layer)
    words = [event.cycle for event in events if event.kind is EventKind.WORD and event.op == 3]
    assert cycles_of(events, EventKind.ISSUE)[4] == max(words) + 1
    assert cycles_of(events, EventKind.DECIDE)[3] == max(words) + 5


def test_a_context_is_free_when_a_1_ends_its_window() -> None:
    events = trace(one_pe(), profile(POOLED, 24, 1))
    assert cycles_of(events, EventKind.ISSUE)[4] == cycles_of(events, EventKind.DECIDE)[0]


def test_the_first_word_of_a_window_goes_in_the_issue_latency_after_it_is_handed_out() -> None:
    events = trace(one_pe(scheduler__issue_latency_cycles=4), members([0, 0, 0, 0]))
    assert cycles_of(events, EventKind.DISPATCH) == dict.fromkeys(range(4), 0)
    assert cycles_of(events, EventKind.ISSUE)[0] == 0
    words = [event.cycle for event in events if event.kind is EventKind.WORD]
    assert words[0] == 4
    assert cycles_of(events, EventKind.ISSUE)[1] == words[3]  # members after it wait for nothing


def test_a_narrow_write_port_holds_windows_up_and_not_their_members() -> None:
    layer = profile(POOLED, 8, 0)
    wide, narrow = (
        run_one(
            queueless("window", pe__count=2, scheduler__counters=2, output_buffer__write_width_ops=width),
            layer,
        )
        for width in (2, 1)
    )
    assert narrow.cycles == wide.cycles + 1
    assert narrow.pe_cycles["write_stall"] == 1


@given(queueless_cases())
@settings(max_examples=200, deadline=None)
def test_edges_are_those_of_members_one_after_another(case: Case) -> None:
    """Whatever the machine: windows prune what members strictly one after another would, to the edge."""
    pruning, width = case.architecture.pruning, case.architecture.pe.width_edges
    for layer, counters in zip(case.profiles, run(*case[:1], *case.profiles).layers, strict=True):
        evaluated = taken_in_turn(layer, pruning.pooling)
        needed = layer.n_edges[:, :, None] if layer.scores or not pruning.threshold else layer.decision
        words = -(-np.broadcast_to(needed, evaluated.shape) // width)
        edges = np.minimum(words * width, layer.n_edges[:, :, None])
        assert counters.retired == evaluated.sum()
        assert counters.pe_cycles["useful"] == words[evaluated].sum()
        assert counters.edges_executed - counters.edges_wasted == edges[evaluated].sum()


def taken_in_turn(layer: LayerProfile, pruned: bool) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which neurons are evaluated if each window stops at its first 1."""
    geometry = layer.geometry
    evaluated = np.broadcast_to(geometry.pooled_mask()[:, :, None], layer.outcome.shape).copy()
    if geometry.pool is None or layer.scores or not pruned:
        return evaluated
    size, stride = geometry.pool.size, geometry.pool.stride
    order = geometry.member_order or range(size * size)
    for y, x, channel in np.ndindex(geometry.pooled_height, geometry.pooled_width, geometry.out_channels):
        places = [(y * stride + place // size, x * stride + place % size, channel) for place in order]
        ones = [index for index, place in enumerate(places) if layer.outcome[place]]
        for place in places[ones[0] + 1 :] if ones else []:
            evaluated[place] = False
    return evaluated


@pytest.mark.parametrize(("positions", "tasks"), [(1, 6), (2, 4), (4, 2)])
def test_a_bundle_does_not_run_over_the_end_of_a_row(positions: int, tasks: int) -> None:
    layer = profile(conv(2, 3, 8, 1, kernel=1), None, 0)
    assert run_one(one_pe(scheduler__bundle_positions=positions), layer).scoreboard_reads == tasks


def test_the_next_of_a_bundle_goes_on_after_the_last_word_or_with_the_verdict() -> None:
    layer = profile(conv(1, 3, 32, 1, kernel=1), np.array([32, 8, 32]).reshape(1, 3, 1), 0)
    events = trace(one_pe(scheduler__bundle_positions=3, pe__latency_cycles=2), layer)
    assert cycles_of(events, EventKind.ISSUE) == {
        0: 0,
        1: 4,
        2: 4 + 2,
    }  # four words; one word and its verdict
    assert units_of(events, EventKind.RETIRE) == dict.fromkeys(range(3), "output")


def test_a_bundle_drops_nothing() -> None:
    layer = profile(conv(1, 3, 32, 1, kernel=1), 8, 1)
    counters = run_one(one_pe(scheduler__bundle_positions=3), layer)
    assert (counters.retired, counters.scoreboard_writes) == (3, 3)


def test_a_counter_fills_the_pe_of_its_range_that_holds_fewest_and_the_lowest_of_them() -> None:
    arch = queueless("window", pe__contexts=2, scheduler__windows_per_cycle=3)  # ranges pe0-1 and pe2-3
    events = trace(arch, profile(dense(80, 6)))
    assert units_of(events, EventKind.ISSUE) == {
        0: "pe0.0", 1: "pe1.0", 2: "pe0.1", 3: "pe2.0", 4: "pe3.0", 5: "pe2.1",
    }  # fmt: skip
    assert set(units_of(events, EventKind.DISPATCH).values()) == {"counter0", "counter1"}


def test_which_counter_is_first_rotates_with_the_cycles_of_the_layer() -> None:
    arch = queueless("window", pe__contexts=3)
    events = trace(arch, profile(dense(16, 1)), profile(dense(80, 4)))
    start = [event.cycle for event in events if event.kind is EventKind.LAYER_START][1]
    assert start % 2  # the cycle of the image would let counter 1 begin
    second = [event for event in events if event.cycle >= start and event.kind is EventKind.DISPATCH]
    assert [(event.op, event.unit) for event in second] == [
        (0, "counter0"), (1, "counter1"), (2, "counter1"), (3, "counter0"),
    ]  # fmt: skip


def test_a_counter_hands_out_so_many_windows_a_cycle() -> None:
    arch = queueless("window", pe__contexts=4, scheduler__counters=1, scheduler__windows_per_cycle=3)
    events = trace(arch, profile(dense(800, 8)))
    assert [len(ops_at(events, EventKind.DISPATCH, cycle)) for cycle in range(4)] == [3, 3, 2, 0]


def test_pes_without_a_window_wait_for_the_counter_or_there_is_none_left() -> None:
    arch = queueless("window", pe__count=2, scheduler__counters=1)
    causes = run_one(arch, profile(dense(8, 2), 8)).pe_cycles
    assert (causes["no_ready_op"], causes["drain"]) == (1, 3)


@pytest.mark.parametrize(("pick", "served"), [("oldest", [0, 0, 1, 1]), ("barrel", [0, 1, 0, 1])])
def test_contexts_take_turns_in_a_barrel(pick: str, served: list[int]) -> None:
    arch = one_pe(pe__contexts=2, pe__pick=pick, scheduler__windows_per_cycle=2)
    events = trace(arch, profile(dense(16, 2)))
    assert [event.op for event in events if event.kind is EventKind.WORD] == served


def test_a_barrel_takes_turns_among_guesses_where_all_verdicts_are_out() -> None:
    arch = one_pe(pe__contexts=2, pe__latency_cycles=9, pe__pick="barrel", scheduler__windows_per_cycle=2)
    events = trace(arch, profile(dense(32, 2)))
    assert [event.op for event in events if event.kind is EventKind.WORD] == [0, 1] * 4


def test_classes_are_windows_of_their_own_and_evaluated_whole() -> None:
    counters = run_one(one_pe(), profile(dense(80, 5), scores=True))
    assert (counters.scoreboard_reads, counters.retired, counters.words_executed) == (5, 5, 50)


@pytest.mark.parametrize("dispatch", ["window", "group"])
def test_overlapping_windows_are_refused_by_name(dispatch: str) -> None:
    layers = [LayerSize("conv7", conv(7, 7, 8, 2, pool=Pool(3, 2)), False)]
    with pytest.raises(InputError, match=r"windows of layer conv7 overlap \(pool of 3 every 2\).*`central`"):
        plan_groups(queueless(dispatch), layers)


def weights_late(dispatch: str, **changes: Any) -> Architecture:
    """A machine whose weights of 160 bits come at 8 bits a cycle, two channels in a half."""
    return queueless(dispatch, dram__bits_per_cycle=8, weight_buffer__size_kbit=1, **changes)


def test_counters_wait_for_weights_in_the_order_of_their_list() -> None:
    layer = profile(dense(160, 9))  # halves of three channels, 60 cycles each
    events = trace(weights_late("window", pe__contexts=8), layer)
    arrivals = [60, 60, 61, 120, 120, 121, 180, 180, 181]
    assert cycles_of(events, EventKind.DISPATCH) == dict(enumerate(arrivals))
    causes = run_one(weights_late("window"), layer).pe_cycles
    assert causes["weight_wait"] > 0


def test_each_group_takes_its_own_list_of_channels() -> None:
    arch = queueless("group", pe__contexts=4)
    events = trace(arch, profile(dense(80, 5)))
    assert units_of(events, EventKind.DISPATCH) == {
        0: "counter0", 1: "counter1", 2: "counter0", 3: "counter1", 4: "counter0",
    }  # fmt: skip


def test_a_group_that_is_done_drains_while_others_work() -> None:
    arch = queueless("group", pe__count=2)
    causes = run_one(arch, profile(dense(80, 3), 80)).pe_cycles
    assert causes["drain"] == 1 + 10 + 1  # the verdict's cycle of both, and the second channel of the first


def test_a_member_begins_with_the_threshold_of_its_channel() -> None:
    """Two of four members are dropped before they begin; one channel is constant, the scores have none."""
    layer = profile(POOLED, [[[24, 0]]], np.array([0, 1, 1, 0]).reshape(2, 2, 1))
    counters, scores = run(one_pe(), layer, profile(dense(16, 5), scores=True)).layers
    assert (counters.issued, counters.threshold_reads) == (4, 4)
    assert (scores.issued, scores.threshold_reads) == (5, 0)


def test_a_machine_without_a_queue_counts_none() -> None:
    counters = run_one(one_pe(), profile(POOLED, 24, np.array([0, 1, 1, 0]).reshape(2, 2, 1)))
    assert (counters.queue_writes, counters.queue_reads, counters.squashed_sequencer) == (0, 0, 0)
    assert (counters.scoreboard_reads, counters.scoreboard_writes) == (2, 2)
    assert (counters.dispatched, counters.issued, counters.squashed_queue) == (8, 4, 4)


def test_a_layer_ends_when_its_last_bits_are_in_their_banks() -> None:
    layer = profile(dense(8, 1))
    plain, banked = (run_one(one_pe(activation_buffer__banks=banks), layer) for banks in ("ideal", 1))
    assert (plain.cycles, banked.cycles) == (2, 3)
    assert banked.pe_cycles["operand_stall"] == 0
    events = trace(one_pe(activation_buffer__banks=1), layer, profile(dense(8, 1), scores=True))
    first_word = [event.cycle for event in events if event.kind is EventKind.WORD][1]
    assert first_word == 3  # the second layer reads in its first cycle


def test_a_bit_of_a_window_goes_out_when_its_outcome_is_written() -> None:
    """Without pooling pruning too, though a 1 was known before; the port is taken in the cycle after."""
    arch = one_pe(pruning__pooling=False, activation_buffer__banks=1, pe__contexts=2)
    layer = profile(POOLED, 72, np.array([1, 0, 0, 0]).reshape(2, 2, 1))
    events = trace(arch, layer)
    written = [event.cycle for event in events if event.kind is EventKind.RETIRE and event.unit == "output"]
    stalls = [event.cycle for event in events if event.kind is EventKind.STALL]
    assert stalls == [written[0] + 1]
