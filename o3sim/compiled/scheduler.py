"""The scheduler: moves ready ops from the queue to PEs with a free context."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.contexts import change_free, context_place, enter_if_idle, least_loaded, pe_place
from o3sim.compiled.memory import ONE, Memory, first_bit, first_word, inlined, note_event
from o3sim.compiled.numbers import (
    ACTIVATION_BASE,
    AT_CONSTANTS,
    AT_ROW_OF,
    AT_WORDS,
    B_QUEUED,
    B_READY,
    C_ABASE,
    C_GATHERED,
    C_IN,
    C_INDEX,
    C_KEY,
    C_MILESTONE,
    C_OP,
    C_READY,
    C_TABLE,
    C_WBASE,
    C_WORDS,
    CONSTANT_TAIL,
    CONTEXT,
    DECIDED,
    E_ISSUE,
    FLAGS,
    FREE_CONTEXTS,
    IN_ORDER,
    INDEX,
    ISSUE_UNIT,
    KEY_SHIFT,
    L_OVERLAP,
    L_PRUNES_POOLING,
    L_RING_MASK,
    LINK_WINDOW,
    LOCKSTEP,
    MOVED,
    N_ISSUED,
    NEVER,
    PE,
    PE_OCCUPIED,
    PENDING,
    QUEUED,
    QUEUED_LOW,
    READY_LOW,
    S_CONTEXTS,
    S_ISSUE_LATENCY,
    S_ISSUE_WIDTH,
    S_LIMIT,
    S_PES,
    S_POLICY,
    S_TRACE,
    TABLE,
    TOP,
    W_IN_FLIGHT,
    WEIGHT_BASE,
    WORDS,
)
from o3sim.compiled.scoreboard import leave_queue, link_place, op_place, recheck, window_place
from o3sim.compiled.skip_ahead import touch


@inlined
def schedule(x: Memory, cycle: int, more_coming: bool) -> None:
    """Issue this cycle's ops."""
    m = x.m
    quota = m[FREE_CONTEXTS]
    if quota == 0 or m[QUEUED] == 0:
        return
    if m[S_POLICY] == LOCKSTEP:
        group = m[S_PES] * m[S_CONTEXTS]
        if quota < group or (m[QUEUED] < group and more_coming):
            return
    else:
        quota = min(quota, m[S_ISSUE_WIDTH])
    while quota > 0:
        index = _oldest(x)
        if index < 0:
            return
        _issue(x, m[m[AT_ROW_OF] + index], cycle)
        quota -= 1


@inlined
def _oldest(x: Memory) -> int:
    """Find the op the policy issues next; -1 if there is none."""
    m = x.m
    if m[S_POLICY] != IN_ORDER:
        m[READY_LOW] = first_word(x, m[B_READY], m[READY_LOW], m[TOP])
        return first_bit(x, m[B_READY], m[READY_LOW]) if m[READY_LOW] <= m[TOP] else -1
    m[QUEUED_LOW] = first_word(x, m[B_QUEUED], m[QUEUED_LOW], m[TOP])
    if m[QUEUED_LOW] > m[TOP]:
        return -1
    index = first_bit(x, m[B_QUEUED], m[QUEUED_LOW])
    is_ready = x.bits[m[B_READY] + (index >> 6)] >> np.uint64(index & 63) & ONE
    return index if is_ready != 0 else -1


@inlined
def _count_in_flight(x: Memory, row: int) -> None:
    """Count an op in its windows; where that reaches the limit, the others there are ready no more."""
    m = x.m
    for k in range(m[L_OVERLAP]):
        window = m[link_place(x, row, k) + LINK_WINDOW]
        if window >= 0:
            place = window_place(x, window) + W_IN_FLIGHT
            m[place] += 1
            if m[place] == m[S_LIMIT]:
                recheck(x, window)


@inlined
def _issue(x: Memory, row: int, cycle: int) -> None:
    """Move an op from the queue to the free PE that holds fewest, the lowest of them."""
    m = x.m
    leave_queue(x, row)
    m[N_ISSUED] += 1
    m[MOVED] = 1
    if m[L_PRUNES_POOLING]:
        _count_in_flight(x, row)
    pe = least_loaded(x)
    touch(x, pe, cycle)
    enter_if_idle(x, pe)
    change_free(x, pe, -1)
    m[pe_place(x, pe) + PE_OCCUPIED] += 1
    change_free(x, pe, 1)
    context = pe * m[S_CONTEXTS]
    while m[context_place(x, context) + C_OP] >= 0:
        context += 1
    op = op_place(x, row)
    m[op + PE] = pe
    m[op + CONTEXT] = context
    _fill(x, row, context_place(x, context), cycle + m[S_ISSUE_LATENCY])
    if m[S_TRACE]:
        note_event(x, cycle, E_ISSUE, m[op + INDEX], pe * ISSUE_UNIT + context - pe * m[S_CONTEXTS], 0)


@inlined
def _fill(x: Memory, row: int, at: int, ready_cycle: int) -> None:
    """Put an op into a context; one that needs no word is known in the cycle after it is there."""
    m = x.m
    op = op_place(x, row)
    m[at + C_OP] = row
    m[at + C_READY] = ready_cycle
    m[at + C_INDEX] = m[op + INDEX]
    m[at + C_KEY] = m[op + INDEX] << KEY_SHIFT | m[op + CONTEXT] - m[op + PE] * m[S_CONTEXTS]
    m[at + C_IN] = 0
    m[at + C_GATHERED] = 0
    m[at + C_WORDS] = m[op + WORDS]
    m[at + C_MILESTONE] = m[op + DECIDED]
    m[at + C_ABASE] = m[op + ACTIVATION_BASE]
    m[at + C_WBASE] = m[op + WEIGHT_BASE]
    m[at + C_TABLE] = m[AT_WORDS] + 2 * m[op + TABLE]
    if m[op + DECIDED] == 0:
        m[at + C_READY] = NEVER
        m[at + C_KEY] = NEVER
        entry = m[AT_CONSTANTS] + 2 * (m[CONSTANT_TAIL] & m[L_RING_MASK])
        m[entry] = ready_cycle + 1
        m[entry + 1] = row
        m[CONSTANT_TAIL] += 1
        m[op + FLAGS] |= PENDING
