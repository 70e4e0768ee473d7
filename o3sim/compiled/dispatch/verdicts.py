"""Verdicts: what an outcome that is known does to its window, and to the context that holds it."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.dispatch.members import begin_member, drop_members, has_more, leave, stop_words
from o3sim.compiled.kernel import inlined
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import free_slot, window_of
from o3sim.compiled.output_buffer import count_retired, offer
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.scoreboard import output_at
from o3sim.compiled.records.windows import passing_at
from o3sim.compiled.ring import Ring, take_due
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import op_ended
from o3sim.contract.events import EventKind


@inlined
def pass_on(x: Memory, cycle: int) -> None:
    """Let the next member of a bundle begin where the one before had its last word in the last cycle."""
    for k in range(x.windows.n_passing):
        begin_member(x, passing_at(x.windows, k).context, cycle, cycle, False)
    x.windows.n_passing = 0


@inlined
def take_verdicts(x: Memory, cycle: int) -> None:
    """Take the outcomes that are known from this cycle on: of words, and of ops that need none."""
    _take_all(x, x.pe_array.verdicts, cycle)
    of_words = x.output_buffer.n_newly_known
    _take_all(x, x.pe_array.constants, cycle)
    _take_all(x, x.windows.constants, cycle)
    x.output_buffer.share_pes = x.output_buffer.n_newly_known > of_words


@inlined
def _take_all(x: Memory, ring: Ring, cycle: int) -> None:
    """Take all outcomes of a ring that are due."""
    slot = take_due(ring, cycle)
    while slot >= 0:
        _take(x, slot, cycle)
        slot = take_due(ring, cycle)


@inlined
def _take(x: Memory, slot: int, cycle: int) -> None:
    """Take one op's outcome: offer it, or fold it into its window, and go on in its context."""
    op, windows = op_at(x.ops, slot), x.windows
    op.pending = 0
    if x.trace.is_on:
        note_event(x, cycle, EventKind.DECIDE, op.index, op.pe, op.outcome)
    place, pe = op.context, op.pe
    if place < 0:  # its last word was the last of its task, or the next member of a bundle has begun
        offer(x, slot)
        return
    if windows.prunes and op.outcome:
        drop_members(x, place, cycle)
    if not has_more(x, place):
        leave(x, pe, place)
        offer(x, slot)
        return
    stop_words(x, place)
    op.context = -1
    if windows.is_windowed:
        _fold(x, slot, cycle)
    else:
        offer(x, slot)
    begin_member(x, place, cycle, cycle, False)


@inlined
def _fold(x: Memory, slot: int, cycle: int) -> None:
    """Let an outcome go into the state of its window; it is written nowhere."""
    op = op_at(x.ops, slot)
    if op.outcome:
        output_at(x.scoreboard, window_of(x, slot, 0)).bit = np.uint8(1)
    count_retired(x, op)
    x.counts.scoreboard_writes -= 1
    if x.trace.is_on:
        note_event(x, cycle, EventKind.RETIRE, op.index, op.pe, op.outcome)
    op_ended(x, op.group, cycle)
    free_slot(x, slot)
