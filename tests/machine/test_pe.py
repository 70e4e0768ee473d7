"""One PE: which context's word goes in next, and what an op's verdict lag costs."""

from __future__ import annotations

import pytest

from o3sim.contract.events import EventKind
from o3sim.machine.op import Op
from o3sim.machine.pe import PE
from tests.machine.harness import architecture, cycles_of, dense, op_of, ops_at, profile, run_one, trace


def holding(*ops: Op, speculate: bool = True) -> PE:
    """Make a PE that holds these ops."""
    pe = PE(0, len(ops) + 1, speculate)
    for op in ops:
        pe.accept(op)
    return pe


def test_an_op_takes_the_lowest_free_context() -> None:
    first, second, third = op_of(0), op_of(1), op_of(2)
    pe = holding(first, second)
    pe.release(first)
    pe.accept(third)
    assert (second.context, third.context, pe.occupied) == (1, 0, 2)


def test_the_oldest_op_whose_verdict_is_in_goes_first() -> None:
    older, newer = op_of(3, words_in=1, ready_cycle=9), op_of(5, words_in=1, ready_cycle=9)
    assert holding(newer, older).select(9) is older


def test_an_op_whose_verdict_is_out_yields_to_a_newer_one() -> None:
    older, newer = op_of(3, words_in=1, ready_cycle=10), op_of(5, words_in=1, ready_cycle=9)
    assert holding(older, newer).select(9) is newer


def test_with_all_verdicts_out_the_oldest_goes_on_or_the_pe_waits() -> None:
    ops = op_of(5, words_in=1, ready_cycle=10), op_of(3, words_in=1, ready_cycle=11)
    assert holding(*ops).select(9) is ops[1]
    assert holding(*ops, speculate=False).select(9) == "verdict_wait"


def test_an_op_on_its_way_to_the_pe_is_no_candidate() -> None:
    coming, out = op_of(3, ready_cycle=12), op_of(5, words_in=1, ready_cycle=11)
    assert holding(coming).select(9) == "issue_wait"
    assert holding(coming, out).select(9) is out
    assert holding(coming, out, speculate=False).select(9) == "verdict_wait"


def test_a_pe_with_an_unwritten_verdict_stalls_whatever_it_holds() -> None:
    pe = holding(op_of(3))
    pe.late_verdicts = 1
    assert pe.select(9) == "write_stall"


def words_of(words: int, decided: int, **changes: object) -> tuple[list[int], int]:
    """Run a lone neuron; return when its words went in, and the cycle of its decision."""
    layer = profile(dense(8 * words, 1), decision=8 * decided)
    events = trace(architecture(pe__count=1, **changes), layer)
    went_in = [event.cycle for event in events if event.kind == EventKind.WORD]
    return went_in, cycles_of(events, EventKind.DECIDE)[0]


@pytest.mark.parametrize("latency", [1, 2, 5])
def test_a_verdict_is_known_latency_cycles_after_its_word(latency: int) -> None:
    went_in, decided = words_of(3, 3, pe__latency_cycles=latency)
    assert decided == went_in[-1] + latency


def test_words_after_the_deciding_one_run_on_until_the_verdict_is_known() -> None:
    went_in, decided = words_of(9, 2, pe__latency_cycles=3)
    assert (went_in, decided) == ([1, 2, 3, 4], 5)  # 2 decides; no word in the cycle it is known


def test_a_pe_that_does_not_speculate_waits_for_each_verdict() -> None:
    went_in, decided = words_of(9, 2, pe__latency_cycles=3, pe__speculate=False)
    assert (went_in, decided) == ([1, 4], 7)


def test_waiting_for_a_verdict_is_verdict_wait() -> None:
    arch = architecture(pe__count=1, pe__latency_cycles=3, pe__speculate=False)
    counters = run_one(arch, profile(dense(16, 1)))
    # words in 1 and 4; after the last word the context is free, and the PE idle
    assert counters.pe_cycles["verdict_wait"] == 2
    assert counters.pe_cycles["drain"] == 3


def test_words_after_a_decision_are_wasted() -> None:
    arch = architecture(pe__count=1, pe__latency_cycles=3)
    counters = run_one(arch, profile(dense(70, 1), decision=16))
    assert (counters.pe_cycles["useful"], counters.pe_cycles["wasted"]) == (2, 2)
    assert (counters.edges_executed, counters.edges_wasted) == (32, 16)
    assert counters.edges_pruned_threshold == 70 - 32


