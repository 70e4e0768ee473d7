"""The PE array: every PE asks for a word, and those that are granted go in."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.gathering import ask_for_all, gather, meets_write
from o3sim.compiled.kernel import ONE, as_int, inlined, lowest_bit, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.operand_supply import ask, bank_of, reads_taken, refuse_writing, serve
from o3sim.compiled.pe import choose, put_in
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.operand_supply import WRITING, Request, request_at
from o3sim.compiled.records.pe_array import context_at, pe_at
from o3sim.compiled.round import Round, plain_round_of, round_of
from o3sim.compiled.trace import note_event
from o3sim.contract.events import EventKind


@inlined
def move_words(x: Memory, cycle: int) -> int:
    """Serve all PEs that hold something; return the words."""
    if x.layer.is_plain and x.pe_array.late_verdicts == 0:
        return _move_plainly(x, cycle)
    return _move(x, cycle)


@noinline
def _move(x: Memory, cycle: int) -> int:
    """Do as :func:`move_words`, on any machine."""
    return _serve_all(x, round_of(x, cycle))


@noinline
def _move_plainly(x: Memory, cycle: int) -> int:
    """Do as :func:`move_words`, on a plain machine: the same code, of which nothing else is compiled."""
    return _serve_all(x, plain_round_of(x, cycle))


@inlined
def _serve_all(x: Memory, r: Round) -> int:
    """Serve all PEs that hold something; return the words.

    Loops over the requests, not one: so what a request looks up does not wait for what banks chose for
    those before it, which the processor cannot tell from it in time.
    """
    asked = _choose_all(x, r)
    moved = supply(x, r, asked)
    for k in range(asked):
        _answer(x, r, request_at(r, k))
    return moved


@inlined
def supply(x: Memory, r: Round, asked: int) -> int:
    """Grant or refuse so many requests; return how many are granted."""
    for k in range(asked - 1, -1, -1):
        if r.has.gathers:
            ask_for_all(x, r, k)
        else:
            ask(x, r, k)
    if x.output_bits.n_writing > 0 and r.activation.banks > 0 and not x.settings.line_buffer:
        refuse_writing(x, r)
        _count_conflicts(x, r, asked)
    moved, activation_reads, weight_reads, taken = 0, 0, 0, 0
    for k in range(asked):
        reads = gather(x, r, k) if r.has.gathers else serve(r, k)
        moved += request_at(r, k).granted
        activation_reads += reads[0]
        weight_reads += reads[1]
    for k in range(asked):
        taken += reads_taken(r, k)
    cause_at(x.ledger, CAUSE.operand_stall).now += asked - moved
    x.counts.activation_reads += activation_reads
    x.counts.weight_reads += weight_reads
    x.counts.reads_unused += activation_reads + weight_reads - taken
    if asked > 0 and x.clock.moved == 0:
        x.clock.moved = 1
    return moved


@noinline
def _count_conflicts(x: Memory, r: Round, asked: int) -> None:
    """Count the requests for words of banks that write output bits in this cycle."""
    for k in range(asked):
        if r.has.gathers:
            x.counts.write_conflicts += meets_write(x, r, k)
        elif bank_of(r.activation, k, request_at(r, k).activation_word).chosen == WRITING:
            x.counts.write_conflicts += 1


@inlined
def _choose_all(x: Memory, r: Round) -> int:
    """List the requests of a cycle, from the PE that has priority on; return how many they are."""
    asked = 0
    n_words = x.pe_array.set_words
    first = (r.cycle - x.clock.start_cycle) % x.settings.pes
    low = ~((ONE << np.uint64(first & 63)) - ONE)
    for k in range(n_words + 1):
        place = (first >> 6) + k
        if place >= n_words:
            place -= n_words
        bits = word_at(x.pe_array.busy, place).bits
        if k == 0:
            bits &= low
        elif k == n_words:
            bits &= ~low
        while bits != 0:
            pe = (place << 6) + as_int(lowest_bit(bits))
            bits &= bits - ONE
            if r.has.any_late and pe_at(x.pe_array, pe).late_verdicts > 0:
                cause_at(x.ledger, CAUSE.write_stall).now += 1
                continue
            context = choose(x, r, pe)
            if context < 0:
                cause_at(x.ledger, ~context).now += 1
                continue
            request = request_at(r, asked)
            request.context = context
            request.pe = pe
            asked += 1
    return asked


@inlined
def _answer(x: Memory, r: Round, request: Request) -> None:
    """Put the word of a request in, if it is granted."""
    context = context_at(r, request.context)
    if r.has.traces:
        if request.granted:
            note_event(x, r.cycle, EventKind.WORD, context.index, request.pe, context.words_in)
        else:
            note_event(x, r.cycle, EventKind.STALL, context.index, request.pe, 0)
    put_in(x, r, request.pe, request.context, request.granted)
