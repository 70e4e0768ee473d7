"""Verdicts and squashes: how ops leave their PEs."""

from __future__ import annotations

from o3sim.compiled.contexts import release
from o3sim.compiled.issue_queue import is_settled
from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import executed_edges, free_slot
from o3sim.compiled.output_buffer import offer
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.ops import Op, op_at
from o3sim.compiled.records.pe_array import context_at
from o3sim.compiled.ring import Ring, take_due
from o3sim.compiled.skip_ahead import touch
from o3sim.compiled.stage_rows import note_ended
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import op_ended
from o3sim.contract.events import EventKind


@inlined
def take_verdicts(x: Memory, cycle: int) -> None:
    """Take the outcomes that are known from this cycle on: of words, one a PE, and of ops that need none."""
    _take_all(x, x.pe_array.verdicts, cycle)
    of_words = x.output_buffer.n_newly_known
    _take_all(x, x.pe_array.constants, cycle)
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
    """Take one op's outcome: free its context, offer it to the output buffer."""
    op = op_at(x.ops, slot)
    op.pending = 0
    if op.squashed:
        free_slot(x, slot)
        return
    if op.context >= 0:
        touch(x, op.pe, cycle)
        release(x, op.pe, op.context)
    offer(x, slot)
    if x.trace.is_on:
        note_event(x, cycle, EventKind.DECIDE, op.index, op.pe, op.outcome)


@noinline
def squash_in_pes(x: Memory, cycle: int) -> None:
    """Drop the issued ops in contexts all of whose windows are seen to be 1."""
    for place in range(x.settings.pes * x.settings.contexts):
        slot = context_at(x.pe_array, place).slot
        if slot >= 0 and op_at(x.ops, slot).selected == 0 and is_settled(x, slot):
            _squash(x, slot, place, cycle)


@inlined
def _squash(x: Memory, slot: int, place: int, cycle: int) -> None:
    """Drop the op in a context; its record is free when no verdict on it is under way."""
    op = op_at(x.ops, slot)
    touch(x, op.pe, cycle)
    release(x, op.pe, place)
    _count(x, op)
    if x.trace.is_on:
        note_event(x, cycle, EventKind.SQUASH, op.index, op.pe, 0)
    op_ended(x, op.group, cycle)
    note_ended(x, slot, cycle)
    if op.pending:
        op.squashed = 1
    else:
        free_slot(x, slot)


@inlined
def _count(x: Memory, op: Op) -> None:
    """Count an op that is squashed in a PE."""
    counts = x.counts
    executed = executed_edges(x, op, op.words_in)
    counts.squashed_pe += 1
    counts.edges_executed += executed
    counts.edges_wasted += executed
    counts.edges_pruned_pooling += op.n_edges - executed
    counts.words_executed += op.words_in
    counts.threshold_compares += op.words_in if x.layer.checks_bounds else 0
    cause_at(x.ledger, CAUSE.squashed).pe_cycles += op.words_in
