"""The output buffer: writes outcomes, PE after PE; PEs whose outcome waits stall."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import clear_bit, set_bit, word_at
from o3sim.compiled.fast.bits import NONE, bit, lowest
from o3sim.compiled.fast.how import NO_WINDOWS, How, windows_kind
from o3sim.compiled.fast.op_records import is_one
from o3sim.compiled.fast.output_bits import take_bits
from o3sim.compiled.fast.records import FastMemory, known_at, n_known_at, op_record, pe_at, waiting_at
from o3sim.compiled.fast.sets import set_words
from o3sim.compiled.fast.verdicts import BUCKETS
from o3sim.compiled.fast.weights import count_ended
from o3sim.compiled.kernel import ONE, inlined, noinline
from o3sim.compiled.ring import put_due

QUEUE_BITS = 4
"""Of a place in a PE's queue: it holds fewer than 16, one of each context and each cycle of latency."""
_PLACE = 2**QUEUE_BITS - 1


@inlined
def write(x: FastMemory, how: How, cycle: int) -> bool:
    """Write outcomes: at most ``write_width`` in a cycle, and one of a PE.

    Return whether some may have to wait, or have waited: then PEs may stall from the next cycle on, or go on.
    """
    output, bucket = x.output, cycle & (BUCKETS - 1)
    known = n_known_at(output, bucket).number
    if known == 0 and output.n_waiting == 0:
        return False
    room = x.settings.write_width_ops
    if how.is_banked and x.output_bits.n_held > 0:
        room = 0
    n_known_at(output, bucket).number = 0
    first = bucket * output.room
    if output.n_waiting == 0 and output.n_constants == 0 and known <= room:
        if x.settings.write_width_ops < x.settings.pes:
            _pass_turn(x, first, known)
        for k in range(known):
            _retire(x, how, known_at(output, first + k).op, cycle)
        return False
    _write_in_turn(x, how, first, known, room, cycle)
    return True


@inlined
def _pass_turn(x: FastMemory, first: int, known: int) -> None:
    """Let it be the turn of the PE after the last, in the order of turns, of those with a known outcome."""
    output, pes = x.output, x.settings.pes
    last = -1
    for k in range(known):
        turn = known_at(output, first + k).pe - output.next_pe
        last = max(last, turn + pes if turn < 0 else turn)
    _set_turn(x, output.next_pe + last + 1)


@inlined
def _set_turn(x: FastMemory, pe: int) -> None:
    """Let it be a PE's turn, counted on over all PEs."""
    x.output.next_pe = pe - x.settings.pes if pe >= x.settings.pes else pe


@inlined
def _retire(x: FastMemory, how: How, op: int, cycle: int) -> None:
    """Write an outcome."""
    x.counts.retired += 1
    x.clock.moved = 1
    one = np.uint64(is_one(op_record(x.layer, op)))
    word_at(x.output.retired_ones, op >> 6).bits |= one << np.uint64(op & 63)
    count_ended(x, op, cycle)
    if how.is_banked and x.layer.writes_back:
        take_bits(x, op)
    if windows_kind(x, how) != NO_WINDOWS:
        put_due(x.queue.shown, cycle + x.settings.squash_latency_cycles, op)


@noinline
def _write_in_turn(x: FastMemory, how: How, first: int, known: int, room: int, cycle: int) -> None:
    """Write one outcome of each PE, from the one on whose turn it is, as far as there is room."""
    output = x.output
    for k in range(known):
        _line_up(x, known_at(output, first + k).op, known_at(output, first + k).pe)
    begin, left = output.next_pe, room
    words = set_words(x, how)
    for turn in range(words + 1):
        word = (begin >> 6) + turn
        word = word - words if word >= words else word
        bits = word_at(output.queues, word).bits
        from_begin = ~(bit(begin) - ONE)
        if turn == 0:
            bits &= from_begin
        elif turn == words:
            bits &= ~from_begin
        while bits != NONE and left > 0:
            pe = (word << 6) + lowest(bits)
            bits &= bits - ONE
            left -= 1
            _set_turn(x, pe + 1)
            _retire(x, how, _take_first(x, pe), cycle)


@inlined
def _line_up(x: FastMemory, op: int, pe: int) -> None:
    """Let an outcome wait behind those of its PE."""
    queue = pe_at(x.pes, pe)
    last = waiting_at(x.output, pe << QUEUE_BITS | queue.first + queue.waiting & _PLACE)
    last.op = op
    queue.waiting += 1
    set_bit(x.output.queues, pe)
    x.output.n_waiting += 1


@inlined
def _take_first(x: FastMemory, pe: int) -> int:
    """Take out the outcome of a PE that has waited longest."""
    queue = pe_at(x.pes, pe)
    first = waiting_at(x.output, pe << QUEUE_BITS | queue.first & _PLACE)
    queue.first += 1
    queue.waiting -= 1
    if queue.waiting == 0:
        clear_bit(x.output.queues, pe)
    x.output.n_waiting -= 1
    return first.op
