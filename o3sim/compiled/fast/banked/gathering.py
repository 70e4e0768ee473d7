"""Gathering: words whose edges lie in several activation words.

The buffer words of a request lie beside each other in vectors, so that all are looked at at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.fast.banked.occupants import lane_of
from o3sim.compiled.fast.banked.records import (
    STEP,
    WRITING,
    Desk,
    Occupant,
    activation_at,
    activation_cell_at,
    asks_weight_at,
    chosen_at,
    complete_at,
    doubtful_at,
    fetch_count_of,
    fetch_start_of,
    fetched_at,
    fetched_place_at,
    gather_activation_cells,
    gather_weight_cells,
    granted_at,
    load_asks_weight,
    load_complete,
    load_fetch_words,
    load_fetched,
    load_fetched_place,
    load_weight,
    load_weight_place,
    occupant_at,
    served_at,
    store_asks_weight,
    store_complete,
    store_fetched,
    store_fetched_place,
    store_granted,
    taken_at,
    weight_at,
    weight_cell_at,
    weight_place_at,
    words_at,
)
from o3sim.compiled.fast.banked.requests import divide_weights, refuse_writing
from o3sim.compiled.fast.banked.unused import OF_WEIGHTS, count_unused
from o3sim.compiled.fast.bits import NONE, bits_in, lowest
from o3sim.compiled.fast.choice import LANES
from o3sim.compiled.fast.lanes import (
    LANES_SHIFT,
    all_of,
    bits_of,
    either,
    over,
    own_numbers,
    same,
    shifted,
    shifted_up,
)
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.kernel import as_int, inlined, noinline


@noinline
def gather_all(x: FastMemory, d: Desk, first: int, cycle: int) -> int:
    """Grant or refuse all requests; return how many are granted.

    In loops over the PEs that do little each, and the same for all: whether words are refused is random, and
    what one loop stores as vectors the next one reads number by number, which is slow at once.
    """
    supply, pes = x.supply, min(x.settings.pes, d.used << LANES_SHIFT)
    if supply.weight_buffer.shift < 0 < supply.weight_buffer.banks:
        divide_weights(x, d)
    for block in range(d.used):
        store_complete(supply, block, all_of(0))
        store_asks_weight(supply, block, all_of(0))
    _look_up_all(x, d, pes)
    _ask_from(x, d, min(first, pes) - 1, -1)
    _ask_from(x, d, pes - 1, first - 1)
    if supply.meets_writes:
        refuse_writing(x, d)
    reads = 0
    for pe in range(pes):
        if chosen_at(d, pe).number >= 0:
            reads += _serve(x, d, pe)
    granted = _serve_weights(x, d)
    taken = 0
    for pe in range(pes):
        if chosen_at(d, pe).number >= 0:
            taken += _take(x, d, pe)
    if supply.activation_buffer.banks > 0:
        taken = _count_taken(x, d, pes, cycle)
    x.counts.activation_reads += reads
    x.counts.reads_unused += reads - taken
    return granted


@inlined
def _look_up_all(x: FastMemory, d: Desk, pes: int) -> None:
    """Look up what all PEs ask for."""
    for pe in range(pes):
        if chosen_at(d, pe).number >= 0:
            _look_up(x, d, pe)


@noinline
def _ask_from(x: FastMemory, d: Desk, first: int, end: int) -> None:
    """Let PEs ask from one on down to behind another."""
    for pe in range(first, end, -1):
        if chosen_at(d, pe).number >= 0:
            _ask(x, d, pe)


@inlined
def _occupant(x: FastMemory, d: Desk, pe: int) -> Occupant:
    """Return the op that a PE asks for."""
    return occupant_at(x.supply, lane_of(d, pe, as_int(chosen_at(d, pe).number)))


@inlined
def _look_up(x: FastMemory, d: Desk, pe: int) -> None:
    """Look up the words that a PE still needs, up to one in a bank that it asks; then it asks for weights."""
    supply, o = x.supply, _occupant(x, d, pe)
    row = o.fetches + (as_int(activation_at(d, pe).number) >> d.pe_bits)
    first = fetch_start_of(supply, as_int(row)) + as_int(o.gathered)
    words = fetch_count_of(supply, first)
    asks_weight = words >> 63  # a mask: -1 or 0
    words ^= asks_weight
    asks_weight_at(supply, pe).number = np.int32(asks_weight)
    words_at(supply, pe).number = np.int32(words)
    buffer = supply.activation_buffer
    for chunk in range(supply.chunks):
        number = pe * supply.chunks + chunk
        left = words - (chunk << LANES_SHIFT)
        found = load_fetch_words(supply, first + (chunk << LANES_SHIFT)) + all_of(as_int(o.activation_base))
        store_fetched(supply, number, shifted_up(found, d.pe_bits) | all_of(pe))
        places = found & all_of(buffer.place_mask)
        store_fetched_place(supply, number, either(over(all_of(left), own_numbers()), places, _no_bank(x)))
        if buffer.shift < 0 < buffer.banks:
            _divide(x, d, number << LANES_SHIFT, left)


@inlined
def _ask(x: FastMemory, d: Desk, pe: int) -> None:
    """Name the words of a PE at their banks; where there are fewer than lanes, at one that is none."""
    supply = x.supply
    if supply.activation_buffer.banks > 0:
        for chunk in range(pe * supply.chunks, (pe + 1) * supply.chunks):
            first = chunk << LANES_SHIFT
            for lane in range(first, first + supply.fetch_lanes, STEP):
                for which in range(lane, lane + STEP):
                    bank = as_int(fetched_place_at(supply, which).number)
                    activation_cell_at(d, bank).number = fetched_at(supply, which).number
    no_bank, asks_weight = supply.weight_buffer.no_bank, as_int(asks_weight_at(supply, pe).number)
    place = no_bank ^ (no_bank ^ as_int(weight_place_at(d, pe).number)) & asks_weight
    weight_cell_at(d, place).number = weight_at(d, pe).number


@inlined
def _no_bank(x: FastMemory) -> Any:
    """Return the bank of lanes that ask for nothing."""
    return all_of(x.supply.activation_buffer.no_bank)


@noinline
def _divide(x: FastMemory, d: Desk, first: int, words: int) -> None:
    """Find the banks of activation words where they are no power of two."""
    for lane in range(first, first + min(words, LANES)):
        word = as_int(fetched_at(x.supply, lane).number) >> d.pe_bits
        fetched_place_at(x.supply, lane).number = np.int32(word % x.supply.activation_buffer.banks)


@inlined
def _serve(x: FastMemory, d: Desk, pe: int) -> int:
    """Find the words of a PE that are served: up to the first that is not. Return the reads chosen for it."""
    supply = x.supply
    words = as_int(words_at(supply, pe).number)
    served, reads = words, words
    if supply.activation_buffer.banks > 0:
        served, reads, meets = 0, 0, NONE
        for chunk in range(supply.chunks):
            number, begin = pe * supply.chunks + chunk, chunk << LANES_SHIFT
            asks = over(all_of(words - begin), own_numbers())
            found = gather_activation_cells(d, load_fetched_place(supply, number))
            apart = found ^ load_fetched(supply, number)
            reads += bits_in(bits_of(same(apart, all_of(0)) & asks))
            meets |= bits_of(same(found, all_of(WRITING)) & asks)
            ok = bits_of(same(shifted(apart, d.pe_bits), all_of(0)) & asks)
            if served == begin:
                served += lowest(~ok)
        x.counts.write_conflicts += as_int(meets != NONE)
    served_at(supply, pe).number = np.int32(served)
    complete_at(supply, pe).number = np.int32(-as_int(served == words)) & asks_weight_at(supply, pe).number
    return reads


@inlined
def _serve_weights(x: FastMemory, d: Desk) -> int:
    """Grant the requests whose activation words are complete, if their weight word is served."""
    none, granted, reads, doubted = all_of(0), 0, 0, 0
    for block in range(d.used):
        asks = load_asks_weight(x.supply, block)
        apart = gather_weight_cells(d, load_weight_place(d, block)) ^ load_weight(d, block)
        ok = load_complete(x.supply, block) & same(shifted(apart, d.pe_bits), none)
        store_granted(d, block, ok)
        own = bits_of(same(apart, none) & asks)
        doubtful = own & ~bits_of(ok)
        doubtful_at(d, block).bits = doubtful << OF_WEIGHTS
        granted += bits_in(bits_of(ok))
        reads += bits_in(own)
        doubted += bits_in(doubtful)
    x.counts.weight_reads += reads
    if doubted > 0:
        x.counts.reads_unused += count_unused(x, d)
    return granted


@inlined
def _take(x: FastMemory, d: Desk, pe: int) -> int:
    """Let a PE take the words that it is served, the last of all only if it is granted; return how many."""
    supply, o = x.supply, _occupant(x, d, pe)
    is_granted = granted_at(d, pe).number
    served = as_int(served_at(supply, pe).number + (complete_at(supply, pe).number & ~is_granted))
    o.gathered = np.int32(o.gathered + served) & ~is_granted
    for chunk in range(supply.chunks):
        number, begin = pe * supply.chunks + chunk, chunk << LANES_SHIFT
        places = load_fetched_place(supply, number)
        store_fetched_place(
            supply, number, either(over(all_of(served - begin), own_numbers()), places, _no_bank(x))
        )
    return served


@inlined
def _count_taken(x: FastMemory, d: Desk, pes: int, cycle: int) -> int:
    """Count the banks that words were taken from."""
    supply, taken = x.supply, 0
    taken_at(supply, supply.activation_buffer.no_bank).cycle = cycle
    for pe in range(pes):
        if chosen_at(d, pe).number >= 0:
            for chunk in range(pe * supply.chunks, (pe + 1) * supply.chunks):
                first = chunk << LANES_SHIFT
                for lane in range(first, first + supply.fetch_lanes, STEP):
                    for which in range(lane, lane + STEP):
                        bank = taken_at(supply, as_int(fetched_place_at(supply, which).number))
                        taken += as_int(bank.cycle != cycle)
                        bank.cycle = cycle
    return taken
