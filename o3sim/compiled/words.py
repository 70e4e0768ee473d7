"""Words: which a PE asks for, which operands are granted, and what a word that goes in does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from o3sim.compiled.board import op_place
from o3sim.compiled.classes import note_word
from o3sim.compiled.contexts import pe_place, release
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
    AT_CONTEXTS,
    AT_RUN_STARTS,
    AT_RUNS,
    AT_VERDICTS,
    AT_WEIGHT_CLAIMS,
    AT_WORDS,
    B_BUSY,
    C_ABASE,
    C_DECIDED,
    C_GATHERED,
    C_IF_OUT,
    C_IN,
    C_INDEX,
    C_KEY,
    C_OP,
    C_READY,
    C_TABLE,
    C_WBASE,
    C_WORDS,
    CONTEXT_SHIFT,
    E_STALL,
    E_WORD,
    FLAGS,
    KEY_MASK,
    L_GATHERS,
    L_PE_WORDS,
    L_RACE,
    L_RING_MASK,
    L_VERDICT_AFTER,
    LATE_VERDICTS,
    MOVED,
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


class Round(NamedTuple):
    """What all PEs need in a cycle: header numbers, read once (a store might change any, to LLVM)."""

    cycle: int
    contexts_at: int
    contexts: int
    speculates: bool
    words_at: int
    width: int
    width_shift: int
    activation_banks: int
    activation_shift: int
    activation_claims_at: int
    weight_banks: int
    weight_shift: int
    weight_claims_at: int


@inlined
def round_of(x: Memory, cycle: int) -> Round:
    """Read the header for a cycle."""
    m = x.m
    return Round(
        cycle,
        m[AT_CONTEXTS],
        m[S_CONTEXTS],
        m[S_SPECULATE] != 0,
        m[AT_WORDS],
        m[S_WIDTH],
        m[S_WIDTH_SHIFT],
        m[S_ACTIVATION_BANKS],
        m[S_ACTIVATION_SHIFT],
        m[AT_ACTIVATION_CLAIMS],
        m[S_WEIGHT_BANKS],
        m[S_WEIGHT_SHIFT],
        m[AT_WEIGHT_CLAIMS],
    )


@inlined
def choose(x: Memory, r: Round, pe: int) -> int:
    """Choose the context whose next word a PE asks for; minus the cause of the PE-cycle if none.

    One least key decides, without a branch to mispredict: the age of a context whose verdict is
    in, far above it that of one whose verdict is out, and no key for the others. Its low bits say
    which context it is.
    """
    m = x.m
    first = (r.contexts_at + ((pe * r.contexts) << CONTEXT_SHIFT)) & PLACE
    least = NEVER
    for k in range(r.contexts):
        at = (first + (k << CONTEXT_SHIFT)) & PLACE
        late = m[at + C_IF_OUT] if m[at + C_READY] > r.cycle else 0
        least = min(m[at + C_KEY] + late, least)
    if least < OUT or (least < NEVER and r.speculates):
        return first + ((least & KEY_MASK) << CONTEXT_SHIFT)
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
def _ask(x: Memory, r: Round, at: int) -> int:
    """Ask for both operand words of a context's next word; REFUSED, or which reads it caused.

    A bank's claim is the cycle it was last read in and the address it read, so that claims of
    earlier cycles need no clearing. Sums instead of branches: whether words are shared is random.
    """
    m = x.m
    word = (r.words_at + 2 * (m[at + C_TABLE] + m[at + C_IN])) & PLACE
    activation, activation_claim, weight, weight_claim = 0, 0, 0, 0
    refused = 0
    reads = READS_ACTIVATION + READS_WEIGHT
    if r.activation_banks > 0:
        activation = quotient(m[at + C_ABASE] + m[word], r.width, r.width_shift)
        bank = remainder(activation, r.activation_banks, r.activation_shift)
        activation_claim = (r.activation_claims_at + 2 * bank) & PLACE
        taken = as_int(m[activation_claim] == r.cycle)
        shared = taken & as_int(m[activation_claim + 1] == activation)
        refused = taken - shared
        reads -= READS_ACTIVATION * shared
    if r.weight_banks > 0:
        weight = m[at + C_WBASE] + m[word + 1]
        bank = remainder(weight, r.weight_banks, r.weight_shift)
        weight_claim = (r.weight_claims_at + 2 * bank) & PLACE
        taken = as_int(m[weight_claim] == r.cycle)
        shared = taken & as_int(m[weight_claim + 1] == weight)
        refused += taken - shared
        reads -= READS_WEIGHT * shared
    if refused > 0:
        return REFUSED
    if r.activation_banks > 0:
        m[activation_claim] = r.cycle
        m[activation_claim + 1] = activation
    if r.weight_banks > 0:
        m[weight_claim] = r.cycle
        m[weight_claim + 1] = weight
    return reads


@inlined
def _claim_of(claims_at: int, banks: int, shift: int, word: int) -> int:
    """Place of the claim on a word's bank; -1 where every PE has a port."""
    return claims_at + 2 * remainder(word, banks, shift) if banks > 0 else -1


