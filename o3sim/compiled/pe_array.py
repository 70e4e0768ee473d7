"""Words: which a PE asks for, and what a word that goes in does."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.argmax_pruning import note_word
from o3sim.compiled.contexts import pe_place, release
from o3sim.compiled.memory import ONE, Memory, as_int, inlined, lowest_bit, noinline, note_event
from o3sim.compiled.numbers import (
    AT_VERDICTS,
    B_BUSY,
    C_IN,
    C_INDEX,
    C_KEY,
    C_MILESTONE,
    C_OP,
    C_READY,
    C_WORDS,
    CONTEXT_SHIFT,
    DECIDED,
    E_STALL,
    E_WORD,
    FLAGS,
    KEY_MASK,
    L_PE_WORDS,
    L_PLAIN,
    L_RING_MASK,
    LATE_VERDICTS,
    N_ACTIVATION_READS,
    N_WEIGHT_READS,
    NEVER,
    NOT_YET,
    NOW,
    OUT,
    OUT_BIT,
    P_ISSUE_WAIT,
    P_OPERAND_STALL,
    P_VERDICT_WAIT,
    P_WRITE_STALL,
    PE_LATE,
    PENDING,
    PLACE,
    R_CONTEXT,
    R_GRANTED,
    R_PE,
    REQUEST_SHIFT,
    S_CONTEXTS,
    S_LATENCY,
    S_PES,
    VERDICT_TAIL,
)
from o3sim.compiled.operand_supply import ACTIVATION_READ, COUNT_BITS, GRANTED, ask, gather, look_up
from o3sim.compiled.rounds import Round, plain_round_of, round_of
from o3sim.compiled.scoreboard import op_place


@inlined
def choose(x: Memory, r: Round, pe: int) -> int:
    """Choose the context whose next word a PE asks for; minus the cause of the PE-cycle if none.

    One least key decides: the age of a context whose verdict is in, far above it that of one whose
    verdict is out, and no key for the others. Its low bits say which context it is.
    """
    m = x.m
    first = (r.contexts_at + ((pe * r.contexts) << CONTEXT_SHIFT)) & PLACE
    least = NEVER
    for k in range(r.contexts):
        at = (first + (k << CONTEXT_SHIFT)) & PLACE
        if r.has.issues_late and m[at + C_IN] == 0:
            late = NOT_YET if m[at + C_READY] > r.cycle else 0
        else:  # the sign, moved to the place of OUT: a branch would be mispredicted
            late = ((r.cycle - m[at + C_READY]) >> (63 - OUT_BIT)) & OUT
        least = min(m[at + C_KEY] + late, least)
    if least < r.key_limit:
        return first + ((least & KEY_MASK) << CONTEXT_SHIFT)
    return -_why_none(x, first)


@noinline
def _why_none(x: Memory, first: int) -> int:
    """Why a PE that holds ops can put in no word."""
    m = x.m
    waits_for_issue = False
    for at in range(first, first + (m[S_CONTEXTS] << CONTEXT_SHIFT), 1 << CONTEXT_SHIFT):
        if m[at + C_READY] != NEVER:
            if m[at + C_IN] > 0:
                return P_VERDICT_WAIT
            waits_for_issue = True
    return P_ISSUE_WAIT if waits_for_issue else P_VERDICT_WAIT


@inlined
def put_in(x: Memory, r: Round, pe: int, at: int, granted: int) -> None:
    """Put a word into a PE, if it is granted (1)."""
    m = x.m
    if r.has.races and granted:
        note_word(x, at, r.cycle)
    words_in = m[at + C_IN] + granted
    m[at + C_IN] = words_in
    # Later than ever if granted; else as it is, or a cycle that has come, which is as good.
    m[at + C_READY] = max(m[at + C_READY], r.cycle + (r.verdict_after & -granted))
    if words_in == m[at + C_MILESTONE]:
        _reach(x, pe, at, r.cycle)


@inlined
def _reach(x: Memory, pe: int, at: int, cycle: int) -> None:
    """See to an op that its last word decided or ended."""
    m = x.m
    op = op_place(x, m[at + C_OP])
    m[at + C_MILESTONE] = m[at + C_WORDS]
    if m[at + C_IN] == m[op + DECIDED]:
        entry = m[AT_VERDICTS] + 2 * (m[VERDICT_TAIL] & m[L_RING_MASK])
        m[entry] = cycle + m[S_LATENCY]
        m[entry + 1] = m[at + C_OP]
        m[VERDICT_TAIL] += 1
        m[op + FLAGS] |= PENDING
    if m[at + C_IN] == m[at + C_WORDS]:
        release(x, pe, at)


@inlined
def move_words(x: Memory, cycle: int) -> int:
    """Serve all PEs that hold something, from PE ``cycle mod count`` on; return the words."""
    if x.m[L_PLAIN] and x.m[LATE_VERDICTS] == 0:
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

    Four loops over the requests, not one: so what a request looks up does not wait for the claims of
    those before it, which the processor cannot tell from it in time.
    """
    m = x.m
    asked = _choose_all(x, r)
    end = r.requests_at + (asked << REQUEST_SHIFT)
    if not r.has.gathers:
        for request in range(r.requests_at, end, 1 << REQUEST_SHIFT):
            look_up(x, r, request & PLACE)
    done = 0
    for place in range(r.requests_at, end, 1 << REQUEST_SHIFT):
        request = place & PLACE
        granted = gather(x, r, m[request + R_CONTEXT] & PLACE) if r.has.gathers else ask(x, r, request)
        m[request + R_GRANTED] = granted & GRANTED
        done += granted
    for request in range(r.requests_at, end, 1 << REQUEST_SHIFT):
        _answer(x, r, request & PLACE)
    moved = done & (ACTIVATION_READ - 1)
    m[P_OPERAND_STALL + NOW] += asked - moved
    m[N_ACTIVATION_READS] += (done >> COUNT_BITS) & (ACTIVATION_READ - 1)
    m[N_WEIGHT_READS] += done >> 2 * COUNT_BITS
    return moved


