"""Who is issued: the three policies, the issue width, and the limit on a window's ops in flight."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from o3sim.contract.events import EventKind
from o3sim.machine.op import Op
from o3sim.machine.policies import InOrder, Lockstep, OutOfOrder, Policy, QueueView
from o3sim.network.layer import Pool
from tests.machine.harness import architecture, conv, cycles_of, dense, op_of, ops_at, profile, run_one, trace

TWO_WINDOWS = conv(4, 4, 8, 2, kernel=3, pool=Pool(2, 2))  # one per channel: ops 0-3 and 4-7, 9 words each


def view(
    ready: Callable[[Op], bool], free: int = 4, contexts: int = 4, more_coming: bool = False
) -> QueueView:
    """Show a policy six ops."""
    return QueueView([op_of(index) for index in range(6)], ready, free, contexts, more_coming)


def picked(policy: Policy, seen: QueueView) -> list[int]:
    """List what a policy yields."""
    return [op.index for op in policy.pick(seen)]


def even(op: Op) -> bool:
    return op.index % 2 == 0


def test_out_of_order_steps_over_ops_that_are_not_ready() -> None:
    assert picked(OutOfOrder(), view(even)) == [0, 2, 4]


def test_in_order_stops_at_the_first_that_is_not_ready() -> None:
    assert picked(InOrder(), view(even)) == [0]


def test_lockstep_waits_until_every_context_is_free() -> None:
    assert picked(Lockstep(), view(even, free=3)) == []
    assert picked(Lockstep(), view(even, free=4)) == [0, 2, 4]


def test_lockstep_waits_for_a_full_group_while_more_can_come() -> None:
    assert picked(Lockstep(), view(even, free=7, contexts=7, more_coming=True)) == []
    assert picked(Lockstep(), view(even, free=7, contexts=7, more_coming=False)) == [0, 2, 4]
    assert picked(Lockstep(), view(even, free=6, contexts=6, more_coming=True)) == [0, 2, 4]


def test_so_many_ops_are_issued_a_cycle() -> None:
    events = trace(architecture(scheduler__issue_width_ops=3, pe__count=8), profile(dense(80, 7)))
    assert [len(ops_at(events, EventKind.ISSUE, cycle)) for cycle in range(5)] == [0, 3, 3, 1, 0]


def test_the_issue_width_does_not_hold_for_a_lockstep_group() -> None:
    arch = architecture(scheduler__issue_width_ops=1, scheduler__policy="lockstep")
    assert ops_at(trace(arch, profile(dense(80, 4))), EventKind.ISSUE, 1) == [0, 1, 2, 3]


@pytest.mark.parametrize("latency", [0, 1, 4])
def test_the_first_word_goes_in_issue_latency_cycles_after_issue(latency: int) -> None:
    events = trace(architecture(scheduler__issue_latency_cycles=latency), profile(dense(8, 1)))
    assert cycles_of(events, EventKind.ISSUE) == {0: 1}
    assert cycles_of(events, EventKind.WORD) == {0: 1 + latency}


def test_waiting_for_the_first_word_is_issue_wait() -> None:
    counters = run_one(architecture(pe__count=1, scheduler__issue_latency_cycles=4), profile(dense(8, 2)))
    assert counters.pe_cycles["issue_wait"] == 2 * 4


def test_an_op_is_issued_from_the_cycle_after_its_dispatch() -> None:
    events = trace(architecture(), profile(dense(8, 1)))
    assert (cycles_of(events, EventKind.DISPATCH), cycles_of(events, EventKind.ISSUE)) == ({0: 0}, {0: 1})


@pytest.mark.parametrize("squash_latency", [1, 3])
def test_an_op_is_in_flight_until_its_outcome_is_seen(squash_latency: int) -> None:
    arch = architecture(pruning__squash_latency_cycles=squash_latency, pe__latency_cycles=2)
    events = trace(arch, profile(TWO_WINDOWS, decision=72))
    retires, issues = cycles_of(events, EventKind.RETIRE), cycles_of(events, EventKind.ISSUE)
    assert issues[1] == retires[0] + squash_latency
    assert issues[2] == retires[1] + squash_latency


@pytest.mark.parametrize(("limit", "at_once"), [(1, [0, 4]), (2, [0, 1, 4, 5]), ("unlimited", [0, 1, 2, 3])])
def test_so_many_ops_of_a_window_are_in_flight(limit: int | str, at_once: list[int]) -> None:
    arch = architecture(scheduler__window_in_flight_ops=limit, pe__count=4)
    assert ops_at(trace(arch, profile(TWO_WINDOWS)), EventKind.ISSUE, 1) == at_once


def test_in_order_is_held_up_by_the_first_windows_second_op() -> None:
    arch = architecture(scheduler__policy="in_order")
    assert ops_at(trace(arch, profile(TWO_WINDOWS)), EventKind.ISSUE, 1) == [0]


def test_ops_squashed_in_pes_hold_up_nobody() -> None:
    arch = architecture(pe__count=2, scheduler__window_in_flight_ops=2)
    geometry = conv(5, 7, 8, 1, pool=Pool(3, 2))  # ops 2, 5, 8 (column 2) are in both windows
    outcome = [[[1], [0], [0], [0], [0]], [[0]] * 5, [[0]] * 5]
    counters = run_one(arch, profile(geometry, outcome=outcome, decision=[[[8], [72], [72], [72], [72]]] * 3))
    assert counters.squashed_pe > 0
    assert counters.retired + counters.squashed == 15


@pytest.mark.parametrize("more", [{"pruning__pooling": False}, {}])
def test_the_limit_does_nothing_without_pooling_pruning_or_a_pool(more: dict[str, bool]) -> None:
    arch = architecture(scheduler__window_in_flight_ops=1, **more)
    layer = profile(TWO_WINDOWS if more else dense(72, 8))
    assert ops_at(trace(arch, layer), EventKind.ISSUE, 1) == [0, 1, 2, 3]


def test_a_lockstep_group_starts_when_the_last_is_done() -> None:
    arch = architecture(scheduler__policy="lockstep", pe__count=2)
    decision = [[[8, 72, 8, 8]]]
    events = trace(arch, profile(dense(72, 4), decision=decision))
    assert cycles_of(events, EventKind.ISSUE) == {0: 1, 1: 1, 2: 10, 3: 10}  # op 1 has words in 1..9


def test_a_lockstep_group_waits_for_unwritten_verdicts() -> None:
    arch = architecture(scheduler__policy="lockstep", pe__count=2, output_buffer__write_width_ops=1)
    events = trace(arch, profile(dense(8, 6)))
    # the second group is issued in 2, before it shows in 2 that op 1 is not written; the third has to wait
    assert cycles_of(events, EventKind.ISSUE) == {0: 1, 1: 1, 2: 2, 3: 2, 4: 6, 5: 6}
    assert cycles_of(events, EventKind.RETIRE)[3] == 5


def test_a_lockstep_group_is_cut_short_by_late_weights() -> None:
    arch = architecture(
        scheduler__policy="lockstep", dram__bits_per_cycle=100, weight_buffer__size_kbit=1, pe__width_edges=8
    )
    events = trace(arch, profile(dense(200, 4)))  # two channels to a half
    assert cycles_of(events, EventKind.ISSUE) == {0: 5, 1: 5, 2: 30, 3: 30}


def test_pes_of_a_lockstep_group_stall_one_by_one() -> None:
    arch = architecture(scheduler__policy="lockstep", pe__count=2, weight_buffer__banks=1)
    words = [e.cycle for e in trace(arch, profile(dense(16, 2))) if e.kind == EventKind.WORD]
    assert words == [1, 2, 3, 4]


def test_idle_pes_of_a_running_group_are_drain() -> None:
    arch = architecture(scheduler__policy="lockstep", pe__count=2)
    counters = run_one(arch, profile(dense(72, 3), decision=[[[8, 72, 8]]]))
    # PE 0 idles in 2..9; in 10 the third op goes in; in 11 it is written
    assert counters.pe_cycles["drain"] == 8 + 1 + 2