@pytest.mark.parametrize("latency", [1, 2, 3, 4])
def test_contexts_as_many_as_the_latency_waste_nothing_and_never_wait(latency: int) -> None:
    arch = architecture(pe__count=1, pe__latency_cycles=latency, pe__contexts=latency)
    events = trace(arch, profile(dense(64, 40), decision=16))
    words = [event for event in events if event.kind == EventKind.WORD]
    full = cycles_of(events, EventKind.ISSUE)[39]  # from here on there are too few ops to interleave
    assert [event.cycle for event in words if event.cycle < full] == list(range(1, full))
    assert {event.value for event in words if event.op < 40 - latency} == {0, 1}  # two words are needed


def test_without_threshold_pruning_words_never_wait_for_verdicts() -> None:
    went_in, decided = words_of(4, 1, pe__latency_cycles=3, pe__speculate=False, pruning__threshold=False)
    assert (went_in, decided) == ([1, 2, 3, 4], 4 + 3)


def test_the_scores_layer_is_not_checked_either() -> None:
    arch = architecture(pe__count=1, pe__latency_cycles=3, pe__speculate=False)
    layer = profile(dense(32, 1), scores=True)
    assert run_one(arch, layer).cycles == 1 + 4 + 3
    assert run_one(arch, layer).threshold_compares == 1


def test_a_constant_op_needs_no_word_and_one_cycle_in_a_context() -> None:
    arch = architecture(pe__count=1, pe__latency_cycles=3)
    events = trace(arch, profile(dense(64, 2), decision=0))
    assert cycles_of(events, EventKind.ISSUE) == {0: 1, 1: 2}
    assert cycles_of(events, EventKind.DECIDE) == {0: 2, 1: 3}  # whatever the latency of a word
    assert cycles_of(events, EventKind.WORD) == {}


def test_a_constant_op_counts_as_verdict_wait_and_prunes_all_its_edges() -> None:
    counters = run_one(architecture(pe__count=1), profile(dense(64, 2), decision=0))
    assert counters.pe_cycles["verdict_wait"] == 2
    assert counters.edges_pruned_threshold == counters.edges_total == 128


def test_a_constant_op_waits_for_the_issue_latency_too() -> None:
    arch = architecture(pe__count=1, scheduler__issue_latency_cycles=4)
    events = trace(arch, profile(dense(64, 1), decision=0))
    assert cycles_of(events, EventKind.DECIDE) == {0: 1 + 4 + 1}
    assert run_one(arch, profile(dense(64, 1), decision=0)).pe_cycles["verdict_wait"] == 5


def test_a_context_is_given_an_op_in_the_cycle_after_a_last_word() -> None:
    events = trace(architecture(pe__count=1, pe__latency_cycles=4), profile(dense(16, 3)))
    assert cycles_of(events, EventKind.ISSUE) == {0: 1, 1: 3, 2: 5}
    words = [event.cycle for event in events if event.kind == EventKind.WORD]
    assert words == [1, 2, 3, 4, 5, 6]  # no bubble between ops


def test_a_context_is_given_an_op_in_the_cycle_a_verdict_is_known() -> None:
    arch = architecture(pe__count=1, pe__latency_cycles=2)
    events = trace(arch, profile(dense(80, 2), decision=8))
    assert cycles_of(events, EventKind.DECIDE)[0] == cycles_of(events, EventKind.ISSUE)[1] == 3
    assert ops_at(events, EventKind.WORD, 3) == [1]


def test_an_op_goes_to_the_pe_that_holds_fewest_and_the_lowest_of_them() -> None:
    arch = architecture(pe__count=2, pe__contexts=2)
    events = trace(arch, profile(dense(64, 4)))
    places = {event.op: event.unit for event in events if event.kind == EventKind.ISSUE}
    assert places == {0: "pe0.0", 1: "pe1.0", 2: "pe0.1", 3: "pe1.1"}


def test_a_pe_that_holds_fewer_goes_before_a_lower_one() -> None:
    arch = architecture(pe__count=2, pe__contexts=2)
    decision = [[[64, 8, 64, 64, 64]]]  # op 1 leaves PE 1 first
    events = trace(arch, profile(dense(64, 5), decision=decision))
    places = {event.op: event.unit for event in events if event.kind == EventKind.ISSUE}
    assert places[4] == "pe1.0"
