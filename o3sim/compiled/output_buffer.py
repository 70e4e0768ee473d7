"""The output buffer: retires the oldest known outcomes, stalls the PEs of the others."""

from __future__ import annotations

from o3sim.compiled.contexts import change_free, enter_if_idle, leave_if_idle, pe_place
from o3sim.compiled.memory import Memory, inlined, noinline, note_event
from o3sim.compiled.numbers import (
    AT_KNOWN,
    AT_SHOWN,
    AT_WAITING,
    DECIDED,
    E_RETIRE,
    EDGES,
    FLAGS,
    GROUP,
    INDEX,
    L_CHECKS_BOUNDS,
    L_OVERLAP,
    L_PRUNES_POOLING,
    L_RACE,
    L_RING_MASK,
    L_STAGE,
    LATE,
    LATE_VERDICTS,
    LINK_WINDOW,
    N_COMPARES,
    N_EXECUTED,
    N_PRUNED_THRESHOLD,
    N_RETIRED,
    N_WASTED,
    N_WORDS,
    NEWLY_KNOWN,
    OUTCOME,
    P_USEFUL,
    P_WASTED,
    PE,
    PE_LATE,
    RETIRED,
    S_SQUASH_LATENCY,
    S_TRACE,
    S_WIDTH,
    S_WRITE_WIDTH,
    SHOWN_TAIL,
    U_OUTPUT,
    WAITING,
    WORDS_IN,
)
from o3sim.compiled.scoreboard import free_row, link_place, op_place
from o3sim.compiled.skip_ahead import touch
from o3sim.compiled.stage_rows import row_written
from o3sim.compiled.weight_stream import op_ended


@inlined
def write(x: Memory, cycle: int) -> None:
    """Retire at most ``write_width`` ops."""
    m = x.m
    if m[WAITING] == 0 and m[NEWLY_KNOWN] <= m[S_WRITE_WIDTH]:
        for k in range(m[NEWLY_KNOWN]):
            _retire(x, m[m[AT_KNOWN] + k], cycle)
    else:
        _write_oldest(x, cycle)
    m[NEWLY_KNOWN] = 0


@noinline
def _write_oldest(x: Memory, cycle: int) -> None:
    """Retire the oldest of more outcomes than can be written."""
    m = x.m
    for k in range(m[NEWLY_KNOWN]):
        row = m[m[AT_KNOWN] + k]
        _push(x, m[op_place(x, row) + INDEX] << 32 | row)
    for _ in range(min(m[S_WRITE_WIDTH], m[WAITING])):
        _retire(x, _pop(x) & 0x7FFFFFFF, cycle)
    for k in range(m[NEWLY_KNOWN]):
        op = op_place(x, m[m[AT_KNOWN] + k])
        if m[op + FLAGS] & RETIRED == 0:
            m[op + FLAGS] |= LATE
            touch(x, m[op + PE], cycle + 1)
            enter_if_idle(x, m[op + PE])
            change_free(x, m[op + PE], -1)
            m[pe_place(x, m[op + PE]) + PE_LATE] += 1
            m[LATE_VERDICTS] += 1


@inlined
def _retire(x: Memory, row: int, cycle: int) -> None:
    """Write one outcome."""
    m = x.m
    op = op_place(x, row)
    if m[op + FLAGS] & LATE:
        touch(x, m[op + PE], cycle + 1)
        m[pe_place(x, m[op + PE]) + PE_LATE] -= 1
        m[LATE_VERDICTS] -= 1
        change_free(x, m[op + PE], 1)
        leave_if_idle(x, m[op + PE])
    _count(x, op)
    if m[op + OUTCOME]:
        for k in range(m[L_OVERLAP]):
            window = m[link_place(x, row, k) + LINK_WINDOW]
            if window >= 0:
                x.output[window] = 1
    if m[L_STAGE]:
        row_written(x, row, cycle)
    if m[S_TRACE]:
        note_event(x, cycle, E_RETIRE, m[op + INDEX], U_OUTPUT, m[op + OUTCOME])
    op_ended(x, m[op + GROUP], cycle)
    m[op + FLAGS] |= RETIRED
    if m[L_PRUNES_POOLING] or m[L_RACE]:
        entry = m[AT_SHOWN] + 2 * (m[SHOWN_TAIL] & m[L_RING_MASK])
        m[entry] = cycle + m[S_SQUASH_LATENCY]
        m[entry + 1] = row
        m[SHOWN_TAIL] += 1
    else:
        free_row(x, row)


@inlined
def _count(x: Memory, op: int) -> None:
    """Count an op that retires."""
    m = x.m
    words_in, decided, edges = m[op + WORDS_IN], m[op + DECIDED], m[op + EDGES]
    executed = min(words_in * m[S_WIDTH], edges)
    m[N_RETIRED] += 1
    m[N_EXECUTED] += executed
    m[N_WASTED] += executed - min(decided * m[S_WIDTH], edges)
    m[N_PRUNED_THRESHOLD] += edges - executed
    m[P_USEFUL] += decided
    m[P_WASTED] += words_in - decided
    m[N_WORDS] += words_in
    m[N_COMPARES] += words_in if m[L_CHECKS_BOUNDS] or m[L_RACE] else 1


@noinline
def _push(x: Memory, key: int) -> None:
    """Put a key into the heap of waiting outcomes."""
    m = x.m
    heap, at = m[AT_WAITING], m[WAITING]
    m[WAITING] += 1
    while at > 0 and m[heap + ((at - 1) >> 1)] > key:
        m[heap + at] = m[heap + ((at - 1) >> 1)]
        at = (at - 1) >> 1
    m[heap + at] = key


@noinline
def _pop(x: Memory) -> int:
    """Take the least key out of the heap of waiting outcomes."""
    m = x.m
    heap = m[AT_WAITING]
    least = m[heap]
    m[WAITING] -= 1
    size = m[WAITING]
    key = m[heap + size]
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and m[heap + child + 1] < m[heap + child]:
            child += 1
        if m[heap + child] >= key:
            break
        m[heap + at] = m[heap + child]
        at = child
    m[heap + at] = key
    return least
