"""A stage of a pipeline: what its next op waits for, and when its output rows were done with."""

from __future__ import annotations

from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import window_of
from o3sim.compiled.program_order import position_at
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.scoreboard import output_at
from o3sim.compiled.records.stage_rows import (
    known_ops_at,
    output_row_at,
    room_there,
    rows_there,
    zeros_at,
)
from o3sim.contract.gates import NOT_YET


@inlined
def rows_cycle(x: Memory) -> int:
    """Cycle in which the input rows of the sequencer's op are there; -1 in a layer that is no stage."""
    return rows_there(x.stage_rows, position_at(x)) if x.layer.is_stage else -1


@inlined
def room_cycle(x: Memory) -> int:
    """Cycle in which there is room for what the sequencer's op puts out; -1 in a layer that is no stage."""
    return room_there(x.stage_rows, position_at(x)) if x.layer.is_stage else -1


@inlined
def is_held(x: Memory) -> bool:
    """Return whether it is not known yet when the sequencer's op can be dispatched."""
    if not x.stage_rows.is_open or x.sequencer.next_op == x.layer.ops:
        return False
    return rows_cycle(x) == NOT_YET or room_cycle(x) == NOT_YET


@inlined
def may_run_ahead(x: Memory, cycle: int) -> bool:
    """Return whether the sequencer might come, in a cycle, to an op of which that is not known yet."""
    if is_held(x):
        return True
    if not x.stage_rows.is_open or x.sequencer.next_op == x.layer.ops:
        return False
    passes = rows_cycle(x) <= cycle and room_cycle(x) <= cycle
    return passes and x.sequencer.next_op + x.settings.sequencer_width_ops > known_ops_at(x.stage_rows, 0)


@noinline
def note_written(x: Memory, slot: int, cycle: int) -> None:
    """Note an outcome that is about to be written to the output rows of an op."""
    outcome = op_at(x.ops, slot).outcome
    for k in range(x.layer.overlap):
        window = window_of(x, slot, k)
        if window < 0:
            continue
        row = output_row_at(x.stage_rows, window // x.stage_rows.row_windows)
        row.cycle = cycle  # cycles only grow, so the last one stays
        if x.layer.prunes_pooling and _is_final(x, window, outcome):
            row.windows_left -= 1
            if row.windows_left == 0:
                row.final_cycle = cycle
                x.stage_rows.has_news = 1


@inlined
def _is_final(x: Memory, window: int, outcome: int) -> bool:
    """Note an outcome of a window; return whether that is its first 1, or the last of its ops with none."""
    if outcome:
        return output_at(x.scoreboard, window).bit == 0
    zeros = zeros_at(x.stage_rows, window)
    zeros.ops += 1
    return zeros.ops == x.layer.members


@inlined
def note_ended(x: Memory, slot: int, cycle: int) -> None:
    """Note that a dispatched op was retired or squashed."""
    if x.layer.is_stage:
        for k in range(x.layer.overlap):
            note_ended_in(x, window_of(x, slot, k), cycle)


@noinline
def note_ended_in(x: Memory, window: int, cycle: int) -> None:
    """Note that an op of a window was retired or squashed; -1 for none."""
    if window < 0:
        return
    row = output_row_at(x.stage_rows, window // x.stage_rows.row_windows)
    row.ops_left -= 1
    if row.ops_left == 0:
        row.ended_cycle = cycle
        x.stage_rows.has_news = 1
