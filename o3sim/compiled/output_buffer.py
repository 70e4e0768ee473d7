"""The output buffer: retires known outcomes, PE after PE; stalls the PEs of the others."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import clear_bit, set_bit, word_at
from o3sim.compiled.contexts import enter_if_idle, leave_if_idle
from o3sim.compiled.free_pes import change_free
from o3sim.compiled.kernel import ONE, as_int, inlined, lowest_bit, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import executed_edges
from o3sim.compiled.output_bits import take_bits, write_bits
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.ops import Op, op_at
from o3sim.compiled.records.output_buffer import follower_of, newly_known_at, queue_at
from o3sim.compiled.records.pe_array import pe_at
from o3sim.compiled.records.trace import OUTPUT
from o3sim.compiled.scoreboard import write_outcome
from o3sim.compiled.skip_ahead import touch
from o3sim.compiled.stage_rows import note_ended, note_written
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import op_ended
from o3sim.contract.events import EventKind


@inlined
def offer(x: Memory, slot: int) -> None:
    """Take note of an outcome that is known from this cycle on."""
    newly_known_at(x.output_buffer, x.output_buffer.n_newly_known).slot = slot
    x.output_buffer.n_newly_known += 1


@inlined
def write(x: Memory, cycle: int) -> None:
    """Retire what can be written: at most ``write_width`` outcomes, and one of a PE."""
    buffer = x.output_buffer
    room = 0 if x.output_bits.n_held > 0 else x.settings.write_width_ops
    if buffer.n_waiting == 0 and buffer.n_newly_known <= room and not buffer.share_pes:
        _write_all(x, cycle)
    else:
        _write_in_turn(x, cycle, room)
    buffer.n_newly_known = 0
    if x.output_bits.n_held + x.output_bits.n_writing > 0:
        write_bits(x, cycle)
        if x.output_bits.n_writing > 0 and x.clock.moved == 0:
            x.clock.moved = 1


@inlined
def _write_all(x: Memory, cycle: int) -> None:
    """Retire all outcomes, which are of different PEs; the last in the order of turns was the last."""
    buffer, pes = x.output_buffer, x.settings.pes
    last = -1
    for k in range(buffer.n_newly_known):
        slot = newly_known_at(buffer, k).slot
        turn = op_at(x.ops, slot).pe - buffer.next_pe
        last = max(last, turn + pes if turn < 0 else turn)
        _retire(x, slot, cycle)
    _go_on(x, buffer.next_pe + last + 1)


@inlined
def _go_on(x: Memory, pe: int) -> None:
    """Let it be a PE's turn, counted on over all PEs."""
    x.output_buffer.next_pe = pe - x.settings.pes if pe >= x.settings.pes else pe


@noinline
def _write_in_turn(x: Memory, cycle: int, room: int) -> None:
    """Retire one outcome of each PE, from the one on whose turn it is, as far as there is room."""
    buffer = x.output_buffer
    for k in range(buffer.n_newly_known):
        _line_up(x, newly_known_at(buffer, k).slot)
    for _ in range(min(room, _waiting_pes(x))):
        pe = _next_waiting(x)
        _go_on(x, pe + 1)
        _retire(x, _take_first(x, pe), cycle)
    for k in range(buffer.n_newly_known):
        op = op_at(x.ops, newly_known_at(buffer, k).slot)
        if not op.retired:
            _hold_verdict(x, op, cycle)


@inlined
def _line_up(x: Memory, slot: int) -> None:
    """Let an outcome wait behind those of its PE."""
    buffer, pe = x.output_buffer, op_at(x.ops, slot).pe
    queue = queue_at(buffer, pe)
    if queue.first < 0:
        queue.first = slot
        set_bit(buffer.waiting, pe)
    else:
        follower_of(buffer, queue.last).slot = slot
    queue.last = slot
    follower_of(buffer, slot).slot = -1
    buffer.n_waiting += 1


@inlined
def _take_first(x: Memory, pe: int) -> int:
    """Take out the outcome of a PE that has waited longest."""
    buffer = x.output_buffer
    queue = queue_at(buffer, pe)
    slot = queue.first
    queue.first = follower_of(buffer, slot).slot
    if queue.first < 0:
        clear_bit(buffer.waiting, pe)
    buffer.n_waiting -= 1
    return slot


@inlined
def _waiting_pes(x: Memory) -> int:
    """Count the PEs with outcomes that wait."""
    found = 0
    for place in range(x.pe_array.set_words):
        bits = word_at(x.output_buffer.waiting, place).bits
        while bits != 0:
            bits &= bits - ONE
            found += 1
    return found


@inlined
def _next_waiting(x: Memory) -> int:
    """Find the next PE with outcomes that wait, from the one on whose turn it is; there is one."""
    waiting, first = x.output_buffer.waiting, x.output_buffer.next_pe
    place = first >> 6
    bits = word_at(waiting, place).bits & ~((ONE << np.uint64(first & 63)) - ONE)
    while bits == 0:
        place = place + 1 if place + 1 < x.pe_array.set_words else 0
        bits = word_at(waiting, place).bits
    return (place << 6) + (as_int(lowest_bit(bits)) & 63)


@inlined
def _hold_verdict(x: Memory, op: Op, cycle: int) -> None:
    """Stall an op's PE from the next cycle on: its verdict could not be written."""
    op.late = 1
    touch(x, op.pe, cycle + 1)
    enter_if_idle(x, op.pe)
    change_free(x, op.pe, -1)
    pe_at(x.pe_array, op.pe).late_verdicts += 1
    x.pe_array.late_verdicts += 1


@inlined
def _verdict_written(x: Memory, op: Op, cycle: int) -> None:
    """Let an op's PE go on from the next cycle on, unless more verdicts wait."""
    touch(x, op.pe, cycle + 1)
    pe_at(x.pe_array, op.pe).late_verdicts -= 1
    x.pe_array.late_verdicts -= 1
    change_free(x, op.pe, 1)
    leave_if_idle(x, op.pe)


@inlined
def _retire(x: Memory, slot: int, cycle: int) -> None:
    """Write one outcome."""
    op = op_at(x.ops, slot)
    if op.late:
        _verdict_written(x, op, cycle)
    count_retired(x, op)
    if x.layer.is_stage:
        note_written(x, slot, cycle)
    if x.trace.is_on:
        note_event(x, cycle, EventKind.RETIRE, op.index, OUTPUT, op.outcome)
    op_ended(x, op.group, cycle)
    note_ended(x, slot, cycle)
    op.retired = 1
    if x.layer.writes_back:
        take_bits(x, slot)
    write_outcome(x, slot, cycle)


@inlined
def count_retired(x: Memory, op: Op) -> None:
    """Count an op that retires."""
    counts, ledger = x.counts, x.ledger
    executed = executed_edges(x, op, op.words_in)
    counts.retired += 1
    counts.scoreboard_writes += 1
    counts.edges_executed += executed
    counts.edges_wasted += executed - executed_edges(x, op, op.decided_words)
    counts.edges_pruned_threshold += op.n_edges - executed
    counts.words_executed += op.words_in
    counts.threshold_compares += op.words_in if x.layer.checks_bounds or x.layer.races else 1
    cause_at(ledger, CAUSE.useful).pe_cycles += op.decided_words
    cause_at(ledger, CAUSE.wasted).pe_cycles += op.words_in - op.decided_words
