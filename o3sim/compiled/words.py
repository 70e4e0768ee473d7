"""Words: which a PE asks for, which operands are granted, and what a word that goes in does."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.board import op_place
from o3sim.compiled.contexts import context_place, pe_place, release
from o3sim.compiled.memory import (
    ONE,
    Memory,
    apart,
    as_int,
    inlined,
    lowest_bit,
    note_event,
    quotient,
    remainder,
)
from o3sim.compiled.numbers import (
    AT_ACTIVATION_CLAIMS,
    AT_VERDICTS,
    AT_WEIGHT_CLAIMS,
    AT_WORDS,
    B_BUSY,
    C_ABASE,
    C_DECIDED,
    C_IN,
    C_INDEX,
    C_OP,
    C_READY,
    C_TABLE,
    C_WBASE,
    C_WORDS,
    CONTEXT_SHIFT,
    E_STALL,
    E_WORD,
    FLAGS,
    L_PE_WORDS,
    L_RING_MASK,
    L_VERDICT_AFTER,
    LATE_VERDICTS,
    N_ACTIVATION_READS,
    N_WEIGHT_READS,
    NEVER,
    NOW,
    OUT,
    P_ISSUE_WAIT,
    P_OPERAND_STALL,
    P_VERDICT_WAIT,
    P_WRITE_STALL,
    PE_LATE,
    PENDING,
    PLACE,
    READS_ACTIVATION,
    READS_WEIGHT,
    REFUSED,
    S_ACTIVATION_BANKS,
    S_ACTIVATION_SHIFT,
    S_CONTEXTS,
    S_LATENCY,
    S_PES,
    S_SPECULATE,
    S_TRACE,
    S_WEIGHT_BANKS,
    S_WEIGHT_SHIFT,
    S_WIDTH,
    S_WIDTH_SHIFT,
    VERDICT_TAIL,
)


@inlined
def choose(x: Memory, pe: int, cycle: int) -> int:
    """Choose the context whose next word a PE asks for; minus the cause of the PE-cycle if none.

    One least key decides, without a branch to mispredict: the age of a context whose verdict is
    in, far above it that of one whose verdict is out, and no key for the others.
    """
    m = x.m
    first = context_place(x, pe * m[S_CONTEXTS])
    best = first
    least = NEVER
    for at in range(first, first + (m[S_CONTEXTS] << CONTEXT_SHIFT), 1 << CONTEXT_SHIFT):
        ready = m[at + C_READY]
        out = OUT if m[at + C_IN] > 0 else NEVER
        key = m[at + C_INDEX] + (0 if ready <= cycle else (out if ready < NEVER else NEVER))
        best = at if key < least else best
        least = min(key, least)
    if least < OUT or (least < NEVER and m[S_SPECULATE]):
        return best
    return -_why_none(x, first)


@apart
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
def _ask(x: Memory, at: int, stamp: int) -> int:
    """Ask for both operand words of a context's next word; REFUSED, or which reads it caused.

    A claim is ``cycle << 32 | address``, so that claims of earlier cycles need no clearing.
    """
    m = x.m
    word = (m[AT_WORDS] + 2 * (m[at + C_TABLE] + m[at + C_IN])) & PLACE
    reads = 0
    activation = 0
    activation_claim = 0
    banks = m[S_ACTIVATION_BANKS]
    if banks > 0:
        address = quotient(m[at + C_ABASE] + m[word], m[S_WIDTH], m[S_WIDTH_SHIFT])
        activation = stamp | address
        activation_claim = (
            m[AT_ACTIVATION_CLAIMS] + remainder(address, banks, m[S_ACTIVATION_SHIFT])
        ) & PLACE
        claim = m[activation_claim]
        if claim != activation:
            if claim >= stamp:
                return REFUSED
            reads = READS_ACTIVATION
    else:
        reads = READS_ACTIVATION
    weight_banks = m[S_WEIGHT_BANKS]
    if weight_banks > 0:
        address = m[at + C_WBASE] + m[word + 1]
        weight = stamp | address
        weight_claim = (m[AT_WEIGHT_CLAIMS] + remainder(address, weight_banks, m[S_WEIGHT_SHIFT])) & PLACE
        claim = m[weight_claim]
        if claim != weight:
            if claim >= stamp:
                return REFUSED
            m[weight_claim] = weight
            reads |= READS_WEIGHT
    else:
        reads |= READS_WEIGHT
    if banks > 0:
        m[activation_claim] = activation
    return reads


@inlined
def put_in(x: Memory, pe: int, at: int, cycle: int) -> None:
    """Put a granted word into a PE."""
    m = x.m
    words_in = m[at + C_IN] + 1
    m[at + C_IN] = words_in
    m[at + C_READY] = cycle + m[L_VERDICT_AFTER]
    if words_in == m[at + C_DECIDED]:
        entry = m[AT_VERDICTS] + 2 * (m[VERDICT_TAIL] & m[L_RING_MASK])
        m[entry] = cycle + m[S_LATENCY]
        m[entry + 1] = m[at + C_OP]
        m[VERDICT_TAIL] += 1
        m[op_place(x, m[at + C_OP]) + FLAGS] |= PENDING
    if words_in == m[at + C_WORDS]:
        release(x, pe, at)


@inlined
def move_words(x: Memory, cycle: int) -> int:
    """Serve all PEs that hold something, from PE ``cycle mod count`` on; return the words."""
    m = x.m
    moved = 0
    activation_reads = 0
    weight_reads = 0
    stamp = cycle << 32
    n_words = m[L_PE_WORDS]
    first = cycle % m[S_PES]
    low = ~((ONE << np.uint64(first & 63)) - ONE)
    for k in range(n_words + 1):
        place = (first >> 6) + k
        if place >= n_words:
            place -= n_words
        bits = x.bits[m[B_BUSY] + place]
        if k == 0:
            bits &= low
        elif k == n_words:
            bits &= ~low
        while bits != 0:
            pe = (place << 6) + (as_int(lowest_bit(bits)) & 63)
            bits &= bits - ONE
            reads = _serve(x, pe, cycle, stamp)
            if reads != REFUSED:
                activation_reads += reads & READS_ACTIVATION
                weight_reads += reads >> 1
                moved += 1
    m[N_ACTIVATION_READS] += activation_reads
    m[N_WEIGHT_READS] += weight_reads
    return moved


@inlined
def _serve(x: Memory, pe: int, cycle: int, stamp: int) -> int:
    """Let one PE ask for a word; REFUSED if none went in, or which reads it caused."""
    m = x.m
    if m[LATE_VERDICTS] > 0 and m[pe_place(x, pe) + PE_LATE] > 0:
        m[P_WRITE_STALL + NOW] += 1
        return REFUSED
    at = choose(x, pe, cycle)
    if at < 0:
        m[NOW - at] += 1
        return REFUSED
    reads = _ask(x, at, stamp)
    if m[S_TRACE]:
        if reads == REFUSED:
            note_event(x, cycle, E_STALL, m[at + C_INDEX], pe, 0)
        else:
            note_event(x, cycle, E_WORD, m[at + C_INDEX], pe, m[at + C_IN])
    if reads == REFUSED:
        m[P_OPERAND_STALL + NOW] += 1
    else:
        put_in(x, pe, at, cycle)
    return reads
