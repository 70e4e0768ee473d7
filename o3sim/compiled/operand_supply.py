"""Operand supply: which words a request is for, and whether their banks grant them."""

from __future__ import annotations

from o3sim.compiled.kernel import as_int, inlined, noinline, quotient, remainder
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.layer import activation_bit_of, fetch_bit_of, fetch_start_of, weight_word_of
from o3sim.compiled.records.operand_supply import Claim, Request, claim_at
from o3sim.compiled.records.pe_array import Context, context_at
from o3sim.compiled.round import Buffer, Round

COUNT_BITS = 20  # above the most PEs there can be
GRANTED, ACTIVATION_READ, WEIGHT_READ = 1, 1 << COUNT_BITS, 1 << 2 * COUNT_BITS
"""What becomes of a request: counts of three things, far enough apart to be added up as one number."""


@inlined
def look_up(x: Memory, r: Round, request: Request) -> None:
    """Look up the operand words that a request is for."""
    context = context_at(r, request.context)
    word = context.first_word + context.words_in
    bit = context.activation_base + activation_bit_of(x.layer, word)
    request.activation_word = quotient(bit, r.width_edges, r.width_shift)
    request.weight_word = context.weight_base + weight_word_of(x.layer, word)


@inlined
def _either(which: int, one: int, other: int) -> int:
    """Pick the one if ``which`` is 1, the other if it is 0, by arithmetic: a branch would be mispredicted."""
    return other ^ ((one ^ other) & -which)


@inlined
def _claim(buffer: Buffer, word: int) -> Claim:
    """Find the claim on a word's bank; any, where every PE has a port."""
    return claim_at(buffer, remainder(word, buffer.banks, buffer.shift) if buffer.banks > 0 else 0)


@inlined
def _stamp(buffer: Buffer, claim: Claim) -> int:
    """Read the stamp that a request finds; -1, which is no cycle's, where every PE has a port."""
    return claim.stamp if buffer.banks > 0 else -1


@inlined
def ask(r: Round, request: Request) -> int:
    """Ask for both operand words of a request; what is granted and read, or 0.

    Arithmetic instead of branches: whether words are shared or refused is random.
    """
    activation_claim = _claim(r.activation, request.activation_word)
    weight_claim = _claim(r.weight, request.weight_word)
    activation = r.stamp | request.activation_word
    weight = r.stamp | request.weight_word
    activation_before = _stamp(r.activation, activation_claim)
    weight_before = _stamp(r.weight, weight_claim)
    activation_shared = as_int(activation_before == activation)
    weight_shared = as_int(weight_before == weight)
    refused = as_int(activation_before >= r.stamp) - activation_shared
    refused |= as_int(weight_before >= r.stamp) - weight_shared
    if r.activation.banks > 0:
        activation_claim.stamp = _either(refused, activation_before, activation)
    if r.weight.banks > 0:
        weight_claim.stamp = _either(refused, weight_before, weight)
    read = ACTIVATION_READ * (1 - activation_shared) + WEIGHT_READ * (1 - weight_shared) + GRANTED
    return read & (refused - 1)


@inlined
def _can_read(r: Round, buffer: Buffer, word: int) -> bool:
    """Return whether a word's bank is free in this cycle, or reads just that word."""
    stamp = _stamp(buffer, _claim(buffer, word))
    return stamp < r.stamp or stamp == r.stamp | word


@inlined
def _read(r: Round, buffer: Buffer, word: int) -> int:
    """Read a word that can be read; 1 if that is a read of its own, 0 if it is shared."""
    claim = _claim(buffer, word)
    shared = _stamp(buffer, claim) == r.stamp | word
    if buffer.banks > 0:
        claim.stamp = r.stamp | word
    return 0 if shared else 1


@noinline
def gather(x: Memory, r: Round, context: Context) -> int:
    """Read activation words of a context's next word one after another, as far as banks allow.

    0 while one is missing; what was read before is kept. The last is read together with the
    weight word, or not at all. Fetches ascend, so those of one buffer word follow each other.
    """
    word = context.first_word + context.words_in
    first, end = fetch_start_of(x.layer, word), fetch_start_of(x.layer, word + 1)
    last = _word_of_fetch(x, r, context, end - 1)
    seen = 0
    before = -1
    for fetch in range(first, end):
        activation = _word_of_fetch(x, r, context, fetch)
        seen += as_int(activation != before)
        if activation == before or seen <= context.gathered:
            before = activation
            continue
        before = activation
        if not _can_read(r, r.activation, activation):
            return 0
        if activation == last:
            return _finish_gathering(x, r, context, activation)
        x.counts.activation_reads += _read(r, r.activation, activation)
        context.gathered = seen
        if x.clock.moved == 0:
            x.clock.moved = 1
    return 0


@inlined
def _word_of_fetch(x: Memory, r: Round, context: Context, fetch: int) -> int:
    """Return the activation word that a fetch is of."""
    return quotient(context.activation_base + fetch_bit_of(x.layer, fetch), r.width_edges, r.width_shift)


@inlined
def _finish_gathering(x: Memory, r: Round, context: Context, activation: int) -> int:
    """Read the last activation word and the weight word, or neither."""
    weight = context.weight_base + weight_word_of(x.layer, context.first_word + context.words_in)
    if not _can_read(r, r.weight, weight):
        return 0
    context.gathered = 0
    reads = ACTIVATION_READ * _read(r, r.activation, activation) + WEIGHT_READ * _read(r, r.weight, weight)
    return GRANTED + reads
