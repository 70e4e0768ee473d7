"""Verdicts: what an outcome that is known does to its window, and to the context that holds it."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.fast.banked.occupants import lane_of
from o3sim.compiled.fast.banked.records import Desk, occupant_at
from o3sim.compiled.fast.banked.requests import desk_of
from o3sim.compiled.fast.dispatch.members import (
    begin_member,
    context_of_entry,
    drop_members,
    has_more,
    leave,
    op_of_entry,
    pe_of_entry,
    wasted_words,
)
from o3sim.compiled.fast.dispatch.records import WindowMemory
from o3sim.compiled.fast.how import How
from o3sim.compiled.fast.op_records import is_one
from o3sim.compiled.fast.records import op_record
from o3sim.compiled.fast.verdicts import count_words, know
from o3sim.compiled.fast.weights import count_ended
from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.records.windows import passing_at
from o3sim.compiled.ring import Ring, next_due, take_due


@noinline
def pass_on(x: WindowMemory, how: How, cycle: int) -> None:
    """Let the next member of a bundle begin where the one before had its last word in the last cycle."""
    d = desk_of(x)
    for k in range(x.windows.n_passing):
        entry = passing_at(x.windows, k).context
        begin_member(x, how, d, pe_of_entry(entry), context_of_entry(entry), cycle, False)
    x.windows.n_passing = 0


@inlined
def take_verdicts(x: WindowMemory, how: How, d: Desk, cycle: int) -> None:
    """Take the outcomes that are known from this cycle on: of words, and of members that need none."""
    _take_all(x, how, d, x.members.decided, cycle)
    x.output.n_constants = 0
    if next_due(x.members.constants) == cycle or next_due(x.windows.constants) == cycle:
        _take_constants(x, how, cycle)


@noinline
def _take_constants(x: WindowMemory, how: How, cycle: int) -> None:
    """Take the outcomes of members that need no word, first those that began a task."""
    d = desk_of(x)
    for is_first in (1, 0):
        ring = x.members.constants if is_first else x.windows.constants
        x.output.n_constants += _take_all(x, how, d, ring, cycle)


@inlined
def _take_all(x: WindowMemory, how: How, d: Desk, ring: Ring, cycle: int) -> int:
    """Take all outcomes of a ring that are due; return how many."""
    taken = 0
    entry = take_due(ring, cycle)
    while entry >= 0:
        _take(x, how, d, entry, cycle)
        taken += 1
        entry = take_due(ring, cycle)
    return taken


@inlined
def _take(x: WindowMemory, how: How, d: Desk, entry: int, cycle: int) -> None:
    """Take one member's outcome: offer it, or fold it into its window, and go on in its context."""
    op, pe, context = op_of_entry(entry), pe_of_entry(entry), context_of_entry(entry)
    count_words(x, op, wasted_words(x, d, op, pe, context))
    if occupant_at(x.supply, lane_of(d, pe, context)).op != op:
        know(x, op, pe, cycle)
        return
    if x.windows.prunes and is_one(op_record(x.layer, op)):
        drop_members(x, how, pe, context, cycle)
    if not has_more(x, how, pe, context):
        leave(x, how, d, pe, context)
        know(x, op, pe, cycle)
        return
    if x.windows.is_windowed:
        _fold(x, op, cycle)
    else:
        know(x, op, pe, cycle)
    begin_member(x, how, d, pe, context, cycle, False)


@inlined
def _fold(x: WindowMemory, op: int, cycle: int) -> None:
    """Let an outcome go into the state of its window; it is written nowhere."""
    one = np.uint64(is_one(op_record(x.layer, op)))
    word_at(x.output.retired_ones, op >> 6).bits |= one << np.uint64(op & 63)
    x.counts.retired += 1
    x.members.folded += 1
    count_ended(x, op, cycle)
