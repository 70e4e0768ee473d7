"""A stage of a pipeline: which input rows it waits for, and when its output rows were written."""

from __future__ import annotations

from o3sim.compiled.memory import Memory, inlined
from o3sim.compiled.numbers import (
    AT_NOT_BEFORE,
    AT_ROWS_WRITTEN,
    L_OVERLAP,
    L_ROW_WINDOWS,
    L_STAGE,
    LINK_WINDOW,
)
from o3sim.compiled.program_order import position_at
from o3sim.compiled.scoreboard import link_place


@inlined
def rows_cycle(x: Memory) -> int:
    """Cycle in which the input rows of the sequencer's op are there; -1 in a layer that is no stage."""
    m = x.m
    return m[m[AT_NOT_BEFORE] + position_at(x)] if m[L_STAGE] else -1


@inlined
def row_written(x: Memory, row: int, cycle: int) -> None:
    """Note a write to the output rows of an op; cycles only grow, so the last one stays."""
    m = x.m
    for k in range(m[L_OVERLAP]):
        window = m[link_place(x, row, k) + LINK_WINDOW]
        if window >= 0:
            m[m[AT_ROWS_WRITTEN] + window // m[L_ROW_WINDOWS]] = cycle
