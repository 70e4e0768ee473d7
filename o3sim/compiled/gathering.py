"""Gathering: words whose edges lie in several activation words."""

from __future__ import annotations

from o3sim.compiled.kernel import as_int, inlined, noinline, quotient, remainder
from o3sim.compiled.memory import Memory
from o3sim.compiled.operand_supply import apart, ask_weight, bank_of, grant
from o3sim.compiled.records.gathering import gathered_bank_at, gathering_at
from o3sim.compiled.records.layer import addend_offset_of, fetch_bit_of, fetch_start_of
from o3sim.compiled.records.operand_supply import REQUEST_BITS, WRITING, request_at
from o3sim.compiled.records.pe_array import context_at
from o3sim.compiled.round import Round


@noinline
def ask_for_all(x: Memory, r: Round, number: int) -> None:
    """Ask for the activation words that a request still needs, up to one in a bank that it asked already.

    With the last of them for the weight word too. Fetches ascend, so those of one word follow each other.
    """
    request, gathering = request_at(r, number), gathering_at(x.gathering, number)
    context = context_at(r, request.context)
    word = context.first_word + context.words_in
    fetch, end = fetch_start_of(x.layer, word), fetch_start_of(x.layer, word + 1)
    gathering.first_addend = end
    if context.words_in == 0:
        end += x.layer.addend_fetches
    for _ in range(context.gathered):
        fetch = _fetch_after(x, r, number, fetch, end)
    gathering.first_fetch = fetch
    tag = r.cycle * r.pes + number
    while fetch < end:
        activation = _word_of_fetch(x, r, number, fetch)
        if r.activation.banks > 0:
            bank = gathered_bank_at(x.gathering, _place(r, activation))
            if bank.asked_by == tag:
                break
            bank.asked_by = tag
            bank_of(r.activation, number, activation).chosen = activation << REQUEST_BITS | number
        fetch = _fetch_after(x, r, number, fetch, end)
    gathering.end_fetch = fetch
    gathering.asks_weight = as_int(fetch == end)
    if fetch == end:
        ask_weight(x, r, request, number)


@inlined
def _place(r: Round, activation: int) -> int:
    """Return which bank an activation word lies in."""
    return remainder(activation, r.activation.banks, r.activation.shift)


@inlined
def _word_of_fetch(x: Memory, r: Round, number: int, fetch: int) -> int:
    """Return the activation word that a fetch of a request is of."""
    context = context_at(r, request_at(r, number).context)
    first_addend = gathering_at(x.gathering, number).first_addend
    if fetch < first_addend:
        bit = context.activation_base + fetch_bit_of(x.layer, fetch)
    else:
        bit = context.addend_base + addend_offset_of(x.layer, fetch - first_addend)
    return quotient(bit, r.width_edges, r.width_shift)


@inlined
def _fetch_after(x: Memory, r: Round, number: int, fetch: int, end: int) -> int:
    """Return the first fetch behind one that is of another word."""
    word = _word_of_fetch(x, r, number, fetch)
    while fetch < end and _word_of_fetch(x, r, number, fetch) == word:
        fetch += 1
    return fetch


@noinline
def gather(x: Memory, r: Round, number: int) -> tuple[int, int]:
    """See which words of a request are served, and take them; return the reads that were chosen for it.

    They are taken in their order, up to the first that is not served, and the last of all only together
    with the weight word: then the request is granted.
    """
    request, gathering = request_at(r, number), gathering_at(x.gathering, number)
    context = context_at(r, request.context)
    request.granted = 0
    reads, served, asked = 0, 0, 0
    fetch = gathering.first_fetch
    while fetch < gathering.end_fetch:
        choice = _choice(r, number, _word_of_fetch(x, r, number, fetch))
        reads += as_int(choice == 0)
        served += as_int(served == asked) & as_int(choice >> REQUEST_BITS == 0)
        asked += 1
        fetch = _fetch_after(x, r, number, fetch, gathering.end_fetch)
    weight_reads = 0
    if gathering.asks_weight:
        weight_reads = grant(r, number, as_int(served == asked))
        served -= as_int(served == asked) - request.granted
    _take(x, r, number, served)
    if request.granted and context.words_in == 0:
        _count_addend(x, r, number)
    context.gathered = 0 if request.granted else context.gathered + served
    return reads, weight_reads


@noinline
def _count_addend(x: Memory, r: Round, number: int) -> None:
    """Count the words that held what an op adds, all of which it has taken by its first word."""
    fetch = gathering_at(x.gathering, number).first_addend
    end = fetch + x.layer.addend_fetches
    while fetch < end:
        x.counts.addend_words += 1
        fetch = _fetch_after(x, r, number, fetch, end)


@inlined
def _choice(r: Round, number: int, activation: int) -> int:
    """How far what an activation word's bank chose is from a request; 0 where every PE has a port."""
    if r.activation.banks == 0:
        return 0
    return apart(bank_of(r.activation, number, activation), number, activation)


@inlined
def _take(x: Memory, r: Round, number: int, words: int) -> None:
    """Take so many of the activation words that a request asked for."""
    gathering = gathering_at(x.gathering, number)
    fetch = gathering.first_fetch
    taken = words
    if r.activation.banks > 0:
        taken = 0
        for _ in range(words):
            bank = gathered_bank_at(x.gathering, _place(r, _word_of_fetch(x, r, number, fetch)))
            taken += as_int(bank.taken_cycle != r.cycle)
            bank.taken_cycle = r.cycle
            fetch = _fetch_after(x, r, number, fetch, gathering.end_fetch)
    x.counts.reads_unused -= taken


@noinline
def meets_write(x: Memory, r: Round, number: int) -> int:
    """Return 1 if a bank that a request asks writes output bits in this cycle, 0 if none does."""
    gathering = gathering_at(x.gathering, number)
    for fetch in range(gathering.first_fetch, gathering.end_fetch):
        if bank_of(r.activation, number, _word_of_fetch(x, r, number, fetch)).chosen == WRITING:
            return 1
    return 0
