"""Classes that race: the leader, and those that are dropped because they cannot come before it."""

from __future__ import annotations

from o3sim.compiled.contexts import context_place, release
from o3sim.compiled.memory import Memory, inlined, noinline, note_event, quotient
from o3sim.compiled.numbers import (
    AT_BEATEN,
    AT_CONTEXTS,
    AT_WORD_CYCLES,
    C_IN,
    C_OP,
    CONTEXT_SHIFT,
    E_SQUASH,
    EDGES,
    GROUP,
    INDEX,
    L_OUT_CHANNELS,
    L_TABLE_WORDS,
    LEADER,
    N_COMPARES,
    N_EXECUTED,
    N_PRUNED_ARGMAX,
    N_SQUASHED_PE,
    N_WASTED,
    N_WORDS,
    P_USEFUL,
    P_WASTED,
    PE,
    S_CONTEXTS,
    S_LATENCY,
    S_PES,
    S_TRACE,
    S_WIDTH,
    S_WIDTH_SHIFT,
)
from o3sim.compiled.scoreboard import free_row, op_place
from o3sim.compiled.weight_stream import op_ended


@inlined
def note_word(x: Memory, at: int, cycle: int) -> None:
    """Note the cycle in which a context's next word goes in."""
    m = x.m
    context = (at - m[AT_CONTEXTS]) >> CONTEXT_SHIFT
    m[m[AT_WORD_CYCLES] + context * m[L_TABLE_WORDS] + m[at + C_IN]] = cycle


@noinline
def eliminate(x: Memory, cycle: int) -> None:
    """Drop the classes in PEs that what is seen of their words shows not to win."""
    m = x.m
    if m[LEADER] < 0:
        return
    beaten = m[AT_BEATEN] + m[LEADER] * m[L_OUT_CHANNELS]
    for context in range(m[S_PES] * m[S_CONTEXTS]):
        at = context_place(x, context)
        row = m[at + C_OP]
        if row < 0:
            continue
        op = op_place(x, row)
        edges = m[beaten + m[op + INDEX]]
        needed = quotient(edges + m[S_WIDTH] - 1, m[S_WIDTH], m[S_WIDTH_SHIFT])
        if edges > m[op + EDGES] or needed > m[at + C_IN]:
            continue
        seen = m[m[AT_WORD_CYCLES] + context * m[L_TABLE_WORDS] + needed - 1] + m[S_LATENCY]
        if seen <= cycle:
            _drop(x, row, at, needed, cycle)


@inlined
def _drop(x: Memory, row: int, at: int, needed: int, cycle: int) -> None:
    """Drop a class, when so many of its words had shown that it cannot win."""
    m = x.m
    op = op_place(x, row)
    words_in = m[at + C_IN]
    release(x, m[op + PE], at)
    executed = min(words_in * m[S_WIDTH], m[op + EDGES])
    m[N_SQUASHED_PE] += 1
    m[N_EXECUTED] += executed
    m[N_WASTED] += executed - min(needed * m[S_WIDTH], m[op + EDGES])
    m[N_PRUNED_ARGMAX] += m[op + EDGES] - executed
    m[P_USEFUL] += needed
    m[P_WASTED] += words_in - needed
    m[N_WORDS] += words_in
    m[N_COMPARES] += words_in
    if m[S_TRACE]:
        note_event(x, cycle, E_SQUASH, m[op + INDEX], m[op + PE], 0)
    op_ended(x, m[op + GROUP], cycle)
    free_row(x, row)
