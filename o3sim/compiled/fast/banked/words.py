"""Words: which requests are served, and what the words do that go in."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.fast.banked.gathering import gather_all
from o3sim.compiled.fast.banked.occupants import lane_of, reach
from o3sim.compiled.fast.banked.records import (
    WRITING,
    Desk,
    doubtful_at,
    gather_activation_cells,
    gather_weight_cells,
    load_activation,
    load_activation_place,
    load_activations,
    load_chosen,
    load_granted,
    load_readies,
    load_runs,
    load_weight,
    load_weight_place,
    load_weights,
    next_activation_at,
    next_weight_at,
    ready_at,
    run_at,
    store_activations,
    store_granted,
    store_readies,
    store_runs,
    store_weights,
)
from o3sim.compiled.fast.banked.requests import (
    ask_all,
    choose_all,
    desk_of,
    divide_activations,
    divide_weights,
    refuse_writing,
)
from o3sim.compiled.fast.banked.unused import OF_WEIGHTS, count_unused
from o3sim.compiled.fast.bits import NONE, bits_in, lowest
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.lanes import LANES_SHIFT, all_of, bits_of, either, same, shifted
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.kernel import ONE, as_int, inlined, noinline
from o3sim.compiled.records.ledger import CAUSE, cause_at


@inlined
def move_words(x: FastMemory, how: How, cycle: int) -> int:
    """Let all PEs ask, and put in the words that are granted; return how many asked."""
    d = desk_of(x)
    asked = grant(x, how, d, cycle)
    if asked > 0:
        _advance(x, how, d, cycle)
    return asked


@inlined
def grant(x: FastMemory, how: How, d: Desk, cycle: int) -> int:
    """Let all PEs ask, and grant or refuse what they ask for; return how many asked."""
    asked = choose_all(x, how, d, cycle)
    if asked == 0:
        return 0
    first = cycle % x.settings.pes
    if not how.has_patches and x.supply.gathers:
        granted = gather_all(x, d, first, cycle)
    else:
        granted = _serve_all(x, how, d, first)
    cause_at(x.ledger, CAUSE.operand_stall).pe_cycles += asked - granted
    return asked


@noinline
def move_alone(x: FastMemory, how: How, cycle: int, most: int) -> int:
    """Put in words of the only op that there is, up to the end of its run; return how many."""
    d = desk_of(x)
    pe = x.supply.alone // contexts_of(x, how)
    context = x.supply.alone - pe * contexts_of(x, how)
    lane = lane_of(d, pe, context)
    words = min(as_int(run_at(d, lane).number), most)
    run_at(d, lane).number -= np.int32(words)
    next_activation_at(d, lane).number += np.int32(words << d.pe_bits)
    next_weight_at(d, lane).number += np.int32(words << d.pe_bits)
    ready_at(d, lane).number = np.int32(cycle + words - 1 + x.layer.verdict_after_cycles)
    x.counts.activation_reads += words
    x.counts.weight_reads += words
    if run_at(d, lane).number == 0:
        reach(x, how, d, pe, context, lane, cycle + words - 1)
    return words


@inlined
def _serve_all(x: FastMemory, how: How, d: Desk, first: int) -> int:
    """Grant or refuse all requests; return how many are granted."""
    if not how.has_patches and x.supply.activation_buffer.shift < 0 < x.supply.activation_buffer.banks:
        divide_activations(x, d)
    if x.supply.weight_buffer.shift < 0 < x.supply.weight_buffer.banks:
        divide_weights(x, d)
    ask_all(d, how, first)
    if not how.has_patches and x.supply.meets_writes:
        refuse_writing(x, d)
    none, writing = all_of(0), all_of(WRITING)
    granted, activation_reads, weight_reads, doubted = 0, 0, 0, 0
    for block in range(d.used):
        asks = either(load_chosen(d, block), none, writing)
        activation, apart_activation = writing, none
        if not how.has_patches:
            activation = gather_activation_cells(d, load_activation_place(d, block))
            apart_activation = activation ^ load_activation(d, block)
        weight = gather_weight_cells(d, load_weight_place(d, block))
        apart_weight = weight ^ load_weight(d, block)
        ok = asks & same(shifted(apart_activation | apart_weight, d.pe_bits), none)
        store_granted(d, block, ok)
        served = bits_of(ok)
        own_activation = NONE
        if not how.has_patches:
            own_activation = bits_of(same(apart_activation, none) & asks)
            x.counts.write_conflicts += bits_in(bits_of(same(activation, writing) & asks))
        own_weight = bits_of(same(apart_weight, none) & asks)
        doubtful = (own_activation | own_weight << OF_WEIGHTS) & ~(served | served << OF_WEIGHTS)
        doubtful_at(d, block).bits = doubtful
        doubted += bits_in(doubtful)
        granted += bits_in(served)
        activation_reads += bits_in(own_activation)
        weight_reads += bits_in(own_weight)
    x.counts.activation_reads += activation_reads
    x.counts.weight_reads += weight_reads
    if doubted > 0:
        x.counts.reads_unused += count_unused(x, d)
    return granted


@inlined
def _advance(x: FastMemory, how: How, d: Desk, cycle: int) -> None:
    """Put in the words that are granted."""
    for context in range(contexts_of(x, how)):
        for word in range(d.used + 3 >> 2):
            ended = put_in(x, how, d, context, word, cycle)
            while ended != NONE:
                pe = (word << 6) + lowest(ended)
                ended &= ended - ONE
                reach(x, how, d, pe, context, lane_of(d, pe, context), cycle)


@inlined
def put_in(x: FastMemory, how: How, d: Desk, context: int, word: int, cycle: int) -> np.uint64:
    """Put in the words that are granted to a context of 64 PEs; return those of them whose run ends by it."""
    none, next_word = all_of(0), all_of(1 << d.pe_bits)
    next_weight = all_of(x.supply.weight_step << d.pe_bits)
    verdict = all_of(cycle + x.layer.verdict_after_cycles)
    number, ended = all_of(context), NONE
    for block in range(word << 2, min((word << 2) + 4, d.used)):
        place = context * d.blocks + block
        goes_in = load_granted(d, block) & same(load_chosen(d, block), number)
        runs = load_runs(d, place) + goes_in
        store_runs(d, place, runs)
        if not how.has_patches:
            store_activations(d, place, load_activations(d, place) + (goes_in & next_word))
        store_weights(d, place, load_weights(d, place) + (goes_in & next_weight))
        store_readies(d, place, either(goes_in, verdict, load_readies(d, place)))
        ends = bits_of(same(runs, none) & goes_in)
        ended |= ends << np.uint64((block & 3) << LANES_SHIFT)
    return ended
