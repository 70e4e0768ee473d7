"""Requests: whose next word each PE asks for, and what the banks choose to read."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.fast.banked.records import (
    NONE,
    OUT,
    WRITING,
    Buffer,
    Desk,
    activation_at,
    activation_cell_at,
    activation_place_at,
    chosen_at,
    load_activations,
    load_ages,
    load_readies,
    load_stalls,
    load_weights,
    store_activation,
    store_activation_place,
    store_chosen,
    store_weight,
    store_weight_place,
    weight_at,
    weight_cell_at,
    weight_place_at,
)
from o3sim.compiled.fast.bits import bits_in
from o3sim.compiled.fast.choice import LANES
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.lanes import LANES_SHIFT, all_of, bits_of, either, over, shifted
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.kernel import as_int, inlined, noinline
from o3sim.compiled.records.output_bits import writing_at


@inlined
def desk_of(x: FastMemory) -> Desk:
    """Read where things lie."""
    s = x.supply
    return Desk(
        s.blocks,
        s.used,
        s.pe_bits,
        s.ages,
        s.readies,
        s.activations,
        s.weights,
        s.runs,
        s.stalls,
        s.chosen,
        s.activation,
        s.weight,
        s.activation_place,
        s.weight_place,
        s.granted,
        s.activation_cells,
        s.weight_cells,
        s.doubtful,
    )


@inlined
def choose_all(x: FastMemory, how: How, d: Desk, cycle: int) -> int:
    """Choose for each PE the op that asks: the oldest whose last verdict is known, else the oldest.

    Return how many PEs ask.
    """
    now, none, out = all_of(cycle), all_of(NONE), all_of(OUT)
    asked = 0
    for block in range(d.used):
        least, chosen = none, all_of(-1)
        activation, weight = all_of(0), all_of(0)
        for context in range(contexts_of(x, how)):
            place = context * d.blocks + block
            age = load_ages(d, place)
            key = either(over(load_readies(d, place), now), age + out, age)
            older = over(least, key)
            least = either(older, key, least)
            chosen = either(older, all_of(context), chosen)
            if not how.has_patches:
                activation = either(older, load_activations(d, place), activation)
            weight = either(older, load_weights(d, place), weight)
        chosen = chosen | load_stalls(d, block)
        store_chosen(d, block, chosen)
        store_weight(d, block, weight)
        asked += LANES - bits_in(bits_of(chosen))
        a, w = x.supply.activation_buffer, x.supply.weight_buffer
        if not how.has_patches:
            store_activation(d, block, activation)
            store_activation_place(d, block, either(chosen, all_of(a.no_bank), _bank(a, activation)))
        store_weight_place(d, block, either(chosen, all_of(w.no_bank), _bank(w, weight)))
    return asked


@inlined
def _bank(buffer: Buffer, words: Any) -> Any:
    """Return the banks that requests are for."""
    return shifted(words, buffer.place_shift) & all_of(buffer.place_mask)


@noinline
def divide_activations(x: FastMemory, d: Desk) -> None:
    """Find the banks of activation words where they are no power of two."""
    banks = x.supply.activation_buffer.banks
    for pe in range(d.used << LANES_SHIFT):
        if chosen_at(d, pe).number >= 0:
            word = activation_at(d, pe).number >> d.pe_bits
            activation_place_at(d, pe).number = np.int32(word % banks)


@noinline
def divide_weights(x: FastMemory, d: Desk) -> None:
    """Find the banks of weight words likewise."""
    banks = x.supply.weight_buffer.banks
    for pe in range(d.used << LANES_SHIFT):
        if chosen_at(d, pe).number >= 0:
            weight_place_at(d, pe).number = np.int32((weight_at(d, pe).number >> d.pe_bits) % banks)


@inlined
def ask_all(d: Desk, how: How, first: int) -> None:
    """Let each bank choose: requests name their words in reverse, and what stands there last is read."""
    used = d.used << LANES_SHIFT
    for pe in range(min(first, used) - 1, -1, -1):
        _ask(d, how, pe)
    for pe in range(used - 1, first - 1, -1):
        _ask(d, how, pe)


@inlined
def _ask(d: Desk, how: How, pe: int) -> None:
    """Name the words of a PE at their banks."""
    if not how.has_patches:
        activation_cell_at(d, as_int(activation_place_at(d, pe).number)).number = activation_at(d, pe).number
    weight_cell_at(d, as_int(weight_place_at(d, pe).number)).number = weight_at(d, pe).number


@inlined
def refuse_writing(x: FastMemory, d: Desk) -> None:
    """Let no bank be read that writes output bits in this cycle."""
    for k in range(x.output_bits.n_writing):
        activation_cell_at(d, writing_at(x.output_bits, k).bank).number = np.int32(WRITING)
