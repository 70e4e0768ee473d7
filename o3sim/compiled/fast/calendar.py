"""The calendar: for each day, which PEs have a context that is free from then on.

A day has a word of bits for each context and 64 PEs. To enter a context is to set a bit, to take all of a day
is to read and clear words: nothing is sorted, and days without an entry are passed over 64 at a time.
"""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import clear_bit, set_bit, word_at
from o3sim.compiled.fast.bits import NONE, bit, lowest
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.fast.sets import set_words
from o3sim.compiled.kernel import NEVER, inlined, noinline


@inlined
def entry_word(x: FastMemory, how: How, context: int, word: int, cycle: int) -> int:
    """Return which word of the calendar is that of a cycle, a context, and a word of PEs."""
    return ((cycle & x.calendar.mask) * contexts_of(x, how) + context) * set_words(x, how) + word


@inlined
def enter(x: FastMemory, how: How, context: int, pe: int, cycle: int) -> None:
    """Note that a context is free from a cycle on."""
    word_at(x.calendar.entries, entry_word(x, how, context, pe >> 6, cycle)).bits |= bit(pe)
    set_bit(x.calendar.days, cycle & x.calendar.mask)


@inlined
def strike(x: FastMemory, how: How, context: int, pe: int, cycle: int) -> None:
    """Take an entry back; its day may stay marked, and is looked at in vain."""
    word_at(x.calendar.entries, entry_word(x, how, context, pe >> 6, cycle)).bits &= ~bit(pe)


@inlined
def is_marked(x: FastMemory, cycle: int) -> bool:
    """Return whether a day may have entries, and unmark it."""
    day = cycle & x.calendar.mask
    if word_at(x.calendar.days, day >> 6).bits & bit(day) == NONE:
        return False
    clear_bit(x.calendar.days, day)
    return True


@noinline
def next_day(x: FastMemory, cycle: int) -> int:
    """Return the first marked day after a cycle; NEVER if there is none."""
    mask = x.calendar.mask
    for word in range((mask >> 6) + 2):
        first = (cycle + 1 & ~63) + (word << 6)
        bits = word_at(x.calendar.days, (first & mask) >> 6).bits
        if word == 0:
            bits &= ~(bit(cycle + 1) - np.uint64(1))
        if bits != NONE:
            return first + lowest(bits)
    return NEVER
