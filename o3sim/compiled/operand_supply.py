"""Operand supply: which words a request is for, and whether their banks grant them."""

from __future__ import annotations

from o3sim.compiled.memory import Memory, as_int, inlined, noinline, quotient, remainder
from o3sim.compiled.numbers import (
    AT_RUN_STARTS,
    AT_RUNS,
    C_ABASE,
    C_GATHERED,
    C_IN,
    C_TABLE,
    C_WBASE,
    MOVED,
    N_ACTIVATION_READS,
    PLACE,
    R_ACTIVATION,
    R_CONTEXT,
    R_WEIGHT,
)
from o3sim.compiled.rounds import Buffer, Round

COUNT_BITS = 20  # above the most PEs there can be
GRANTED, ACTIVATION_READ, WEIGHT_READ = 1, 1 << COUNT_BITS, 1 << 2 * COUNT_BITS
"""What becomes of a request: counts of three things, far enough apart to be added up as one number."""


@inlined
def look_up(x: Memory, r: Round, request: int) -> None:
    """Look up the operand words that a request is for."""
    m = x.m
    at = m[request + R_CONTEXT] & PLACE
    word = (m[at + C_TABLE] + 2 * m[at + C_IN]) & PLACE
    m[request + R_ACTIVATION] = quotient(m[at + C_ABASE] + m[word], r.width, r.width_shift)
    m[request + R_WEIGHT] = m[at + C_WBASE] + m[word + 1]


@inlined
def _either(which: int, one: int, other: int) -> int:
    """Pick the one if ``which`` is 1, the other if it is 0, by arithmetic: a branch would be mispredicted."""
    return other ^ ((one ^ other) & -which)


@inlined
def _claim_place(buffer: Buffer, word: int) -> int:
    """Place of the claim on a word's bank; -1 where every PE has a port."""
    return buffer.claims_at + remainder(word, buffer.banks, buffer.shift) if buffer.banks > 0 else -1


@inlined
def _before(x: Memory, buffer: Buffer, claim: int) -> int:
    """Read the claim that a request finds; -1, which is no cycle's, where every PE has a port."""
    return x.m[claim & PLACE] if buffer.banks > 0 else -1


@inlined
def ask(x: Memory, r: Round, request: int) -> int:
    """Ask for both operand words of a request; what is granted and read, or 0.

    Arithmetic instead of branches: whether words are shared or refused is random.
    """
    m = x.m
    activation_claim = _claim_place(r.activation, m[request + R_ACTIVATION])
    weight_claim = _claim_place(r.weight, m[request + R_WEIGHT])
    activation = r.stamp | m[request + R_ACTIVATION]
    weight = r.stamp | m[request + R_WEIGHT]
    activation_before = _before(x, r.activation, activation_claim)
    weight_before = _before(x, r.weight, weight_claim)
    activation_shared = as_int(activation_before == activation)
    weight_shared = as_int(weight_before == weight)
    refused = as_int(activation_before >= r.stamp) - activation_shared
    refused |= as_int(weight_before >= r.stamp) - weight_shared
    if r.activation.banks > 0:
        m[activation_claim & PLACE] = _either(refused, activation_before, activation)
    if r.weight.banks > 0:
        m[weight_claim & PLACE] = _either(refused, weight_before, weight)
    read = ACTIVATION_READ * (1 - activation_shared) + WEIGHT_READ * (1 - weight_shared) + GRANTED
    return read & (refused - 1)


@inlined
def _can_read(x: Memory, claim: int, word: int, stamp: int) -> bool:
    """Tell whether a word's bank is free in this cycle, or reads just that word."""
    return claim < 0 or x.m[claim] < stamp or x.m[claim] == stamp | word


@inlined
def _read(x: Memory, claim: int, word: int, stamp: int) -> int:
    """Read a word that can be read; 1 if that is a read of its own, 0 if it is shared."""
    m = x.m
    if claim < 0:
        return 1
    shared = m[claim] == stamp | word
    m[claim] = stamp | word
    return 0 if shared else 1


@noinline
def gather(x: Memory, r: Round, at: int) -> int:
    """Read activation words of a context's next word one after another, as far as banks allow.

    0 while one is missing; what was read before is kept. The last is read together with the
    weight word, or not at all. Runs ascend, so those of one buffer word follow each other.
    """
    m = x.m
    word = ((m[at + C_TABLE] - r.words_at) >> 1) + m[at + C_IN]
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
        claim = _claim_place(r.activation, activation)
        if not _can_read(x, claim, activation, r.stamp):
            return 0
        if activation == last:
            return _finish_gathering(x, r, at, claim, activation)
        m[N_ACTIVATION_READS] += _read(x, claim, activation, r.stamp)
        m[at + C_GATHERED] = seen
        if m[MOVED] == 0:
            m[MOVED] = 1
    return 0


@inlined
def _finish_gathering(x: Memory, r: Round, at: int, claim: int, activation: int) -> int:
    """Read the last activation word and the weight word, or neither."""
    m = x.m
    weight = m[at + C_WBASE] + m[m[at + C_TABLE] + 2 * m[at + C_IN] + 1]
    weight_claim = _claim_place(r.weight, weight)
    if not _can_read(x, weight_claim, weight, r.stamp):
        return 0
    read = ACTIVATION_READ * _read(x, claim, activation, r.stamp)
    m[at + C_GATHERED] = 0
    return GRANTED + read + WEIGHT_READ * _read(x, weight_claim, weight, r.stamp)