@inlined
def _can_read(x: Memory, claim: int, word: int, cycle: int) -> bool:
    """Tell whether a word's bank is free in this cycle, or reads just that word."""
    return claim < 0 or x.m[claim] != cycle or x.m[claim + 1] == word


@inlined
def _read(x: Memory, claim: int, word: int, cycle: int) -> int:
    """Read a word that can be read; 1 if that is a read of its own, 0 if it is shared."""
    m = x.m
    if claim < 0:
        return 1
    shared = m[claim] == cycle
    m[claim] = cycle
    m[claim + 1] = word
    return 0 if shared else 1


@apart
def _gather(x: Memory, r: Round, at: int) -> int:
    """Read activation words of a context's next word one after another, as far as banks allow.

    REFUSED while one is missing; what was read before is kept. The last is read together with the
    weight word, or not at all. Runs ascend, so those of one buffer word follow each other.
    """
    m = x.m
    word = m[at + C_TABLE] + m[at + C_IN]
    first, end = m[m[AT_RUN_STARTS] + word], m[m[AT_RUN_STARTS] + word + 1]
    base, runs = m[at + C_ABASE], m[AT_RUNS]
    last = quotient(base + m[runs + end - 1], r.width, r.width_shift)
    seen = 0
    before = -1
    for run in range(runs + first, runs + end):
        activation = quotient(base + m[run], r.width, r.width_shift)
        seen += as_int(activation != before)
        if activation == before or seen <= m[at + C_GATHERED]:
            before = activation
            continue
        before = activation
        claim = _claim_of(r.activation_claims_at, r.activation_banks, r.activation_shift, activation)
        if not _can_read(x, claim, activation, r.cycle):
            return REFUSED
        if activation == last:
            return _finish_gathering(x, r, at, claim, activation)
        m[N_ACTIVATION_READS] += _read(x, claim, activation, r.cycle)
        m[at + C_GATHERED] = seen
        if m[MOVED] == 0:
            m[MOVED] = 1
    return REFUSED


@inlined
def _finish_gathering(x: Memory, r: Round, at: int, claim: int, activation: int) -> int:
    """Read the last activation word and the weight word, or neither."""
    m = x.m
    weight = m[at + C_WBASE] + m[r.words_at + 2 * (m[at + C_TABLE] + m[at + C_IN]) + 1]
    weight_claim = _claim_of(r.weight_claims_at, r.weight_banks, r.weight_shift, weight)
    if not _can_read(x, weight_claim, weight, r.cycle):
        return REFUSED
    m[N_ACTIVATION_READS] += _read(x, claim, activation, r.cycle)
    m[at + C_GATHERED] = 0
    return READS_WEIGHT * _read(x, weight_claim, weight, r.cycle)


@inlined
def put_in(x: Memory, pe: int, at: int, cycle: int) -> None:
    """Put a granted word into a PE."""
    m = x.m
    if m[L_RACE]:
        note_word(x, at, cycle)
    words_in = m[at + C_IN] + 1
    m[at + C_IN] = words_in
    m[at + C_READY] = cycle + m[L_VERDICT_AFTER]
    m[at + C_IF_OUT] = OUT
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
    r = round_of(x, cycle)
    any_late = m[LATE_VERDICTS] > 0
    busy_at, n_words = m[B_BUSY], m[L_PE_WORDS]
    first = cycle % m[S_PES]
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
            if any_late and m[pe_place(x, pe) + PE_LATE] > 0:
                m[P_WRITE_STALL + NOW] += 1
                continue
            reads = _serve(x, r, pe)
            if reads != REFUSED:
                activation_reads += reads & READS_ACTIVATION
                weight_reads += reads >> 1
                moved += 1
    m[N_ACTIVATION_READS] += activation_reads
    m[N_WEIGHT_READS] += weight_reads
    return moved


@inlined
def _serve(x: Memory, r: Round, pe: int) -> int:
    """Let one PE ask for a word; REFUSED if none went in, or which reads it caused."""
    m = x.m
    at = choose(x, r, pe)
    if at < 0:
        m[NOW - at] += 1
        return REFUSED
    at &= PLACE
    reads = _gather(x, r, at) if m[L_GATHERS] else _ask(x, r, at)
    if m[S_TRACE]:
        if reads == REFUSED:
            note_event(x, r.cycle, E_STALL, m[at + C_INDEX], pe, 0)
        else:
            note_event(x, r.cycle, E_WORD, m[at + C_INDEX], pe, m[at + C_IN])
    if reads == REFUSED:
        m[P_OPERAND_STALL + NOW] += 1
    else:
        put_in(x, pe, at, r.cycle)
    return reads
