"""When a stage does what: rows it waits for, rows it hands on, and what its cycles are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.compiled.stage import simulate_stage as compiled_stage
from o3sim.contract.events import EventKind
from o3sim.contract.gates import StageGates
from o3sim.contract.plan import StageRun
from o3sim.machine.stage import simulate_stage
from o3sim.network.layer import Pool
from o3sim.profile.profile import LayerProfile
from o3sim.runs.pipeline.occupancy import first_cause, occupancy
from o3sim.runs.pipeline.rows import first_row
from tests.machine.harness import Log, architecture, conv, cycles_of, dense, profile, random_profile
from tests.machine.strategies import StageCase
from tests.runs.pipeline.samples import FOLDED, stage_cases


def stage(
    layer: LayerProfile, row_cycles: list[int], room: list[int] | None = None, **changes: Any
) -> tuple[StageRun, Log]:
    log = Log()
    gates = StageGates.of_rows(layer.geometry, np.array(row_cycles), room and np.array(room))
    return simulate_stage(architecture(**changes), layer, gates, (log,)), log


def causes(run: StageRun) -> dict[str, int]:
    return {cause: count for cause, count in run.counters.pe_cycles.items() if count}


def test_an_op_is_dispatched_in_the_cycle_in_which_its_rows_are_there() -> None:
    layer = profile(conv(4, 3, 1, 1))
    _, log = stage(layer, [0, 20])
    assert cycles_of(log.events, EventKind.DISPATCH) == {0: 0, 1: 20}


def test_the_sequencer_passes_no_op_whose_rows_are_missing() -> None:
    layer = profile(conv(5, 3, 1, 1))
    _, log = stage(layer, [0, 20, 10])
    assert cycles_of(log.events, EventKind.DISPATCH) == {0: 0, 1: 20, 2: 20}


def test_waiting_for_rows_is_input_wait_up_to_the_cycle_of_the_dispatch() -> None:
    run, _ = stage(profile(dense(16, 4)), [10])
    assert causes(run) == {"input_wait": 4 * 11, "useful": 4 * 2, "drain": 4}
    assert run.counters.cycles == 10 + 1 + 2 + 1


def test_rows_that_are_there_from_the_first_cycle_are_not_waited_for() -> None:
    run, _ = stage(profile(dense(16, 4)), [0])
    assert causes(run) == {"queue_empty": 4, "useful": 4 * 2, "drain": 4}


def test_ops_left_in_the_queue_go_before_late_rows_as_a_cause() -> None:
    layer = profile(conv(4, 3, 1, 2))
    changes = {"scheduler__issue_width_ops": 1, "sequencer__outermost": "position"}
    run, _ = stage(layer, [0, 9], pe__count=2, **changes)
    assert run.counters.pe_cycles["no_ready_op"] == 2  # one op of each row waits a cycle for the other


def test_a_lockstep_group_waits_for_rows_rather_than_start_short() -> None:
    layer = profile(conv(4, 3, 1, 1))
    run, log = stage(layer, [0, 9], pe__count=2, **FOLDED)
    assert cycles_of(log.events, EventKind.ISSUE) == {0: 10, 1: 10}
    assert causes(run) == {"queue_empty": 2, "input_wait": 2 * 9, "useful": 2 * 2, "drain": 2}


def test_an_op_is_dispatched_in_the_cycle_in_which_there_is_room_for_it() -> None:
    layer = profile(conv(5, 3, 1, 1))
    _, log = stage(layer, [0, 4, 4], room=[0, 20, 10])
    assert cycles_of(log.events, EventKind.DISPATCH) == {0: 0, 1: 20, 2: 20}


def test_waiting_for_room_is_blocked_up_to_the_cycle_of_the_dispatch() -> None:
    run, _ = stage(profile(dense(16, 4)), [0], room=[10])
    assert causes(run) == {"blocked": 4 * 11, "useful": 4 * 2, "drain": 4}


def test_missing_rows_go_before_missing_room_as_a_cause() -> None:
    run, _ = stage(profile(dense(16, 4)), [6], room=[10])
    assert causes(run) == {"input_wait": 4 * 6, "blocked": 4 * 5, "useful": 4 * 2, "drain": 4}
    run, _ = stage(profile(dense(16, 4)), [10], room=[6])
    assert causes(run) == {"input_wait": 4 * 11, "useful": 4 * 2, "drain": 4}


def test_a_lockstep_group_starts_short_rather_than_wait_for_room() -> None:
    layer = profile(conv(4, 3, 1, 1))
    run, log = stage(layer, [0, 0], room=[0, 9], pe__count=2, **FOLDED)
    assert cycles_of(log.events, EventKind.ISSUE) == {0: 1, 1: 10}
    assert run.counters.pe_cycles["blocked"] > 0


def test_a_row_is_handed_on_with_the_last_write_to_it() -> None:
    layer = profile(conv(5, 5, 1, 1), outcome=1)
    run, log = stage(layer, [0, 0, 0], pe__count=1)
    written = cycles_of(log.events, EventKind.RETIRE)
    assert run.rows_written.tolist() == [written[2], written[5], written[8]]


def test_an_op_in_two_windows_writes_to_both_rows() -> None:
    layer = random_profile(conv(9, 9, 2, 2, pool=Pool(3, 2)), seed=1)
    run, log = stage(layer, [0] * 7)
    last = max(cycles_of(log.events, EventKind.RETIRE).values())
    assert run.rows_written[-1] == last
    assert (np.diff(run.rows_written) >= 0).all()


def test_squashed_ops_hold_no_row_up() -> None:
    """Row by row the first member is 1; the squashes of the others come after the write."""
    layer = profile(conv(4, 4, 1, 1, pool=Pool(2, 2)), outcome=1)
    run, log = stage(layer, [0, 0], pe__count=1, pruning__squash_latency_cycles=9)
    assert run.rows_written.tolist() == [max(cycles_of(log.events, EventKind.RETIRE).values())]
    assert run.rows_written[0] < max(cycles_of(log.events, EventKind.SQUASH).values())


@pytest.mark.parametrize("latency", [1, 2, 7])
def test_an_image_occupies_a_stage_up_to_its_last_word(latency: int) -> None:
    run, _ = stage(profile(dense(80, 8)), [0], pe__latency_cycles=latency, **FOLDED)
    assert run.counters.cycles == 1 + 20 + latency
    assert run.last_active_cycle == 20
    counted = occupancy(run, "queue_empty", pe_count=4)
    assert counted.cycles == 20
    assert counted.pe_cycles["useful"] == 4 * 20 == sum(counted.pe_cycles.values())


def test_an_image_occupies_a_stage_as_long_as_outcomes_wait_to_be_written() -> None:
    run, log = stage(profile(dense(8, 4)), [0], pe__latency_cycles=3, output_buffer__write_width_ops=1)
    assert run.last_active_cycle == max(cycles_of(log.events, EventKind.RETIRE).values())


@given(stage_cases())
@settings(max_examples=60, deadline=None)
def test_causes_sum_to_pes_times_the_cycles_of_occupancy(case: StageCase) -> None:
    run = simulate_stage(case.architecture, case.profiles[0], case.gates)
    first = first_row(case.profiles[0].geometry)
    cause = first_cause(case.row_cycles[first], case.room_cycles[first])
    counted = occupancy(run, cause, case.architecture.pe.count)
    assert sum(counted.pe_cycles.values()) == case.architecture.pe.count * counted.cycles
    assert 0 < counted.cycles < run.counters.cycles


@given(stage_cases(), st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_no_row_is_written_before_the_rows_it_is_computed_from(case: StageCase, later: int) -> None:
    rows = np.array(case.row_cycles, np.int64) + later
    gates = StageGates.of_rows(case.profiles[0].geometry, rows)
    run = simulate_stage(case.architecture, case.profiles[0], gates)
    assert run.rows_written.min() > rows.min()
    assert run.counters.ops == run.counters.retired + run.counters.squashed


@pytest.mark.parametrize("simulate", [simulate_stage, compiled_stage])
def test_rows_that_came_are_waited_for_no_more_though_the_queue_is_full(simulate: Any) -> None:
    """Rows come in cycle 15; from 16 on it is room in the queue that lacks, until the op in it is issued."""
    layer = profile(conv(4, 3, 1, 2))
    gates = StageGates.of_rows(layer.geometry, np.array([0, 15]))
    changes = {"pe__count": 3, "pe__width_edges": 64, "sequencer__outermost": "position"}
    arch = architecture(**changes, issue_queue__depth_ops=1, scheduler__select_cycles=9)
    run = simulate(arch, layer, gates)
    waited = range(12, 16)  # the second op is dispatched in cycle 11, and holds one of the PEs meanwhile
    assert run.counters.pe_cycles["input_wait"] == len(waited) * 2
