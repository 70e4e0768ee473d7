"""Members of tasks: how they begin in their context, are dropped, and leave it."""

from __future__ import annotations

from o3sim.compiled.contexts import release
from o3sim.compiled.dispatch.patch import leave_patch
from o3sim.compiled.kernel import NEVER, inlined, quotient
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import take_slot
from o3sim.compiled.records.layer import (
    base_bit_of,
    border_of,
    decision_edges,
    edges_of,
    first_row_of,
    outcome_of,
    owned_position,
    pooled_position,
)
from o3sim.compiled.records.ops import link_at, op_at
from o3sim.compiled.records.pe_array import KEY_SHIFT, context_at
from o3sim.compiled.records.trace import ISSUE_UNIT, WINDOW
from o3sim.compiled.records.windows import Seat, seat_at
from o3sim.compiled.ring import put_due
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import op_ended
from o3sim.contract.events import EventKind


@inlined
def has_more(x: Memory, place: int) -> bool:
    """Return whether the task in a context has members that have not begun."""
    seat = seat_at(x.windows, place)
    return seat.begun < seat.size


@inlined
def begin_member(x: Memory, place: int, cycle: int, ready_cycle: int, is_first: bool) -> None:
    """Let the next member of the task in a context begin; a word may go in from ``ready_cycle`` on."""
    slot = take_slot(x)
    if slot < 0:
        x.clock.moved = -1
        return
    pe = place // x.settings.contexts
    _fill(x, slot, place)
    seat_at(x.windows, place).begun += 1
    op, context = op_at(x.ops, slot), context_at(x.pe_array, place)
    op.pe = pe
    op.context = place
    context.slot = slot
    context.ready_cycle = ready_cycle
    context.index = op.index
    context.key = op.index << KEY_SHIFT | (place - pe * x.settings.contexts)
    context.words_in = 0
    context.gathered = 0
    context.words = op.words
    context.milestone = op.decided_words
    context.activation_base = op.activation_base
    context.weight_base = op.weight_base
    context.first_word = op.first_word
    x.counts.issued += 1
    x.counts.edges_total += op.n_edges
    x.clock.moved = 1
    if op.decided_words == 0:
        context.ready_cycle = NEVER
        context.key = NEVER
        op.pending = 1
        put_due(x.pe_array.constants if is_first else x.windows.constants, ready_cycle + 1, slot)
    if x.trace.is_on:
        unit = pe * ISSUE_UNIT + place - pe * x.settings.contexts
        note_event(x, cycle, EventKind.ISSUE, op.index, unit, 0)


@inlined
def _position_of_next(x: Memory, seat: Seat) -> int:
    """Position of the next member of a task."""
    return owned_position(x.layer, seat.place * x.layer.members + seat.begun)


@inlined
def _fill(x: Memory, slot: int, place: int) -> None:
    """Write down what there is to know of the next member of the task in a context."""
    layer, seat, op = x.layer, seat_at(x.windows, place), op_at(x.ops, slot)
    width, shift = x.settings.width_edges, x.settings.width_shift
    channel, position = seat.channel, _position_of_next(x, seat)
    border = border_of(layer, position)
    neuron = position * layer.out_channels + channel
    op.index = seat.first_op + seat.begun
    op.n_edges = edges_of(layer, border)
    op.words = quotient(op.n_edges + width - 1, width, shift)
    op.decided_words = op.words
    if layer.checks_bounds:
        op.decided_words = quotient(decision_edges(layer, neuron) + width - 1, width, shift)
    op.outcome = outcome_of(layer, neuron)
    op.first_word = (first_row_of(layer, channel) + border) * layer.table_words
    op.activation_base = base_bit_of(layer, position)
    op.weight_base = seat.weight_base
    op.group = seat.weight_group
    op.words_in = 0
    op.pending = 0
    op.squashed = 0
    op.late = 0
    op.retired = 0
    link_at(x.ops, slot).window = pooled_position(layer, position) * layer.out_channels + channel


@inlined
def drop_members(x: Memory, place: int, cycle: int) -> None:
    """Drop the members of the task in a context that have not begun."""
    seat, counts = seat_at(x.windows, place), x.counts
    while seat.begun < seat.size:
        n_edges = edges_of(x.layer, border_of(x.layer, _position_of_next(x, seat)))
        counts.edges_total += n_edges
        counts.edges_pruned_pooling += n_edges
        counts.squashed_queue += 1
        if x.trace.is_on:
            note_event(x, cycle, EventKind.SQUASH, seat.first_op + seat.begun, WINDOW, 0)
        op_ended(x, seat.weight_group, cycle)
        seat.begun += 1


@inlined
def stop_words(x: Memory, place: int) -> None:
    """Let the op in a context ask for no more words; it remembers how many went in."""
    context = context_at(x.pe_array, place)
    op_at(x.ops, context.slot).words_in = context.words_in
    context.key = NEVER


@inlined
def leave(x: Memory, pe: int, place: int) -> None:
    """Free the context of a task that is over."""
    leave_patch(x, seat_at(x.windows, place))
    release(x, pe, place)
