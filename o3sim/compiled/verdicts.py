"""Verdicts and squashes: how ops leave their PEs."""

from __future__ import annotations

from o3sim.compiled.contexts import context_place, release
from o3sim.compiled.memory import Memory, inlined, noinline, note_event
from o3sim.compiled.numbers import (
    AT_CONSTANTS,
    AT_KNOWN,
    AT_VERDICTS,
    C_OP,
    CONSTANT_HEAD,
    CONSTANT_TAIL,
    CONTEXT,
    E_DECIDE,
    E_SQUASH,
    EDGES,
    FLAGS,
    GROUP,
    INDEX,
    L_CHECKS_BOUNDS,
    L_RING_MASK,
    N_COMPARES,
    N_EXECUTED,
    N_PRUNED_POOLING,
    N_SQUASHED_PE,
    N_WASTED,
    N_WORDS,
    NEWLY_KNOWN,
    OUTCOME,
    P_SQUASHED,
    PE,
    PENDING,
    S_CONTEXTS,
    S_PES,
    S_TRACE,
    S_WIDTH,
    SQUASHED,
    VERDICT_HEAD,
    VERDICT_TAIL,
    WORDS_IN,
)
from o3sim.compiled.scoreboard import free_row, is_settled, op_place
from o3sim.compiled.skip_ahead import touch
from o3sim.compiled.weight_stream import op_ended


@inlined
def take_verdicts(x: Memory, cycle: int) -> None:
    """Take the outcomes that are known from this cycle on: of words, and of ops that need none."""
    _take_due(x, cycle, x.m[AT_VERDICTS], VERDICT_HEAD, VERDICT_TAIL)
    _take_due(x, cycle, x.m[AT_CONSTANTS], CONSTANT_HEAD, CONSTANT_TAIL)


@inlined
def _take_due(x: Memory, cycle: int, ring_at: int, head: int, tail: int) -> None:
    """Take what is due in a cycle from a ring of (cycle, op)."""
    m = x.m
    while m[head] < m[tail]:
        entry = ring_at + 2 * (m[head] & m[L_RING_MASK])
        if m[entry] != cycle:
            return
        m[head] += 1
        _take(x, m[entry + 1], cycle)


@inlined
def _take(x: Memory, row: int, cycle: int) -> None:
    """Take one op's outcome: free its context, offer it to the output buffer."""
    m = x.m
    op = op_place(x, row)
    m[op + FLAGS] &= ~PENDING
    if m[op + FLAGS] & SQUASHED:
        free_row(x, row)
        return
    if m[op + CONTEXT] >= 0:
        touch(x, m[op + PE], cycle)
        release(x, m[op + PE], context_place(x, m[op + CONTEXT]))
    m[m[AT_KNOWN] + m[NEWLY_KNOWN]] = row
    m[NEWLY_KNOWN] += 1
    if m[S_TRACE]:
        note_event(x, cycle, E_DECIDE, m[op + INDEX], m[op + PE], m[op + OUTCOME])


@noinline
def squash_in_pes(x: Memory, cycle: int) -> None:
    """Drop the ops in contexts all of whose windows are seen to be 1."""
    m = x.m
    for context in range(m[S_PES] * m[S_CONTEXTS]):
        row = m[context_place(x, context) + C_OP]
        if row < 0 or not is_settled(x, row):
            continue
        op = op_place(x, row)
        touch(x, m[op + PE], cycle)
        release(x, m[op + PE], context_place(x, context))
        executed = min(m[op + WORDS_IN] * m[S_WIDTH], m[op + EDGES])
        m[N_SQUASHED_PE] += 1
        m[N_EXECUTED] += executed
        m[N_WASTED] += executed
        m[N_PRUNED_POOLING] += m[op + EDGES] - executed
        m[P_SQUASHED] += m[op + WORDS_IN]
        m[N_WORDS] += m[op + WORDS_IN]
        m[N_COMPARES] += m[op + WORDS_IN] if m[L_CHECKS_BOUNDS] else 0
        if m[S_TRACE]:
            note_event(x, cycle, E_SQUASH, m[op + INDEX], m[op + PE], 0)
        op_ended(x, m[op + GROUP], cycle)
        if m[op + FLAGS] & PENDING:
            m[op + FLAGS] |= SQUASHED
        else:
            free_row(x, row)
