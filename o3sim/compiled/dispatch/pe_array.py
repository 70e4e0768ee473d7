"""The PE array: every PE asks for a word of one of its windows, and those that are granted go in."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.dispatch.members import has_more, leave, stop_words
from o3sim.compiled.kernel import NEVER, ONE, as_int, inlined, lowest_bit, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.pe import choose, why_none
from o3sim.compiled.pe_array import supply
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.operand_supply import Request, request_at
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.pe_array import context_at, pe_at
from o3sim.compiled.records.windows import passing_at, turn_at
from o3sim.compiled.ring import put_due
from o3sim.compiled.round import Round, round_of
from o3sim.compiled.trace import note_event
from o3sim.contract.events import EventKind


@noinline
def move_words(x: Memory, cycle: int) -> int:
    """Serve all PEs that hold something; return the words."""
    r = round_of(x, cycle)
    asked = _choose_all(x, r)
    moved = supply(x, r, asked)
    for k in range(asked):
        _answer(x, r, request_at(r, k))
    return moved


@inlined
def _choose_all(x: Memory, r: Round) -> int:
    """List the requests of a cycle, from the PE of the highest priority on; return how many they are."""
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
            context = _choose_in_turn(x, r, pe) if x.windows.barrel else choose(x, r, pe)
            if context < 0:
                cause_at(x.ledger, ~context).now += 1
                continue
            request = request_at(r, asked)
            request.context = context
            request.pe = pe
            asked += 1
    return asked


@inlined
def _choose_in_turn(x: Memory, r: Round, pe: int) -> int:
    """Choose the first context after the one served last that could go; if none, as :func:`choose`.

    One whose verdict is out could go only if it is so with all, and the PE speculates.
    """
    first = pe * r.pe_contexts
    which = turn_at(x.windows, pe).context
    guess = -1
    for _ in range(r.pe_contexts):
        which = which + 1 if which + 1 < r.pe_contexts else 0
        context = context_at(r, first + which)
        if context.key == NEVER:
            continue
        if context.ready_cycle <= r.cycle:
            return first + which
        if guess < 0 and context.words_in > 0:
            guess = first + which
    if guess >= 0 and x.settings.speculate:
        return guess
    return ~why_none(x, first)


@inlined
def _answer(x: Memory, r: Round, request: Request) -> None:
    """Put the word of a request in, if it is granted; then the context had its turn."""
    context = context_at(r, request.context)
    if not request.granted:
        if r.has.traces:
            note_event(x, r.cycle, EventKind.STALL, context.index, request.pe, 0)
        return
    if r.has.traces:
        note_event(x, r.cycle, EventKind.WORD, context.index, request.pe, context.words_in)
    turn_at(x.windows, request.pe).context = request.context - request.pe * r.pe_contexts
    context.words_in += 1
    context.ready_cycle = r.cycle + r.verdict_after_cycles
    if context.words_in == context.milestone:
        _reach(x, request.pe, request.context, r.cycle)


@inlined
def _reach(x: Memory, pe: int, place: int, cycle: int) -> None:
    """See to an op that its last word decided or ended."""
    context = context_at(x.pe_array, place)
    op = op_at(x.ops, context.slot)
    context.milestone = context.words
    if context.words_in == op.decided_words:
        put_due(x.pe_array.verdicts, cycle + x.settings.latency_cycles, context.slot)
        op.pending = 1
    if context.words_in == context.words:
        _end_words(x, pe, place)


@inlined
def _end_words(x: Memory, pe: int, place: int) -> None:
    """See to a context when the last word of its op is in: it is free, waits, or goes on with the next."""
    if not has_more(x, place):
        leave(x, pe, place)
        return
    stop_words(x, place)
    if not x.windows.is_windowed:
        op_at(x.ops, context_at(x.pe_array, place).slot).context = -1
        passing_at(x.windows, x.windows.n_passing).context = place
        x.windows.n_passing += 1
