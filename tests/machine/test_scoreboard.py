"""Who sees an outcome when, and what is squashed by it."""

from __future__ import annotations

import pytest

from o3sim.contract.events import Event, EventKind
from o3sim.machine.scoreboard import Scoreboard
from o3sim.network.layer import Pool
from tests.machine.harness import architecture, conv, cycles_of, op_of, ops_at, profile, run_one, trace

ONE_WINDOW = conv(4, 4, 8, 1, kernel=3, pool=Pool(2, 2))  # four ops of 9 words of 8 edges


@pytest.mark.parametrize("latency", [1, 3])
def test_a_retired_1_is_seen_squash_latency_cycles_later(latency: int) -> None:
    scoreboard = Scoreboard(2, True, latency)
    op = op_of(0, outcome=1)
    scoreboard.issue(op)
    scoreboard.retire(op, 10)
    assert not scoreboard.show(10 + latency - 1)
    assert not scoreboard.is_settled(op)
    assert scoreboard.show(10 + latency)
    assert scoreboard.is_settled(op)


def test_an_op_is_settled_when_all_its_windows_are() -> None:
    scoreboard = Scoreboard(2, True, 1)
    scoreboard.settled[0] = 1
    assert scoreboard.is_settled(op_of(0, windows=(0,)))
    assert not scoreboard.is_settled(op_of(0, windows=(0, 1)))


def test_a_window_seen_as_1_limits_nothing() -> None:
    scoreboard = Scoreboard(2, True, 1)
    scoreboard.issue(op_of(0, windows=(0,)))
    both = op_of(1, windows=(0, 1))
    assert not scoreboard.admits(both, 1)
    scoreboard.settled[0] = 1
    assert scoreboard.admits(both, 1)


def test_outputs_are_written_at_once_and_stay() -> None:
    scoreboard = Scoreboard(2, False, 5)
    scoreboard.retire(op_of(0, outcome=1, windows=(1,)), 0)
    scoreboard.retire(op_of(1, outcome=0, windows=(1,)), 0)
    assert scoreboard.output.tolist() == [0, 1]


@pytest.mark.parametrize("latency", [1, 2, 5])
def test_queue_and_pes_see_a_1_after_the_squash_latency(latency: int) -> None:
    arch = architecture(
        pe__count=2, scheduler__window_in_flight_ops="unlimited", pruning__squash_latency_cycles=latency
    )
    outcome, decision = [[[1], [0]], [[0], [0]]], [[[8], [72]], [[72], [72]]]
    events = trace(arch, profile(ONE_WINDOW, outcome=outcome, decision=decision))
    written = cycles_of(events, EventKind.RETIRE)[0]
    squashed = {event.op: (event.cycle, event.unit) for event in events if event.kind == EventKind.SQUASH}
    # op 1 is in PE 1; op 2 takes PE 0 when op 0 is known; op 3 is still in the queue
    assert squashed == {
        1: (written + latency, "pe1"),
        2: (written + latency, "pe0"),
        3: (written + latency, "queue"),
    }


def test_a_squashed_op_leaves_its_context_to_another_in_the_same_cycle() -> None:
    arch = architecture(pe__count=1, pe__contexts=2, scheduler__window_in_flight_ops="unlimited")
    geometry = conv(4, 4, 8, 2, kernel=3, pool=Pool(2, 2))
    outcome = [[[1, 0], [0, 0]], [[0, 0], [0, 0]]]
    decision = [[[8, 72], [72, 72]], [[72, 72], [72, 72]]]
    events = trace(arch, profile(geometry, outcome=outcome, decision=decision))
    squash = cycles_of(events, EventKind.SQUASH)[1]
    assert ops_at(events, EventKind.ISSUE, squash) == [4, 5]  # of the other channel, into both contexts
    assert ops_at(events, EventKind.WORD, squash) == [4]


