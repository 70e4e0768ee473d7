"""What a layer remembers whose words banks can refuse."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from o3sim.compiled.bit_set import Word
from o3sim.compiled.fast.lanes import Lane, gathers, loads, loads_from, stores
from o3sim.compiled.record import Table, numbers, rows

NONE = 2**30
"""Age of no op: above any."""
OUT = 2**29
"""Added to the age of an op whose verdict is out: above any, and with it below ``NONE``."""
WRITING = -1
"""What a bank reads that writes: no word."""
STEP = 4
"""Words that are looked at at once where the processor takes one after another: a loop of few rounds."""


class Occupant:
    """The op in a context: half a cache line, for a word in four ends a run.

    Attributes
    ----------
    op : int
    to_go : int
        Words from ``entry`` on to the next that changes more than its context: it decides it, or is its last.
    decided : int
        Whether the word that decides it is in; it went in in ``decides``.
    decides : int
    entry : int
        Entry of the tables of operand words for the first word of the run at hand.
    run : int
        Words of that run: each has the addresses that follow those of the one before.
    leaves : int
        Cycle from which the context is free, once it is decided.
    activation_base, weight_base : int
        Bit and word that the addresses are relative to.
    fetches : int
        Where the rows of its place in a buffer word begin among those of the words to gather.
    gathered : int
        Buffer words read for the next word.
    """

    op: np.int32
    to_go: np.int32
    decided: np.int32
    decides: np.int32
    entry: np.int32
    run: np.int32
    leaves: np.int32
    activation_base: np.int32
    weight_base: np.int32
    fetches: np.int32
    gathered: np.int32


class Cycle:
    """The last cycle of something."""

    cycle: int


class Buffer:
    """A buffer, and which bank of it a request is for.

    Attributes
    ----------
    banks, shift : int
        0 banks where every PE has a port; the shift is -1 where they are no power of two.
    place_shift, place_mask : int
        The request shifted down and masked is the number of its bank; of its port, where every PE has one.
    no_bank : int
        The bank of PEs that ask for nothing: one more.
    """

    banks: int
    shift: int
    place_shift: int
    place_mask: int
    no_bank: int


class Supply:
    """Operand supply.

    Words of 32 bits as requests know them: the number of the word << ``pe_bits`` | the PE.

    Attributes
    ----------
    blocks, used : int
        Vectors of lanes, one for each PE; and those up to the last PE that holds an op.
    alone : int
        The context of the only op that there is, counted over all PEs; -1 if there are others, or it gathers.
    pe_bits : int
    activation_buffer, weight_buffer : record
    meets_writes : int
        Whether PEs read banks that output bits go to.
    gathers : int
        Whether a word may take several activation reads.
    ages, readies : table
        By context and PE: age of the op that takes words, and the first cycle in which the verdict on its
        last word is in.
    activations, weights : table
        Likewise, the words that it needs next; where words are gathered, its entry in place of the first.
    runs : table
        Likewise, words to the end of the run at hand.
    stalls : table
        By PE: lanes of ones where it stalls.
    chosen : table
        By PE, as the others up to ``granted``: the context that asks; -1 if none does.
    activation, weight, activation_place, weight_place : table
        The words asked for, and their banks; one more bank for PEs that ask for none.
    granted : table
        Lanes of ones where a word goes in.
    activation_cells, weight_cells : table
        By bank: the request that it reads the word of.
    doubtful : table
        By vector: requests that banks chose and that are refused, of activations, then of weights.
    occupants : table
    asks_weight, complete : table
        By PE where words are gathered: lanes of ones where it asks for the weight word; and where all that it
        asks for is served but for that.
    words, served : table
        Likewise, the buffer words that it asks for, and those of them up to the first that it is not served.
    chunks, fetch_lanes : int
        How many vectors hold the words that a PE gathers, and how many of their lanes are of use.
    fetched, fetched_place : table
        By PE and vector: the buffer words asked for, and their banks.
    taken : table
        By bank: the last cycle in which an activation word of it was taken.
    out_channels, channels_shift, weight_words, weight_step : int
        The last: how far the weight words of a channel lie apart.
    table_words : int
    neuron_of : table
        By op: position and channel.
    base_bit_of, border_of, first_row_of, activation_bit_of, weight_word_of : table
        As in :class:`~o3sim.contract.word_addresses.WordAddresses`.
    run_of : table
        For each entry, how many words follow one another from it on.
    fetches_of, fetch_start_of : table
        By place in a buffer word that a kernel begins at: where its rows begin; for each entry of those where
        its buffer words begin.
    fetch_word_of, fetch_count_of : table
        These, counted from the one that the kernel begins in; how many from each on can be asked for in a
        cycle, and below 0, less one, if that is all.
    addend_fetches, first_row : int
        Entries of ``addend_offset_of``, 0 of a layer that adds nothing; and the first of the rows that
        contexts have for the first word of their op, behind those of all ops.
    addend_position_of, addend_channel_of, addend_offset_of : table
        As in :class:`~o3sim.contract.sums.AddendAddresses`.
    """

    blocks: int
    used: int
    alone: int
    pe_bits: int
    activation_buffer: Buffer
    weight_buffer: Buffer
    meets_writes: int
    gathers: int
    ages: Table[Lane]
    readies: Table[Lane]
    activations: Table[Lane]
    weights: Table[Lane]
    runs: Table[Lane]
    stalls: Table[Lane]
    chosen: Table[Lane]
    activation: Table[Lane]
    weight: Table[Lane]
    activation_place: Table[Lane]
    weight_place: Table[Lane]
    granted: Table[Lane]
    activation_cells: Table[Lane]
    weight_cells: Table[Lane]
    doubtful: Table[Word]
    occupants: Table[Occupant]
    asks_weight: Table[Lane]
    complete: Table[Lane]
    words: Table[Lane]
    served: Table[Lane]
    chunks: int
    fetch_lanes: int
    fetched: Table[Lane]
    fetched_place: Table[Lane]
    taken: Table[Cycle]
    out_channels: int
    channels_shift: int
    weight_words: int
    weight_step: int
    table_words: int
    neuron_of: Table[np.uint32]
    base_bit_of: Table[np.int64]
    border_of: Table[np.int32]
    first_row_of: Table[np.int32]
    activation_bit_of: Table[np.int64]
    weight_word_of: Table[np.int32]
    run_of: Table[np.int32]
    fetches_of: Table[np.int32]
    fetch_start_of: Table[np.int64]
    fetch_word_of: Table[np.int32]
    fetch_count_of: Table[np.int32]
    addend_fetches: int
    first_row: int
    addend_position_of: Table[np.int64]
    addend_channel_of: Table[np.int64]
    addend_offset_of: Table[np.int64]


occupant_at = rows("occupants", Occupant)
asks_weight_at = rows("asks_weight", Lane)
complete_at = rows("complete", Lane)
words_at = rows("words", Lane)
served_at = rows("served", Lane)
fetched_at = rows("fetched", Lane)
fetched_place_at = rows("fetched_place", Lane)
taken_at = rows("taken", Cycle)
age_at = rows("ages", Lane)
ready_at = rows("readies", Lane)
next_activation_at = rows("activations", Lane)
next_weight_at = rows("weights", Lane)
run_at = rows("runs", Lane)
stall_at = rows("stalls", Lane)
chosen_at = rows("chosen", Lane)
activation_at = rows("activation", Lane)
weight_at = rows("weight", Lane)
activation_place_at = rows("activation_place", Lane)
weight_place_at = rows("weight_place", Lane)
granted_at = rows("granted", Lane)
activation_cell_at = rows("activation_cells", Lane)
weight_cell_at = rows("weight_cells", Lane)
doubtful_at = rows("doubtful", Word)

neuron_of = numbers("neuron_of", np.uint32)
base_bit_of = numbers("base_bit_of", np.int64)
border_of = numbers("border_of", np.int32)
first_row_of = numbers("first_row_of", np.int32)
activation_bit_of = numbers("activation_bit_of", np.int64)
weight_word_of = numbers("weight_word_of", np.int32)
run_of = numbers("run_of", np.int32)
fetches_of = numbers("fetches_of", np.int32)
fetch_start_of = numbers("fetch_start_of", np.int64)
fetch_word_of = numbers("fetch_word_of", np.int32)
fetch_count_of = numbers("fetch_count_of", np.int32)
fetch_word_at = rows("fetch_word_of", Lane)
fetch_count_at = rows("fetch_count_of", Lane)
addend_position_of = numbers("addend_position_of", np.int64)
addend_channel_of = numbers("addend_channel_of", np.int64)
addend_offset_of = numbers("addend_offset_of", np.int64)
load_fetch_words = loads_from("fetch_word_of")
load_asks_weight, store_asks_weight = loads("asks_weight"), stores("asks_weight")
load_complete, store_complete = loads("complete"), stores("complete")
load_fetched, store_fetched = loads("fetched"), stores("fetched")
load_fetched_place, store_fetched_place = loads("fetched_place"), stores("fetched_place")


class Desk(NamedTuple):
    """Where what moves words lies, read once a cycle: any store might change what records hold, to LLVM."""

    blocks: int
    used: int
    pe_bits: int
    ages: Table[Lane]
    readies: Table[Lane]
    activations: Table[Lane]
    weights: Table[Lane]
    runs: Table[Lane]
    stalls: Table[Lane]
    chosen: Table[Lane]
    activation: Table[Lane]
    weight: Table[Lane]
    activation_place: Table[Lane]
    weight_place: Table[Lane]
    granted: Table[Lane]
    activation_cells: Table[Lane]
    weight_cells: Table[Lane]
    doubtful: Table[Word]


load_ages = loads("ages")
load_readies, store_readies = loads("readies"), stores("readies")
load_activations, store_activations = loads("activations"), stores("activations")
load_weights, store_weights = loads("weights"), stores("weights")
load_runs, store_runs = loads("runs"), stores("runs")
load_stalls = loads("stalls")
load_chosen, store_chosen = loads("chosen"), stores("chosen")
load_activation, store_activation = loads("activation"), stores("activation")
load_weight, store_weight = loads("weight"), stores("weight")
load_activation_place, store_activation_place = loads("activation_place"), stores("activation_place")
load_weight_place, store_weight_place = loads("weight_place"), stores("weight_place")
load_granted, store_granted = loads("granted"), stores("granted")
gather_activation_cells = gathers("activation_cells")
gather_weight_cells = gathers("weight_cells")
