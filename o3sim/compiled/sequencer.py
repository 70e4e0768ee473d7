"""The sequencer: squashes ops of settled windows, dispatches the others."""

from __future__ import annotations

from o3sim.compiled.issue_queue import arrive
from o3sim.compiled.kernel import inlined, quotient
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import take_slot
from o3sim.compiled.program_order import advance, position_at
from o3sim.compiled.records.issue_queue import bank_at
from o3sim.compiled.records.layer import (
    addend_channel_of,
    addend_position_of,
    base_bit_of,
    border_of,
    decision_edges,
    edges_of,
    first_row_of,
    outcome_of,
    pooled_position,
)
from o3sim.compiled.records.ops import link_at, op_at
from o3sim.compiled.records.scoreboard import window_at
from o3sim.compiled.records.trace import QUEUE, SEQUENCER
from o3sim.compiled.records.weight_stream import group_at
from o3sim.compiled.stage_rows import note_ended_in, room_cycle, rows_cycle
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import arrived, op_ended
from o3sim.contract.events import EventKind


@inlined
def sequence(x: Memory, cycle: int) -> None:
    """Look at this cycle's ops: squash those of settled windows, dispatch the others."""
    walk = x.sequencer
    for _ in range(x.settings.sequencer_width_ops):
        if walk.next_op == x.layer.ops or not arrived(x, walk.group, cycle):
            return
        if rows_cycle(x) > cycle or room_cycle(x) > cycle:
            return
        if x.layer.prunes_pooling and _is_settled(x):
            _squash(x, cycle)
        elif bank_at(x.issue_queue, _bank(x)).taken < x.settings.bank_depth_ops:
            if not _dispatch(x, cycle):
                x.clock.moved = -1
                return
        else:
            return
        advance(x)
        x.clock.moved = 1


@inlined
def _window(x: Memory, position: int, which: int) -> int:
    """One of the windows of the op at a position and the sequencer's channel; -1 if there is none."""
    pooled = pooled_position(x.layer, position * x.layer.overlap + which)
    return pooled * x.layer.out_channels + x.sequencer.channel if pooled >= 0 else -1


@inlined
def _bank(x: Memory) -> int:
    """Bank of the sequencer's op: that of the first of its windows."""
    if x.settings.banks == 1:
        return 0
    position, first = position_at(x), -1
    for k in range(x.layer.overlap):
        window = _window(x, position, k)
        if window >= 0 and first < 0:
            first = window
    return (first + first // x.settings.banks) % x.settings.banks


@inlined
def _is_settled(x: Memory) -> bool:
    """Return whether all windows of the sequencer's op are seen to be 1."""
    position = position_at(x)
    for k in range(x.layer.overlap):
        window = _window(x, position, k)
        if window >= 0 and window_at(x.scoreboard, window).settled == 0:
            return False
    return True


@inlined
def _squash(x: Memory, cycle: int) -> None:
    """Squash the sequencer's op."""
    n_edges = edges_of(x.layer, border_of(x.layer, position_at(x)))
    x.counts.edges_total += n_edges
    x.counts.edges_pruned_pooling += n_edges
    x.counts.squashed_sequencer += 1
    x.counts.scoreboard_reads += 1
    if x.trace.is_on:
        note_event(x, cycle, EventKind.SQUASH, x.sequencer.next_op, SEQUENCER, 0)
    op_ended(x, x.sequencer.group, cycle)
    if x.layer.is_stage:
        for k in range(x.layer.overlap):
            note_ended_in(x, _window(x, position_at(x), k), cycle)


@inlined
def _dispatch(x: Memory, cycle: int) -> bool:
    """Dispatch the sequencer's op; False if no record is free for it (a defect)."""
    slot = take_slot(x)
    if slot < 0:
        return False
    _fill(x, slot)
    x.counts.edges_total += op_at(x.ops, slot).n_edges
    x.counts.dispatched += 1
    x.counts.queue_writes += 1
    x.counts.scoreboard_reads += 1
    arrive(x, slot)
    if x.trace.is_on:
        note_event(x, cycle, EventKind.DISPATCH, x.sequencer.next_op, QUEUE, 0)
    return True


@inlined
def _fill(x: Memory, slot: int) -> None:
    """Write down what there is to know of the sequencer's op."""
    layer, walk, op = x.layer, x.sequencer, op_at(x.ops, slot)
    width, shift = x.settings.width_edges, x.settings.width_shift
    position, channel = position_at(x), walk.channel
    border = border_of(layer, position)
    neuron = position * layer.out_channels + channel
    op.index = walk.next_op
    op.bank = _bank(x)
    op.n_edges = edges_of(layer, border)
    op.words = quotient(op.n_edges + width - 1, width, shift)
    op.decided_words = op.words
    if layer.checks_bounds:
        op.decided_words = quotient(decision_edges(layer, neuron) + width - 1, width, shift)
    op.outcome = outcome_of(layer, neuron)
    op.first_word = (first_row_of(layer, channel) + border) * layer.table_words
    op.activation_base = base_bit_of(layer, position)
    op.weight_base = (channel - group_at(x.weight_groups, walk.group).first_channel) * layer.weight_words
    if layer.addend_fetches > 0:
        op.addend_base = addend_position_of(layer, position) + addend_channel_of(layer, channel)
    op.group = walk.group
    op.words_in = 0
    op.context = -1
    op.selected = 0
    op.pending = 0
    op.squashed = 0
    op.late = 0
    op.retired = 0
    for k in range(layer.overlap):
        link_at(x.ops, slot * layer.overlap + k).window = _window(x, position, k)
