"""Operand supply: which words a request is for, and whether their banks serve them.

Every bank chooses for itself the word of the first request. So requests name their words in reverse, and
what stands at a bank in the end is what it reads; who finds its own word there is served. Nothing of
earlier cycles need be told apart, for a request looks at banks only that it asked itself.
"""

from __future__ import annotations

from o3sim.compiled.kernel import as_int, inlined, quotient, remainder
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.layer import activation_bit_of, weight_word_of
from o3sim.compiled.records.operand_supply import (
    REQUEST_BITS,
    REQUEST_MASK,
    WRITING,
    Bank,
    Request,
    bank_at,
    request_at,
)
from o3sim.compiled.records.output_bits import writing_at
from o3sim.compiled.records.pe_array import context_at
from o3sim.compiled.round import Buffer, Round


@inlined
def bank_of(buffer: Buffer, number: int, word: int) -> Bank:
    """Find the bank that a request has for a word: its own, where every PE has a port."""
    return bank_at(buffer, remainder(word, buffer.banks, buffer.shift) if buffer.banks > 0 else number)


@inlined
def ask(x: Memory, r: Round, number: int) -> None:
    """Look up the operand words that a request is for, and ask their banks for them."""
    request = request_at(r, number)
    context = context_at(r, request.context)
    bit = context.activation_base + activation_bit_of(x.layer, context.first_word + context.words_in)
    word = quotient(bit, r.width_edges, r.width_shift)
    request.activation_word = word
    bank_of(r.activation, number, word).chosen = word << REQUEST_BITS | number
    ask_weight(x, r, request, number)


@inlined
def ask_weight(x: Memory, r: Round, request: Request, number: int) -> None:
    """Look up the weight word that a request is for, and ask its bank for it."""
    context = context_at(r, request.context)
    word = context.weight_base + weight_word_of(x.layer, context.first_word + context.words_in)
    request.weight_word = word
    bank_of(r.weight, number, word).chosen = word << REQUEST_BITS | number


@inlined
def apart(bank: Bank, number: int, word: int) -> int:
    """How far what a bank chose is from a request: 0 if that, less than REQUEST_BITS wide if its word.

    Negative if the bank writes.
    """
    return bank.chosen ^ (word << REQUEST_BITS | number)


@inlined
def serve(r: Round, number: int) -> tuple[int, int]:
    """See whether a request is granted; return the activation and the weight reads that were chosen for it.

    Arithmetic instead of branches: whether words are shared or refused is random.
    """
    request = request_at(r, number)
    activation_bank = bank_of(r.activation, number, request.activation_word)
    weight_bank = bank_of(r.weight, number, request.weight_word)
    activation = apart(activation_bank, number, request.activation_word)
    weight = apart(weight_bank, number, request.weight_word)
    granted = as_int((activation | weight) >> REQUEST_BITS == 0)
    request.granted = granted
    request_at(r, _owner(r, activation_bank, granted)).activation_taken = r.cycle
    request_at(r, _owner(r, weight_bank, granted)).weight_taken = r.cycle
    return as_int(activation == 0), as_int(weight == 0)


@inlined
def _owner(r: Round, bank: Bank, granted: int) -> int:
    """Return the request that a bank chose, if one for its word is granted (1); else the one that is none."""
    return r.pes ^ ((bank.chosen & REQUEST_MASK ^ r.pes) & -granted)


@inlined
def grant(r: Round, number: int, complete: int) -> int:
    """Grant a request whose activation words are complete (1) if its weight word is served.

    Return the weight reads that were chosen for it.
    """
    request = request_at(r, number)
    bank = bank_of(r.weight, number, request.weight_word)
    weight = apart(bank, number, request.weight_word)
    request.granted = complete & as_int(weight >> REQUEST_BITS == 0)
    request_at(r, _owner(r, bank, request.granted)).weight_taken = r.cycle
    return as_int(weight == 0)


@inlined
def reads_taken(r: Round, number: int) -> int:
    """Count the reads chosen for a request that some PE took."""
    request = request_at(r, number)
    return as_int(request.activation_taken == r.cycle) + as_int(request.weight_taken == r.cycle)


@inlined
def refuse_writing(x: Memory, r: Round) -> None:
    """Let no bank be read that writes output bits in this cycle."""
    for k in range(x.output_bits.n_writing):
        bank_at(r.activation, writing_at(x.output_bits, k).bank).chosen = WRITING
