"""Ops in contexts: how they begin, go on and leave where banks can refuse their words."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.fast.banked.addends import begin_with_addend
from o3sim.compiled.fast.banked.records import (
    NONE,
    Desk,
    Occupant,
    activation_bit_of,
    age_at,
    base_bit_of,
    border_of,
    fetches_of,
    first_row_of,
    neuron_of,
    next_activation_at,
    next_weight_at,
    occupant_at,
    ready_at,
    run_at,
    run_of,
    weight_word_of,
)
from o3sim.compiled.fast.calendar import enter, strike
from o3sim.compiled.fast.how import How
from o3sim.compiled.fast.lanes import LANES_SHIFT
from o3sim.compiled.fast.op_records import decided_words_of, spare_words_of
from o3sim.compiled.fast.records import FastMemory, op_record
from o3sim.compiled.fast.verdicts import count_squashed, count_words, know
from o3sim.compiled.fast.weights import group_of
from o3sim.compiled.kernel import as_int, inlined, noinline, quotient
from o3sim.compiled.records.weight_stream import group_at


@inlined
def lane_of(d: Desk, pe: int, context: int) -> int:
    """Return which place in the tables by context and PE is that of a context."""
    return (context * d.blocks << LANES_SHIFT) + pe


@inlined
def begin_in(x: FastMemory, how: How, d: Desk, op: int, pe: int, context: int, cycle: int) -> None:
    """Let an op take words from a cycle on."""
    supply, lane = x.supply, lane_of(d, pe, context)
    neuron = neuron_of(supply, op)
    position = quotient(neuron, supply.out_channels, supply.channels_shift)
    channel = neuron - position * supply.out_channels
    first_channel = group_at(x.weight_groups, group_of(x, op)).first_channel
    row = first_row_of(supply, channel) + border_of(supply, position)
    weight_base = (channel - first_channel) * supply.weight_words
    find_words(x, how, lane, position, row, weight_base)
    set_out(x, how, d, op, pe, lane, cycle)
    if supply.addend_fetches > 0:
        begin_with_addend(x, d, pe, lane, position, channel)


@inlined
def find_words(x: FastMemory, how: How, lane: int, position: int, row: int, weight_base: int) -> None:
    """Find the words of the op in a context, that is at a position: those of a row of the tables."""
    o = occupant_at(x.supply, lane)
    o.entry = np.int32(row * x.supply.table_words)
    o.weight_base = np.int32(weight_base)
    if not how.has_patches:
        o.activation_base = np.int32(base_bit_of(x.supply, position))
        if x.supply.gathers:
            _begin_to_gather(x, o)


@inlined
def set_out(x: FastMemory, how: How, d: Desk, op: int, pe: int, lane: int, cycle: int) -> None:
    """Let an op whose words are found take them from a cycle on."""
    o = occupant_at(x.supply, lane)
    o.op = np.int32(op)
    o.to_go = np.int32(decided_words_of(op_record(x.layer, op)))
    o.decided = np.int32(0)
    age_at(d, lane).number = np.int32(op)
    ready_at(d, lane).number = np.int32(cycle)
    run_on(x, how, d, o, pe, lane)


@noinline
def _begin_to_gather(x: FastMemory, o: Occupant) -> None:
    """Find the words that an op gathers, counted from the one that its kernel begins in."""
    base = as_int(o.activation_base)
    word = quotient(base, x.settings.width_edges, x.settings.width_shift)
    o.fetches = np.int32(fetches_of(x.supply, base - word * x.settings.width_edges))
    o.activation_base = np.int32(word)
    o.gathered = np.int32(0)


@inlined
def run_on(x: FastMemory, how: How, d: Desk, o: Occupant, pe: int, lane: int) -> None:
    """Look up the words of the next run."""
    supply, settings, entry = x.supply, x.settings, as_int(o.entry)
    run = min(as_int(o.to_go), run_of(supply, entry))
    o.run = np.int32(run)
    if not how.has_patches:
        activation = entry
        if not supply.gathers:
            bit = o.activation_base + activation_bit_of(supply, entry)
            activation = quotient(as_int(bit), settings.width_edges, settings.width_shift)
        next_activation_at(d, lane).number = np.int32(activation << d.pe_bits | pe)
    weight = o.weight_base + weight_word_of(supply, entry)
    next_weight_at(d, lane).number = np.int32(weight << d.pe_bits | pe)
    run_at(d, lane).number = np.int32(run)


@inlined
def reach(x: FastMemory, how: How, d: Desk, pe: int, context: int, lane: int, cycle: int) -> None:
    """See to an op whose run of words ended in a cycle."""
    o = occupant_at(x.supply, lane)
    o.entry += o.run
    o.to_go -= o.run
    if o.to_go == 0:
        _reach_turn(x, how, d, pe, context, lane, cycle)
    if o.to_go > 0:
        run_on(x, how, d, o, pe, lane)


@inlined
def _reach_turn(x: FastMemory, how: How, d: Desk, pe: int, context: int, lane: int, cycle: int) -> None:
    """See to an op that a word decided or that its last word went in of."""
    o = occupant_at(x.supply, lane)
    x.clock.moved = 1
    if o.decided:
        strike(x, how, context, pe, as_int(o.leaves))
    else:
        o.decided = np.int32(1)
        o.decides = np.int32(cycle)
        o.to_go = np.int32(spare_words_of(op_record(x.layer, as_int(o.op))))
    leaves = cycle + x.layer.verdict_after_cycles
    if o.to_go == 0:
        age_at(d, lane).number = np.int32(NONE)
        leaves = cycle + 1
    o.leaves = np.int32(leaves)
    enter(x, how, context, pe, leaves)


@inlined
def leave(x: FastMemory, pe: int, context: int) -> None:
    """Let an op leave its context; its outcome is known when the verdict on its deciding word is."""
    lane = (context * x.supply.blocks << LANES_SHIFT) + pe
    o = occupant_at(x.supply, lane)
    op, to_go = as_int(o.op), as_int(o.to_go)
    wasted = spare_words_of(op_record(x.layer, op)) - to_go
    if to_go > 0:
        wasted += o.run - as_int(run_at(x.supply, lane).number)
        age_at(x.supply, lane).number = np.int32(NONE)
    count_words(x, op, wasted)
    know(x, op, pe, as_int(o.decides) + x.settings.latency_cycles)


@inlined
def squash_in(x: FastMemory, how: How, pe: int, context: int, cycle: int) -> None:
    """Drop an op from its context: it has words left, or would have left it already."""
    lane = (context * x.supply.blocks << LANES_SHIFT) + pe
    o = occupant_at(x.supply, lane)
    op = as_int(o.op)
    words = (
        decided_words_of(op_record(x.layer, op))
        - as_int(o.to_go)
        + o.run
        - as_int(run_at(x.supply, lane).number)
    )
    if o.decided:
        words += spare_words_of(op_record(x.layer, op))
        strike(x, how, context, pe, as_int(o.leaves))
    age_at(x.supply, lane).number = np.int32(NONE)
    count_squashed(x, how, op, pe, context, as_int(words), cycle)
