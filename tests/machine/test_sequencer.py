"""The sequencer: width, room, squashing, and the addresses it hands on."""

from __future__ import annotations

import pytest

from o3sim.contract.events import EventKind
from o3sim.machine.sequencer import CHUNK_OPS
from o3sim.network.layer import Pool
from tests.machine.harness import (
    architecture,
    conv,
    cycles_of,
    dense,
    machine,
    ops_at,
    profile,
    run_one,
    trace,
)


def test_so_many_ops_are_looked_at_a_cycle() -> None:
    events = trace(architecture(sequencer__width_ops=3), profile(dense(8, 7)))
    assert cycles_of(events, EventKind.DISPATCH) == {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1, 6: 2}


def test_it_stops_at_an_op_for_which_there_is_no_room() -> None:
    arch = architecture(sequencer__width_ops=4, issue_queue__depth_ops=3, pe__count=2)
    events = trace(arch, profile(dense(8, 6)))
    # two of the three leave in cycle 1; that room is seen in 2
    assert cycles_of(events, EventKind.DISPATCH) == {0: 0, 1: 0, 2: 0, 3: 2, 4: 2, 5: 3}


def squashed_in_the_sequencer(width_ops: int) -> list[int]:
    """Run three windows of four 1s with a one-op queue; list when ops were squashed early."""
    arch = architecture(
        sequencer__width_ops=width_ops,
        issue_queue__depth_ops=1,
        pe__count=1,
        pruning__squash_latency_cycles=1,
    )
    layer = profile(conv(4, 8, 8, 1, kernel=3, pool=Pool(2, 2)), outcome=1, decision=8)
    return [e.cycle for e in trace(arch, layer) if e.kind == EventKind.SQUASH and e.unit == "sequencer"]


def test_a_squashed_op_costs_its_place_in_the_width() -> None:
    """Op 0 goes in in cycle 1, is written in 2 and seen in 3, in which the queue holds op 1."""
    assert squashed_in_the_sequencer(1)[:2] == [3, 4]
    assert squashed_in_the_sequencer(8)[:2] == [3, 3]


def test_squashing_needs_no_room_in_the_queue() -> None:
    arch = architecture(issue_queue__depth_ops=2, pe__count=1, sequencer__width_ops=2)
    geometry = conv(4, 4, 8, 2, kernel=3, pool=Pool(2, 2))
    outcome = [[[1, 0], [1, 0]], [[1, 0], [1, 0]]]
    events = trace(arch, profile(geometry, decision=8, outcome=outcome))
    # in cycle 3, as of whose start the queue is full of ops 1 and 2, op 3 goes all the same
    assert ops_at(events, EventKind.SQUASH, 3) == [1, 2, 3]
    assert [e.unit for e in events if e.kind == EventKind.SQUASH] == ["queue", "queue", "sequencer"]
    assert cycles_of(events, EventKind.DISPATCH)[4] == 4  # room that the squash made is seen in 4


def test_lookups_count_every_op_got_rid_of_once() -> None:
    counters = run_one(architecture(issue_queue__depth_ops=1), profile(dense(8, 7)))
    assert counters.scoreboard_reads == 7


def test_weight_words_are_counted_from_the_start_of_the_group() -> None:
    arch = architecture(weight_buffer__size_kbit=1, pe__width_edges=8)
    built = machine(arch, [profile(dense(120, 6))])  # 15 words each, four channels to a half
    built._begin_layer(0)
    assert [op.weight_base for op in built.sequencer._chunk] == [0, 15, 30, 45, 0, 15]
    assert [op.group for op in built.sequencer._chunk] == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize("ops", [CHUNK_OPS, CHUNK_OPS + 1])
def test_long_layers_are_turned_into_ops_piece_by_piece(ops: int) -> None:
    arch = architecture(pe__count=512, sequencer__width_ops=512, scheduler__issue_width_ops=512)
    assert run_one(arch, profile(dense(8, ops))).retired == ops
