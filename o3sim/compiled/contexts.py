"""The contexts of PEs: which are free, which PEs are busy."""

from __future__ import annotations

from o3sim.compiled.bit_set import clear_bit, first_bit, set_bit, word_at
from o3sim.compiled.kernel import NEVER, inlined
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.pe_array import context_at, pe_at


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


@inlined
def enter_if_idle(x: Memory, number: int) -> None:
    """Count a PE as busy before it takes an op or holds a verdict."""
    pe = pe_at(x.pe_array, number)
    if pe.occupied == 0 and pe.late_verdicts == 0:
        set_bit(x.pe_array.busy, number)
        x.pe_array.n_busy += 1


@inlined
def leave_if_idle(x: Memory, number: int) -> None:
    """Count a PE as idle if it holds neither an op nor an unwritten verdict."""
    pe = pe_at(x.pe_array, number)
    if pe.occupied == 0 and pe.late_verdicts == 0:
        clear_bit(x.pe_array.busy, number)
        x.pe_array.n_busy -= 1


@inlined
def release(x: Memory, number: int, place: int) -> None:
    """Free a context of a PE; its op remembers how many words went in."""
    context = context_at(x.pe_array, place)
    op = op_at(x.ops, context.slot)
    op.words_in = context.words_in
    op.context = -1
    context.slot = -1
    context.ready_cycle = NEVER
    context.key = NEVER
    change_free(x, number, -1)
    pe_at(x.pe_array, number).occupied -= 1
    change_free(x, number, 1)
    leave_if_idle(x, number)
