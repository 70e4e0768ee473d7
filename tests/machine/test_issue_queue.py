"""The issue queue: age order, room, and when an op can be seen."""

from __future__ import annotations

from o3sim.contract.events import EventKind
from o3sim.machine.issue_queue import IssueQueue
from tests.machine.harness import architecture, cycles_of, dense, op_of, profile, trace


def test_an_op_is_seen_from_the_cycle_after_its_dispatch() -> None:
    queue = IssueQueue(4)
    queue.dispatch(op_of(0))
    assert queue.entries == []
    queue.end_cycle()
    assert [op.index for op in queue.entries] == [0]


def test_arrivals_take_room_at_once() -> None:
    queue = IssueQueue(2)
    queue.dispatch(op_of(0))
    assert queue.has_room(op_of(9))
    queue.dispatch(op_of(1))
    assert not queue.has_room(op_of(9))


def test_ops_leave_from_anywhere_and_the_rest_keep_their_order() -> None:
    queue = IssueQueue(4)
    for index in range(4):
        queue.dispatch(op_of(index))
    queue.end_cycle()
    queue.remove({0, 2})
    assert [op.index for op in queue.entries] == [1, 3]


def test_room_made_in_a_cycle_is_used_in_the_next() -> None:
    events = trace(architecture(issue_queue__depth_ops=1), profile(dense(8, 3)))
    assert cycles_of(events, EventKind.DISPATCH) == {0: 0, 1: 2, 2: 4}
    assert cycles_of(events, EventKind.ISSUE) == {0: 1, 1: 3, 2: 5}


def test_a_queue_shows_what_it_holds() -> None:
    queue = IssueQueue(9)
    for index in range(6):
        queue.dispatch(op_of(index))
    queue.end_cycle()
    assert repr(queue).startswith("issue queue: 6 of 9 ops: op 0 (0/4 words), ")
    assert repr(queue).endswith("and 2 more")
