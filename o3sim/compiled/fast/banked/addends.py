"""What ops add: it is gathered with their first word, behind the words that its edges lie in.

Where these lie from one another is another for each op, so they are looked up as it begins. They go behind
those that are the same for all (:mod:`o3sim.compiled.fast.banked.gathering`), into rows of the context's own.
"""

from __future__ import annotations

import numpy as np

from o3sim.compiled.fast.banked.records import (
    Desk,
    addend_channel_of,
    addend_offset_of,
    addend_position_of,
    fetch_count_at,
    fetch_start_of,
    fetch_word_at,
    fetch_word_of,
    next_activation_at,
    occupant_at,
    run_at,
)
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.kernel import as_int, inlined, noinline, quotient, remainder


@noinline
def begin_with_addend(x: FastMemory, d: Desk, pe: int, lane: int, position: int, channel: int) -> None:
    """Let the first word of an op that has begun be a run of its own, that takes what the op adds too."""
    supply, o = x.supply, occupant_at(x.supply, lane)
    row = supply.first_row + lane
    begin = fetch_start_of(supply, row)
    end = _list_addend(x, lane, position, channel, _list_edges(x, lane, begin))
    _count(x, begin, end)
    o.run = np.int32(1)
    run_at(d, lane).number = np.int32(1)
    next_activation_at(d, lane).number = np.int32(row - as_int(o.fetches) << d.pe_bits | pe)


@inlined
def _list_edges(x: FastMemory, lane: int, end: int) -> int:
    """List the words that the edges of an op's first word lie in; return where the list ends."""
    supply, o = x.supply, occupant_at(x.supply, lane)
    row = as_int(o.fetches + o.entry)
    for fetch in range(fetch_start_of(supply, row), fetch_start_of(supply, row + 1)):
        fetch_word_at(supply, end).number = np.int32(fetch_word_of(supply, fetch))
        end += 1
    return end


@inlined
def _list_addend(x: FastMemory, lane: int, position: int, channel: int, end: int) -> int:
    """List the words that hold what an op adds; return where the list ends."""
    supply, settings = x.supply, x.settings
    first = addend_position_of(supply, position) + addend_channel_of(supply, channel)
    kernel_word, before = as_int(occupant_at(supply, lane).activation_base), -1
    for number in range(supply.addend_fetches):
        bit = first + addend_offset_of(supply, number)
        word = quotient(bit, settings.width_edges, settings.width_shift)
        if word != before:
            fetch_word_at(supply, end).number = np.int32(word - kernel_word)
            end += 1
        before = word
    return end


@inlined
def _count(x: FastMemory, begin: int, end: int) -> None:
    """Count how many words from each of a list on are asked for in a cycle, as for the rows of all ops."""
    until = end
    for fetch in range(end - 1, begin - 1, -1):
        for later in range(fetch + 1, until):
            if _share_a_bank(x, fetch, later):
                until = later
                break
        words = until - fetch
        fetch_count_at(x.supply, fetch).number = np.int32(words if until < end else ~words)


@inlined
def _share_a_bank(x: FastMemory, one: int, other: int) -> bool:
    """Return whether two words of a list lie in the same bank; the first comes before the other."""
    buffer = x.supply.activation_buffer
    if buffer.banks == 0:
        return False
    apart = fetch_word_of(x.supply, other) - fetch_word_of(x.supply, one)
    return remainder(apart, buffer.banks, buffer.shift) == 0
