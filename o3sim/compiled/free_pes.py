"""Which PEs can be given an op: those with a free context and no verdict that waits to be written."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import clear_bit, first_bit, set_bit, word_at
from o3sim.compiled.kernel import ONE, as_int, inlined, lowest_bit, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.pe_array import pe_at


@inlined
def change_free(x: Memory, number: int, by: int) -> None:
    """Take a PE out of (by -1), or into (+1), the PEs that can be given an op, if it can."""
    array, pe = x.pe_array, pe_at(x.pe_array, number)
    load = pe.occupied
    if pe.late_verdicts == 0 and load < x.settings.contexts:
        place = (load * array.set_words << 6) + number
        if by < 0:
            clear_bit(array.free, place)
        else:
            set_bit(array.free, place)
        array.free_contexts += by * (x.settings.contexts - load)


@inlined
def least_loaded(x: Memory, bank: int) -> int:
    """Find the free PE of a bank that holds fewest ops, the lowest of them; -1 if none is free."""
    if x.settings.banks > 1:
        return least_loaded_in(x, bank * x.settings.bank_pes, (bank + 1) * x.settings.bank_pes)
    array = x.pe_array
    words = array.set_words
    for word in range(x.settings.contexts * words):
        if word_at(array.free, word).bits != 0:
            return first_bit(array.free, word) - (word // words) * words * 64
    return -1


@noinline
def least_loaded_in(x: Memory, begin: int, end: int) -> int:
    """Find the free PE from one on and before another that holds fewest, the lowest of them; -1 if none."""
    array = x.pe_array
    for load in range(x.settings.contexts):
        for place in range(begin >> 6, (end + 63) >> 6):
            bits = word_at(array.free, load * array.set_words + place).bits
            if place << 6 < begin:
                bits &= ~((ONE << np.uint64(begin & 63)) - ONE)
            if (place + 1) << 6 > end:
                bits &= (ONE << np.uint64(end & 63)) - ONE
            if bits != 0:
                return (place << 6) + (as_int(lowest_bit(bits)) & 63)
    return -1
