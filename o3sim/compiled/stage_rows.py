"""A stage of a pipeline: which input rows it waits for, and when its output rows were written."""

from __future__ import annotations

from o3sim.compiled.kernel import inlined
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import window_of
from o3sim.compiled.program_order import position_at
from o3sim.compiled.records.stage_rows import not_before, row_written_at


@inlined
def rows_cycle(x: Memory) -> int:
    """Cycle in which the input rows of the sequencer's op are there; -1 in a layer that is no stage."""
    return not_before(x.stage_rows, position_at(x)) if x.layer.is_stage else -1


@inlined
def note_row(x: Memory, slot: int, cycle: int) -> None:
    """Note a write to the output rows of an op; cycles only grow, so the last one stays."""
    for k in range(x.layer.overlap):
        window = window_of(x, slot, k)
        if window >= 0:
            row_written_at(x.stage_rows, window // x.stage_rows.row_windows).cycle = cycle
