"""Gathering: words whose edges lie in several activation words, as edge orders make them."""

from __future__ import annotations

from o3sim.compiled.kernel import as_int, inlined, noinline, quotient, remainder
from o3sim.compiled.memory import Memory
from o3sim.compiled.operand_supply import apart, ask_weight, bank_of, grant
from o3sim.compiled.records.gathering import gathered_bank_at, gathering_at
from o3sim.compiled.records.layer import run_bit_of, run_start_of
from o3sim.compiled.records.operand_supply import REQUEST_BITS, WRITING, request_at
from o3sim.compiled.records.pe_array import Context, context_at
from o3sim.compiled.round import Round


@noinline
def ask_for_all(x: Memory, r: Round, number: int) -> None:
    """Ask for the activation words that a request still needs, up to one in a bank that it asked already.

    With the last of them for the weight word too. Runs ascend, so those of one word follow each other.
    """
    request, gathering = request_at(r, number), gathering_at(x.gathering, number)
    context = context_at(r, request.context)
    word = context.first_word + context.words_in
    run, end = run_start_of(x.layer, word), run_start_of(x.layer, word + 1)
    for _ in range(context.gathered):
        run = _run_after(x, r, context, run, end)
    gathering.first_run = run
    tag = r.cycle * r.pes + number
    while run < end:
        activation = _word_of_run(x, r, context, run)
        if r.activation.banks > 0:
            bank = gathered_bank_at(x.gathering, _place(r, activation))
            if bank.asked_by == tag:
                break
            bank.asked_by = tag
            bank_of(r.activation, number, activation).chosen = activation << REQUEST_BITS | number
        run = _run_after(x, r, context, run, end)
    gathering.end_run = run
    gathering.asks_weight = as_int(run == end)
    if run == end:
        ask_weight(x, r, request, number)


@inlined
def _place(r: Round, activation: int) -> int:
    """Return which bank an activation word lies in."""
    return remainder(activation, r.activation.banks, r.activation.shift)


@inlined
def _word_of_run(x: Memory, r: Round, context: Context, run: int) -> int:
    """Return the activation word that a run begins in."""
    return quotient(context.activation_base + run_bit_of(x.layer, run), r.width_edges, r.width_shift)


@inlined
def _run_after(x: Memory, r: Round, context: Context, run: int, end: int) -> int:
    """Return the first run behind one that begins in another word."""
    word = _word_of_run(x, r, context, run)
    while run < end and _word_of_run(x, r, context, run) == word:
        run += 1
    return run


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
    run = gathering.first_run
    while run < gathering.end_run:
        choice = _choice(r, number, _word_of_run(x, r, context, run))
        reads += as_int(choice == 0)
        served += as_int(served == asked) & as_int(choice >> REQUEST_BITS == 0)
        asked += 1
        run = _run_after(x, r, context, run, gathering.end_run)
    weight_reads = 0
    if gathering.asks_weight:
        weight_reads = grant(r, number, as_int(served == asked))
        served -= as_int(served == asked) - request.granted
    _take(x, r, number, served)
    context.gathered = 0 if request.granted else context.gathered + served
    return reads, weight_reads


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
    context = context_at(r, request_at(r, number).context)
    run = gathering.first_run
    taken = words
    if r.activation.banks > 0:
        taken = 0
        for _ in range(words):
            bank = gathered_bank_at(x.gathering, _place(r, _word_of_run(x, r, context, run)))
            taken += as_int(bank.taken_cycle != r.cycle)
            bank.taken_cycle = r.cycle
            run = _run_after(x, r, context, run, gathering.end_run)
    x.counts.reads_unused -= taken


@noinline
def meets_write(x: Memory, r: Round, number: int) -> int:
    """Return 1 if a bank that a request asks writes output bits in this cycle, 0 if none does."""
    gathering = gathering_at(x.gathering, number)
    context = context_at(r, request_at(r, number).context)
    for run in range(gathering.first_run, gathering.end_run):
        if bank_of(r.activation, number, _word_of_run(x, r, context, run)).chosen == WRITING:
            return 1
    return 0
