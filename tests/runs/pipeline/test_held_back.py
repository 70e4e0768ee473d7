"""Which ops a lockstep stage holds back while it waits for rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.config.architecture import Architecture
from o3sim.contract.gates import NOT_YET, StageGates
from o3sim.contract.program_order import first_ops
from o3sim.machine.stage import OpenStage
from o3sim.network.layer import Geometry, Pool
from o3sim.profile.profile import LayerProfile
from o3sim.runs.pipeline.walk import Walk, walk_of
from tests.machine.harness import conv, profile
from tests.runs.pipeline.graphs import locksteps
from tests.runs.pipeline.pairs import oldest_waiting
from tests.runs.pipeline.samples import pipelined, resident


def lockstep(count: int, queue_ops: int, in_flight: int | str, **changes: Any) -> Architecture:
    """A lockstep stage that takes an op of its rows each cycle and prunes pools."""
    group = {
        "pe__count": count,
        "issue_queue__depth_ops": queue_ops,
        "scheduler__policy": "lockstep",
        "scheduler__window_in_flight_ops": in_flight,
        "sequencer__outermost": "position",
    }
    return resident(pipelined(**{**group, **changes}))


def ended_by_row(shape: Geometry, machine: Architecture) -> list[tuple[int, int]]:
    """The ops that wait for a new row each, and how many have ended by then whatever the image is."""
    walk: Walk = walk_of(shape, machine, shape.in_height, 0)
    new = np.flatnonzero(np.diff(walk.needs[0], prepend=-1))
    return [(walk.begins[at], walk.ended[0][at]) for at in new]


def waits_for_row(
    machine: Architecture, made: LayerProfile, rows: int, room: Any
) -> tuple[int, int, int] | None:
    """Let a stage come to rest as it waits for a row: its next op, the oldest that it holds, and how many."""
    shape = made.geometry
    there = np.where(np.arange(shape.out_height) < rows, 0, NOT_YET)
    gates = StageGates.of_rows(shape, there, np.array(room))
    firsts = first_ops(shape, machine.sequencer)
    gates.known_ops[0] = firsts[gates.rows == NOT_YET].min(initial=NOT_YET)
    stage = OpenStage(machine, made, gates)
    while stage.done is None and stage.wake < NOT_YET:
        stage.advance(NOT_YET - 1)
    if stage.done is not None:
        return None
    held = [op.index for op in stage.queue.entries]
    return stage.sequencer.next_op, min(held, default=stage.sequencer.next_op), len(held)


@st.composite
def pooled(draw: st.DrawFn) -> tuple[Architecture, LayerProfile, int, list[int]]:
    """Draw a lockstep stage, a layer that reads a row for each of its own, how many are there, and room."""
    machine = draw(locksteps().filter(lambda made: made.scheduler.policy == "lockstep"))
    pool = draw(st.sampled_from([Pool(2, 2), Pool(2, 2), Pool(3, 2), None]))
    shape = conv(11, 4, draw(st.sampled_from([1, 5])), draw(st.integers(1, 3)), kernel=1, pool=pool)
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = shape.out_height, shape.out_width, shape.out_channels
    decision = np.ceil(shape.in_channels * chance.random(size) ** draw(st.sampled_from([0, 4])))
    of_row = chance.choice([0.0, 0.1, 0.6, 1.0], (shape.out_height, 1, 1))
    outcome = chance.random(size) < draw(st.sampled_from([of_row, 0.2, 0.6]))
    room = draw(st.just([0] * 11) | st.lists(st.sampled_from([0, 3, 40]), min_size=11, max_size=11))
    return resident(machine), profile(shape, decision, outcome), draw(st.integers(1, 10)), room


@given(pooled())
@settings(max_examples=50, deadline=None)
def test_a_stage_that_waits_for_rows_holds_no_older_op_than_is_worked_out(case: Any) -> None:
    machine, made, rows, room = case
    rest = waits_for_row(machine, made, rows, room)
    if rest is not None:
        waiting, oldest, held = rest
        assert held < max(2, machine.pe.count * machine.pe.contexts)
        assert dict(ended_by_row(made.geometry, machine))[waiting] <= oldest


@given(pooled())
@settings(max_examples=20, deadline=None)
def test_what_is_held_back_is_found_by_trying_each_op(case: Any) -> None:
    machine, made, _, _ = case
    for waiting, ended in ended_by_row(made.geometry, machine):
        assert ended == oldest_waiting(made.geometry, machine, waiting)


def test_an_op_that_waits_for_its_window_may_be_older_than_a_group() -> None:
    """The fourth of a window waits for the third, while the next window's first goes with that."""
    shape = conv(4, 2, 1, 1, kernel=1, pool=Pool(2, 2))
    assert waits_for_row(lockstep(3, 3, "unlimited"), profile(shape), 3, [0] * 4) == (6, 6, 0)
    assert dict(ended_by_row(shape, lockstep(3, 3, "unlimited")))[6] == 6 - 2
    assert waits_for_row(lockstep(3, 3, 1), profile(shape), 3, [0] * 4) == (6, 3, 2)
    assert dict(ended_by_row(shape, lockstep(3, 3, 1)))[6] <= 3


def test_squashed_ops_let_one_that_waits_be_older_than_a_group() -> None:
    """Member by member of two windows: the last of one waits alone, as that of the other goes."""
    shape = conv(4, 4, 1, 1, kernel=1, pool=Pool(2, 2))
    machine = lockstep(2, 9, "unlimited", sequencer__order="member_major", sequencer__group_windows=2)
    outcome = np.zeros((4, 4, 1), np.bool_)
    outcome[0, 3] = True
    assert waits_for_row(machine, profile(shape, outcome=outcome), 2, [0] * 4) == (8, 6, 1)
    assert dict(ended_by_row(shape, machine))[8] == 6
