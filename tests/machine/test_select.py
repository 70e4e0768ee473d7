"""Registered selection: what a selected op holds, and what becomes of it before its issue."""

from __future__ import annotations

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.events import Event, EventKind
from o3sim.network.layer import Pool
from o3sim.profile.profile import LayerProfile
from tests.compiled.engines import run_compiled
from tests.machine.harness import Log, architecture, conv, cycles_of, dense, profile, run
from tests.machine.strategies import Case

WINDOW = conv(2, 2, 8, 1, kernel=1, pool=Pool(2, 2))  # four ops of a word


def seen(arch: Architecture, layer: LayerProfile) -> tuple[list[Event], LayerCounters]:
    """Run a layer on both engines; return the events, which are the same, and the counts, which are too."""
    simpy, compiled = Log(), Log()
    counters = run(arch, layer, observers=(simpy,)).layers
    assert run_compiled(Case(arch, (layer,)), (compiled,)).layers == counters
    assert run_compiled(Case(arch, (layer,))).layers == counters
    assert compiled.events == simpy.events
    return simpy.events, counters[0]


def issues(arch: Architecture, layer: LayerProfile) -> dict[int, int]:
    """Tell when each op is issued, on both engines."""
    return cycles_of(seen(arch, layer)[0], EventKind.ISSUE)


def selecting(cycles: int, **changes: object) -> Architecture:
    return architecture(scheduler__select_cycles=cycles, **changes)


@pytest.mark.parametrize("latency", [0, 2])
@pytest.mark.parametrize("select", [0, 1, 4])
def test_an_op_is_issued_select_cycles_after_its_selection(select: int, latency: int) -> None:
    arch = selecting(select, scheduler__issue_latency_cycles=latency, pe__latency_cycles=3)
    events, counters = seen(arch, profile(dense(8, 1)))
    assert cycles_of(events, EventKind.ISSUE) == {0: 1 + select}
    assert cycles_of(events, EventKind.WORD) == {0: 1 + select + latency}
    assert counters.cycles == 1 + select + latency + 1 + 3


def test_a_selected_op_keeps_its_place_in_the_queue_until_its_issue() -> None:
    events, _ = seen(selecting(3, issue_queue__depth_ops=1), profile(dense(8, 2)))
    assert cycles_of(events, EventKind.DISPATCH) == {0: 0, 1: 5}  # not 2: room made by the issue in 4


def test_a_selected_op_is_in_flight() -> None:
    """Selected in 1, its word in in 3, its outcome seen in 5: then its window's next is selected."""
    assert issues(selecting(2), profile(WINDOW)) == {0: 3, 1: 7, 2: 11, 3: 15}


def test_the_issue_width_is_that_of_selection_and_selections_follow_one_another() -> None:
    arch = selecting(2, scheduler__issue_width_ops=1)
    assert issues(arch, profile(dense(8, 3))) == {0: 3, 1: 4, 2: 5}


def test_an_op_is_selected_for_a_context_that_is_free_and_holds_it_from_then_on() -> None:
    """Both words of the first go in in 4 and 5, so the next is selected in 6."""
    assert issues(selecting(3, pe__count=1), profile(dense(16, 2))) == {0: 4, 1: 9}


def test_the_pe_that_holds_fewest_is_the_one_that_fewest_are_selected_for() -> None:
    arch = selecting(3, pe__count=2, pe__contexts=2, scheduler__issue_width_ops=1)
    events, _ = seen(arch, profile(dense(80, 3)))
    assert [e.unit for e in events if e.kind == EventKind.ISSUE] == ["pe0.0", "pe1.0", "pe0.1"]


def test_a_selected_op_is_squashed_in_the_queue_and_leaves_its_context_to_another_in_the_same_cycle() -> None:
    """Members of two windows in turn: op 2 would be issued in 8, in which op 0 is seen to be 1."""
    decision, outcome = np.full((2, 2, 2), 24), np.zeros((2, 2, 2))
    decision[0, 0, 0], outcome[0, 0, 0] = 8, 1
    layer = profile(conv(2, 2, 24, 2, kernel=1, pool=Pool(2, 2)), decision, outcome)
    arch = selecting(
        5,
        pe__count=3,
        sequencer__order="member_major",
        scheduler__issue_width_ops=1,
        scheduler__window_in_flight_ops="unlimited",
    )
    events, counters = seen(arch, layer)
    squashes = [(e.op, e.cycle, e.unit) for e in events if e.kind == EventKind.SQUASH]
    assert squashes == [(2, 8, "queue"), (4, 8, "queue"), (6, 8, "queue")]
    assert (counters.squashed_queue, counters.squashed_pe, counters.issued) == (3, 0, 5)
    assert cycles_of(events, EventKind.ISSUE) == {0: 6, 1: 7, 3: 12, 5: 13, 7: 15}
    assert next(e.unit for e in events if e.kind == EventKind.ISSUE and e.op == 5) == "pe2.0"


def test_a_stall_of_the_pe_does_not_hold_up_the_issue() -> None:
    """The last of four outcomes, one written a cycle, is written in 8: until then its PE stalls."""
    arch = selecting(3, pe__count=2, pe__contexts=2, output_buffer__write_width_ops=1)
    events, _ = seen(arch, profile(dense(8, 6)))
    assert cycles_of(events, EventKind.RETIRE)[3] == 8
    assert cycles_of(events, EventKind.ISSUE)[5] == 8
    assert cycles_of(events, EventKind.WORD)[5] == 9


def test_a_pe_that_an_op_is_selected_for_is_in_issue_wait_and_the_op_is_not_left_in_the_queue() -> None:
    _, counters = seen(selecting(3, pe__count=2), profile(dense(8, 1)))
    causes = {cause: count for cause, count in counters.pe_cycles.items() if count}
    # cycle 0: dispatched; 1 to 3: selected; 4: its word; 5: its outcome is written
    assert causes == {"queue_empty": 2, "issue_wait": 3, "useful": 1, "drain": 3 + 1 + 2}


def test_in_order_goes_on_behind_ops_that_are_selected() -> None:
    arch = selecting(4, scheduler__policy="in_order", scheduler__issue_width_ops=2)
    assert issues(arch, profile(dense(80, 4))) == {0: 5, 1: 5, 2: 6, 3: 6}


def test_a_lockstep_group_is_selected_and_issued_as_a_whole() -> None:
    changes = {"scheduler__policy": "lockstep", "scheduler__issue_width_ops": 1}
    at_once = issues(selecting(0, **changes), profile(dense(8, 8)))
    later = issues(selecting(3, **changes), profile(dense(8, 8)))
    assert set(later.values()) == {at_once[0] + 3, at_once[4] + 6}
    assert [later[op] for op in range(4)] == [4] * 4


def test_a_constant_op_is_known_in_the_cycle_after_its_issue() -> None:
    events, counters = seen(selecting(2, pe__count=1), profile(dense(8, 1), decision=0))
    assert cycles_of(events, EventKind.DECIDE) == {0: 1 + 2 + 1}
    assert counters.pe_cycles["verdict_wait"] == 3