def test_an_op_whose_last_word_went_in_is_past_squashing() -> None:
    arch = architecture(pe__count=2, pe__latency_cycles=5, scheduler__window_in_flight_ops="unlimited")
    outcome = [[[1], [0]], [[1], [1]]]
    events = trace(arch, profile(ONE_WINDOW, outcome=outcome, decision=[[[40], [72]], [[72], [72]]]))
    # op 0 decides with its 5th word (cycle 5), is known in 10, seen in 11; op 1's 9th went in in 9
    assert cycles_of(events, EventKind.DECIDE)[0] == 10
    assert cycles_of(events, EventKind.RETIRE)[1] == 9 + 5
    assert 1 not in cycles_of(events, EventKind.SQUASH)


def test_an_op_decided_but_not_yet_known_is_squashed() -> None:
    arch = architecture(pe__count=2, pe__latency_cycles=5, scheduler__window_in_flight_ops="unlimited")
    outcome = [[[1], [1]], [[1], [1]]]
    events = trace(arch, profile(ONE_WINDOW, outcome=outcome, decision=[[[8], [24]], [[72], [72]]]))
    # op 0 is seen in 7; op 1 decided with its third word in 3, would be known in 8 and runs on until then
    assert cycles_of(events, EventKind.SQUASH)[1] == 7
    assert sorted(cycles_of(events, EventKind.DECIDE)) == sorted(cycles_of(events, EventKind.RETIRE)) == [0]


def test_an_op_known_in_the_cycle_of_the_squash_retires() -> None:
    arch = architecture(pe__count=2, scheduler__window_in_flight_ops="unlimited")
    outcome = [[[1], [0]], [[1], [1]]]
    events = trace(arch, profile(ONE_WINDOW, outcome=outcome, decision=[[[8], [16]], [[72], [72]]]))
    # op 0 is written in 2 and seen in 3, the cycle from which op 1 is known
    assert cycles_of(events, EventKind.DECIDE)[1] == cycles_of(events, EventKind.RETIRE)[1] == 3
    assert sorted(cycles_of(events, EventKind.SQUASH)) == [2, 3]


def test_words_of_a_squashed_op_are_squashed_and_wasted() -> None:
    arch = architecture(pe__count=2, scheduler__window_in_flight_ops="unlimited")
    outcome, decision = [[[1], [0]], [[0], [0]]], [[[8], [72]], [[72], [72]]]
    counters = run_one(arch, profile(ONE_WINDOW, outcome=outcome, decision=decision))
    # op 1 has words in cycles 1 and 2, op 2 in cycle 2; both go in cycle 3
    assert (counters.pe_cycles["useful"], counters.pe_cycles["squashed"]) == (1, 3)
    assert counters.edges_wasted == 24
    assert counters.edges_pruned_pooling == 3 * 72 - 24
    assert counters.edges_pruned_threshold == 72 - 8


def test_overlapping_windows_squash_only_ops_all_of_whose_windows_are_1() -> None:
    geometry = conv(5, 7, 8, 1, pool=Pool(3, 2))  # a 3x5 map under two windows that share a column
    ones = profile(geometry, outcome=[[[1], [0], [0], [0], [0]], [[0]] * 5, [[0]] * 5], decision=8)
    squashed = cycles_of(trace(architecture(pe__count=1), ones), EventKind.SQUASH)
    assert sorted(squashed) == [1, 3, 4, 6, 7]  # of window 0's nine ops not 2, 5, 8, which window 1 holds too


def test_nothing_is_squashed_without_pooling_pruning() -> None:
    counters = run_one(architecture(pruning__pooling=False), profile(ONE_WINDOW, outcome=1))
    assert (counters.retired, counters.squashed, counters.edges_pruned_pooling) == (4, 0, 0)


def test_nothing_is_squashed_in_the_scores_layer() -> None:
    counters = run_one(architecture(), profile(ONE_WINDOW, scores=True))
    assert (counters.retired, counters.edges_executed) == (4, 4 * 72)


def test_the_squashing_of_a_layer_does_not_reach_the_next() -> None:
    arch = architecture(pruning__squash_latency_cycles=50)
    layer = profile(ONE_WINDOW, outcome=1, decision=8)
    starts: list[Event] = [e for e in trace(arch, layer, layer) if e.kind == EventKind.LAYER_START]
    alone = run_one(arch, layer)
    assert starts[1].cycle == alone.cycles
    assert len(starts) == 2
