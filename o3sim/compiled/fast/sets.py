"""Sets of PEs."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import BitSet, word_at
from o3sim.compiled.fast.bits import NONE, bit
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.kernel import inlined


@inlined
def set_words(x: FastMemory, how: How) -> int:
    """Return the words of a set of PEs."""
    return how.set_words if how.set_words > 0 else x.layer.set_words


@inlined
def part(numbers: BitSet, x: FastMemory, how: How, which: int, word: int) -> np.uint64:
    """Return a word of one of the sets of PEs that lie one behind the other."""
    return word_at(numbers, which * set_words(x, how) + word).bits


@inlined
def is_in(pe: int, numbers: BitSet) -> bool:
    """Return whether a PE is in a set."""
    return word_at(numbers, pe >> 6).bits & bit(pe) != NONE


@inlined
def place_of(x: FastMemory, how: How, which: int, pe: int) -> int:
    """Return which word a PE's bit is in, of one of the sets that lie one behind the other."""
    return which * set_words(x, how) + (pe >> 6)


@inlined
def find_free(x: FastMemory, how: How, word: int) -> None:
    """Find anew which PEs can be given an op, by how many they hold: those that do not stall."""
    pes = x.pes
    free = pes.free
    words = set_words(x, how)
    word_at(free, word).bits = word_at(pes.all, word).bits & ~word_at(pes.stalled, word).bits
    for held in range(1, contexts_of(x, how)):
        word_at(free, held * words + word).bits = NONE
    for context in range(contexts_of(x, how)):
        taken = part(pes.held, x, how, context, word)
        for held in range(contexts_of(x, how) - 1, 0, -1):
            more = word_at(free, (held - 1) * words + word).bits & taken
            word_at(free, held * words + word).bits = word_at(free, held * words + word).bits & ~taken | more
        word_at(free, word).bits &= ~taken
