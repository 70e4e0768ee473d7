"""Which PEs can be given an op: those with a free context and no verdict that waits to be written."""

from __future__ import annotations

from o3sim.compiled.bit_set import clear_bit, first_bit, set_bit, word_at
from o3sim.compiled.kernel import inlined
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
def least_loaded(x: Memory) -> int:
    """Find the free PE that holds fewest ops, the lowest of them."""
    array = x.pe_array
    words = array.set_words
    for word in range(x.settings.contexts * words):
        if word_at(array.free, word).bits != 0:
            return first_bit(array.free, word) - (word // words) * words * 64
    return -1
