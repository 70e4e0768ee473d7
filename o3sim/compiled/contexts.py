"""The contexts of PEs: which are free, which PEs are busy."""

from __future__ import annotations

from o3sim.compiled.memory import Memory, clear_bit, first_bit, inlined, set_bit
from o3sim.compiled.numbers import (
    AT_CONTEXTS,
    AT_PES,
    B_BUSY,
    B_FREE,
    BUSY,
    C_IN,
    C_KEY,
    C_OP,
    C_READY,
    CONTEXT,
    CONTEXT_SHIFT,
    FREE_CONTEXTS,
    L_PE_WORDS,
    NEVER,
    PE_LATE,
    PE_OCCUPIED,
    PE_SHIFT,
    PLACE,
    S_CONTEXTS,
    WORDS_IN,
)
from o3sim.compiled.scoreboard import op_place


@inlined
def pe_place(x: Memory, pe: int) -> int:
    """Place of a PE's record."""
    return (x.m[AT_PES] + (pe << PE_SHIFT)) & PLACE


@inlined
def context_place(x: Memory, context: int) -> int:
    """Place of a context's record."""
    return (x.m[AT_CONTEXTS] + (context << CONTEXT_SHIFT)) & PLACE


@inlined
def change_free(x: Memory, pe: int, by: int) -> None:
    """Take a PE out of (by -1), or into (+1), the PEs that can be given an op, if it can."""
    m = x.m
    place = pe_place(x, pe)
    load = m[place + PE_OCCUPIED]
    if m[place + PE_LATE] == 0 and load < m[S_CONTEXTS]:
        start = m[B_FREE] + load * m[L_PE_WORDS]
        if by < 0:
            clear_bit(x, start, pe)
        else:
            set_bit(x, start, pe)
        m[FREE_CONTEXTS] += by * (m[S_CONTEXTS] - load)


@inlined
def least_loaded(x: Memory) -> int:
    """Find the free PE that holds fewest ops, the lowest of them."""
    m = x.m
    words = m[L_PE_WORDS]
    for word in range(m[S_CONTEXTS] * words):
        if x.bits[m[B_FREE] + word] != 0:
            return first_bit(x, m[B_FREE], word) - (word // words) * words * 64
    return -1


@inlined
def enter_if_idle(x: Memory, pe: int) -> None:
    """Count a PE as busy before it takes an op or holds a verdict."""
    m = x.m
    place = pe_place(x, pe)
    if m[place + PE_OCCUPIED] == 0 and m[place + PE_LATE] == 0:
        set_bit(x, m[B_BUSY], pe)
        m[BUSY] += 1


@inlined
def leave_if_idle(x: Memory, pe: int) -> None:
    """Count a PE as idle if it holds neither an op nor an unwritten verdict."""
    m = x.m
    place = pe_place(x, pe)
    if m[place + PE_OCCUPIED] == 0 and m[place + PE_LATE] == 0:
        clear_bit(x, m[B_BUSY], pe)
        m[BUSY] -= 1


@inlined
def release(x: Memory, pe: int, at: int) -> None:
    """Free the context at ``at``; its op remembers how many words went in."""
    m = x.m
    op = op_place(x, m[at + C_OP])
    m[op + WORDS_IN] = m[at + C_IN]
    m[op + CONTEXT] = -1
    m[at + C_OP] = -1
    m[at + C_READY] = NEVER
    m[at + C_KEY] = NEVER
    change_free(x, pe, -1)
    m[pe_place(x, pe) + PE_OCCUPIED] -= 1
    change_free(x, pe, 1)
    leave_if_idle(x, pe)