@inlined
def _choose_all(x: Memory, r: Round) -> int:
    """List the requests of a cycle, from PE ``cycle mod count`` on; return how many they are."""
    m = x.m
    asked = 0
    busy_at, n_words = m[B_BUSY], m[L_PE_WORDS]
    first = r.cycle % m[S_PES]
    low = ~((ONE << np.uint64(first & 63)) - ONE)
    for k in range(n_words + 1):
        place = (first >> 6) + k
        if place >= n_words:
            place -= n_words
        bits = x.bits[busy_at + place]
        if k == 0:
            bits &= low
        elif k == n_words:
            bits &= ~low
        while bits != 0:
            pe = ((place << 6) + as_int(lowest_bit(bits))) & PLACE
            bits &= bits - ONE
            if r.has.any_late and m[pe_place(x, pe) + PE_LATE] > 0:
                m[P_WRITE_STALL + NOW] += 1
                continue
            at = choose(x, r, pe)
            if at < 0:
                m[NOW - at] += 1
                continue
            request = (r.requests_at + (asked << REQUEST_SHIFT)) & PLACE
            m[request + R_CONTEXT] = at
            m[request + R_PE] = pe
            asked += 1
    return asked


@inlined
def _answer(x: Memory, r: Round, request: int) -> None:
    """Put the word of a request in, if it is granted."""
    m = x.m
    at, pe, granted = m[request + R_CONTEXT] & PLACE, m[request + R_PE] & PLACE, m[request + R_GRANTED]
    if r.has.traces:
        if granted:
            note_event(x, r.cycle, E_WORD, m[at + C_INDEX], pe, m[at + C_IN])
        else:
            note_event(x, r.cycle, E_STALL, m[at + C_INDEX], pe, 0)
    put_in(x, r, pe, at, granted)
