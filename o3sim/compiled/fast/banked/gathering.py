"""Gathering: words whose edges lie in several activation words.

The buffer words of a request lie beside each other in vectors, so that all are looked at at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.fast.banked.occupants import lane_of
from o3sim.compiled.fast.banked.records import (
    WRITING,
    Desk,
    Occupant,
    activation_at,
    activation_cell_at,
    asked_at,
    chosen_at,
    fetch_count_of,
    fetch_start_of,
    fetched_at,
    fetched_place_at,
    gather_activation_cells,
    granted_at,
    load_fetch_words,
    load_fetched,
    load_fetched_place,
    occupant_at,
    store_fetched,
    store_fetched_place,
    taken_at,
    weight_at,
    weight_cell_at,
    weight_place_at,
)
from o3sim.compiled.fast.banked.requests import divide_weights, refuse_writing
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
from o3sim.compiled.kernel import ONE, as_int, inlined, noinline

_STEP = 4
"""Words that are looked at at once where the processor takes one after another: a loop of few rounds."""


@noinline
def gather_all(x: FastMemory, d: Desk, first: int, cycle: int) -> int:
    """Grant or refuse all requests; return how many are granted."""
    pes = min(x.settings.pes, d.used << LANES_SHIFT)
    if x.supply.weight_buffer.shift < 0 < x.supply.weight_buffer.banks:
        divide_weights(x, d)
    _ask_from(x, d, min(first, pes) - 1, -1)
    _ask_from(x, d, pes - 1, first - 1)
    if x.supply.meets_writes:
        refuse_writing(x, d)
    granted = 0
    for pe in range(pes):
        granted_at(d, pe).number = np.int32(0)
        if chosen_at(d, pe).number >= 0:
            granted += _serve(x, d, pe, cycle)
    for pe in range(pes):
        if chosen_at(d, pe).number >= 0 and asked_at(x.supply, pe).doubtful != NONE:
            x.counts.reads_unused += _count_unused(x, pe, cycle)
    return granted


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
def _ask(x: FastMemory, d: Desk, pe: int) -> None:
    """Ask for the words that a PE still needs, up to one in a bank that it asks; then for the weights."""
    supply, o, request = x.supply, _occupant(x, d, pe), asked_at(x.supply, pe)
    row = o.fetches + (as_int(activation_at(d, pe).number) >> d.pe_bits)
    first = fetch_start_of(supply, as_int(row)) + as_int(o.gathered)
    words = fetch_count_of(supply, first)
    request.asks_weight = as_int(words < 0)
    words = -1 - words if words < 0 else words
    request.words = words
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
        if buffer.banks > 0:
            for lane in range(number << LANES_SHIFT, (number << LANES_SHIFT) + min(left, LANES), _STEP):
                for which in range(lane, lane + _STEP):
                    bank = as_int(fetched_place_at(supply, which).number)
                    activation_cell_at(d, bank).number = fetched_at(supply, which).number
    place = as_int(weight_place_at(d, pe).number) if request.asks_weight else supply.weight_buffer.no_bank
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
def _serve(x: FastMemory, d: Desk, pe: int, cycle: int) -> int:
    """Take the words of a PE that are served: up to the first that is not, the last with the weights only.

    Return 1 if its word goes in, else 0.
    """
    supply, o, request = x.supply, _occupant(x, d, pe), asked_at(x.supply, pe)
    served, own = request.words, NONE
    if supply.activation_buffer.banks == 0:
        own = ~NONE >> np.uint64(64 - request.words)
    else:
        served, own, meets = 0, NONE, NONE
        for chunk in range(supply.chunks):
            number, begin = pe * supply.chunks + chunk, chunk << LANES_SHIFT
            asks = over(all_of(request.words - begin), own_numbers())
            found = gather_activation_cells(d, load_fetched_place(supply, number))
            apart = found ^ load_fetched(supply, number)
            own |= bits_of(same(apart, all_of(0)) & asks) << np.uint64(begin)
            meets |= bits_of(same(found, all_of(WRITING)) & asks)
            ok = bits_of(same(shifted(apart, d.pe_bits), all_of(0)) & asks)
            if served == begin:
                served += lowest(~ok)
        x.counts.write_conflicts += as_int(meets != NONE)
    reads, granted = bits_in(own), 0
    x.counts.activation_reads += reads
    if request.asks_weight:
        granted = _serve_weight(x, d, pe, as_int(served == request.words), cycle)
        served -= as_int(served == request.words) - granted
    if supply.activation_buffer.banks > 0:
        _take(x, pe * supply.chunks << LANES_SHIFT, served, cycle)
    request.doubtful = own & ~((ONE << np.uint64(served)) - ONE)
    granted_at(d, pe).number = np.int32(-granted)
    o.gathered = np.int32(0 if granted else o.gathered + served)
    return granted


@inlined
def _serve_weight(x: FastMemory, d: Desk, pe: int, complete: int, cycle: int) -> int:
    """Return 1 if a PE whose activation words are complete (1) is served its weight word, else 0."""
    cell = as_int(weight_cell_at(d, as_int(weight_place_at(d, pe).number)).number)
    apart = cell ^ as_int(weight_at(d, pe).number)
    x.counts.weight_reads += as_int(apart == 0)
    x.counts.reads_unused += as_int(apart == 0)
    granted = complete & as_int(apart >> d.pe_bits == 0)
    if granted:
        owner = asked_at(x.supply, cell & (1 << d.pe_bits) - 1)
        x.counts.reads_unused -= as_int(owner.weight_taken != cycle)
        owner.weight_taken = cycle
    return granted


@inlined
def _take(x: FastMemory, first: int, words: int, cycle: int) -> None:
    """Note that so many words were taken from their banks."""
    for lane in range(first, first + words):
        taken_at(x.supply, as_int(fetched_place_at(x.supply, lane).number)).cycle = cycle


@inlined
def _count_unused(x: FastMemory, pe: int, cycle: int) -> int:
    """Count the reads chosen for a PE that neither it nor another took."""
    request, unused = asked_at(x.supply, pe), 0
    doubtful = request.doubtful
    if x.supply.activation_buffer.banks == 0:
        return bits_in(doubtful)
    while doubtful != NONE:
        lane = (pe * x.supply.chunks << LANES_SHIFT) + lowest(doubtful)
        doubtful &= doubtful - ONE
        unused += as_int(taken_at(x.supply, as_int(fetched_place_at(x.supply, lane).number)).cycle != cycle)
    return unused
