"""Members of tasks: how they begin in their context, put in their words, are dropped, and leave it."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.dispatch.patch import leave_patch
from o3sim.compiled.fast.banked.occupants import find_words, lane_of, run_on, set_out
from o3sim.compiled.fast.banked.records import (
    NONE,
    Desk,
    age_at,
    border_of,
    first_row_of,
    neuron_of,
    occupant_at,
    run_at,
)
from o3sim.compiled.fast.bits import bit
from o3sim.compiled.fast.dispatch.records import WindowMemory
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.op_records import border_of_op, decided_words_of, spare_words_of
from o3sim.compiled.fast.records import edges_of, op_record
from o3sim.compiled.fast.sets import place_of
from o3sim.compiled.fast.weights import count_ended
from o3sim.compiled.kernel import as_int, inlined, quotient
from o3sim.compiled.records.windows import passing_at, seat_at
from o3sim.compiled.ring import put_due

_CONTEXT_BITS = 2
_PE_BITS = 20
_OP_SHIFT = _CONTEXT_BITS + _PE_BITS

LEFT = -1
"""The op of a context that has left it, or that another of its bundle follows."""


@inlined
def entry_of(op: int, pe: int, context: int) -> int:
    """Pack a member and where it is into the entry of a ring."""
    return op << _OP_SHIFT | pe << _CONTEXT_BITS | context


@inlined
def op_of_entry(entry: int) -> int:
    """Return the op of an entry."""
    return entry >> _OP_SHIFT


@inlined
def pe_of_entry(entry: int) -> int:
    """Return the PE of an entry."""
    return entry >> _CONTEXT_BITS & (1 << _PE_BITS) - 1


@inlined
def context_of_entry(entry: int) -> int:
    """Return the context of an entry, counted from the first of its PE."""
    return entry & (1 << _CONTEXT_BITS) - 1


@inlined
def has_more(x: WindowMemory, how: How, pe: int, context: int) -> bool:
    """Return whether the task in a context has members that have not begun."""
    seat = seat_at(x.windows, pe * contexts_of(x, how) + context)
    return seat.begun < seat.size


@inlined
def begin_member(
    x: WindowMemory, how: How, d: Desk, pe: int, context: int, cycle: int, is_first: bool
) -> None:
    """Let the next member of the task in a context begin."""
    seat = seat_at(x.windows, pe * contexts_of(x, how) + context)
    op = seat.first_op + seat.begun
    seat.begun += 1
    x.counts.issued += 1
    x.clock.moved = 1
    record, lane = op_record(x.layer, op), lane_of(d, pe, context)
    if decided_words_of(record) == 0:
        o = occupant_at(x.supply, lane)
        o.op = np.int32(op)
        o.to_go = np.int32(spare_words_of(record))
        o.run = np.int32(0)
        run_at(d, lane).number = np.int32(0)
        age_at(d, lane).number = np.int32(NONE)
        put_due(
            x.members.constants if is_first else x.windows.constants, cycle + 1, entry_of(op, pe, context)
        )
        return
    neuron = neuron_of(x.supply, op)
    position = quotient(neuron, x.supply.out_channels, x.supply.channels_shift)
    row = first_row_of(x.supply, seat.channel) + border_of(x.supply, position)
    find_words(x, how, lane, position, row, seat.weight_base)
    set_out(x, how, d, op, pe, lane, cycle)


@inlined
def reach(x: WindowMemory, how: How, d: Desk, pe: int, context: int, cycle: int) -> None:
    """See to a member whose run of words ended in a cycle."""
    lane = lane_of(d, pe, context)
    o = occupant_at(x.supply, lane)
    o.entry += o.run
    o.to_go -= o.run
    if o.to_go == 0:
        _reach_turn(x, how, d, pe, context, cycle)
    if o.to_go > 0:
        run_on(x, how, d, o, pe, lane)


@inlined
def _reach_turn(x: WindowMemory, how: How, d: Desk, pe: int, context: int, cycle: int) -> None:
    """See to a member that a word decided or that its last word went in of."""
    lane = lane_of(d, pe, context)
    o = occupant_at(x.supply, lane)
    x.clock.moved = 1
    if o.decided == 0:
        o.decided = np.int32(1)
        o.to_go = np.int32(spare_words_of(op_record(x.layer, as_int(o.op))))
        put_due(x.members.decided, cycle + x.settings.latency_cycles, entry_of(as_int(o.op), pe, context))
    if o.to_go == 0:
        age_at(d, lane).number = np.int32(NONE)
        if not has_more(x, how, pe, context):
            leave(x, how, d, pe, context)
        elif not x.windows.is_windowed:
            o.op = np.int32(LEFT)
            passing_at(x.windows, x.windows.n_passing).context = entry_of(0, pe, context)
            x.windows.n_passing += 1


@inlined
def wasted_words(x: WindowMemory, d: Desk, op: int, pe: int, context: int) -> int:
    """Return the words of a member after its deciding one: all, if it has left its context."""
    lane = lane_of(d, pe, context)
    o = occupant_at(x.supply, lane)
    spare = spare_words_of(op_record(x.layer, op))
    if o.op != op or o.to_go == 0:
        return spare
    return spare - as_int(o.to_go) + as_int(o.run) - as_int(run_at(d, lane).number)


@inlined
def drop_members(x: WindowMemory, how: How, pe: int, context: int, cycle: int) -> None:
    """Drop the members of the task in a context that have not begun."""
    seat, counts = seat_at(x.windows, pe * contexts_of(x, how) + context), x.counts
    for op in range(seat.first_op + seat.begun, seat.first_op + seat.size):
        counts.edges_pruned_pooling += edges_of(x.layer, border_of_op(op_record(x.layer, op)))
        counts.squashed_queue += 1
        count_ended(x, op, cycle)
    seat.begun = seat.size


@inlined
def leave(x: WindowMemory, how: How, d: Desk, pe: int, context: int) -> None:
    """Free the context of a task that is over."""
    lane = lane_of(d, pe, context)
    occupant_at(x.supply, lane).op = np.int32(LEFT)
    age_at(d, lane).number = np.int32(NONE)
    leave_patch(x, seat_at(x.windows, pe * contexts_of(x, how) + context))
    word_at(x.pes.held, place_of(x, how, context, pe)).bits &= ~bit(pe)
    x.members.freed = 1
