"""Issue queue and scoreboard: which queued ops are ready, which windows are settled."""

from __future__ import annotations

from o3sim.compiled.memory import Memory, clear_bit, inlined, note_event, set_bit
from o3sim.compiled.numbers import (
    ARRIVING,
    AT_ARRIVING,
    AT_FREE_ROWS,
    AT_LINKS,
    AT_OPS,
    AT_RANK,
    AT_ROW_OF,
    AT_SETTLED,
    AT_SHOWN,
    AT_WINDOWS,
    B_QUEUED,
    B_READY,
    E_SQUASH,
    EDGES,
    FREE_ROWS,
    GROUP,
    INDEX,
    L_OVERLAP,
    L_PRUNES_POOLING,
    L_RACE,
    L_RING_MASK,
    LEADER,
    LINK_NEXT,
    LINK_WINDOW,
    N_PRUNED_POOLING,
    N_SQUASHED_QUEUE,
    NEWLY_SETTLED,
    OP_SHIFT,
    OUTCOME,
    PLACE,
    QUEUED,
    QUEUED_LOW,
    READY_LOW,
    S_LIMIT,
    S_TRACE,
    SHOWN_HEAD,
    SHOWN_TAIL,
    TOP,
    U_QUEUE,
    W_HEAD,
    W_IN_FLIGHT,
    W_SETTLED,
    WINDOW_SHIFT,
)
from o3sim.compiled.weight_stream import op_ended


@inlined
def link_place(x: Memory, row: int, which: int) -> int:
    """Place of an op's link for one of its windows."""
    m = x.m
    return (m[AT_LINKS] + 2 * (row * m[L_OVERLAP] + which)) & PLACE


@inlined
def window_place(x: Memory, window: int) -> int:
    """Place of a window's record."""
    return (x.m[AT_WINDOWS] + (window << WINDOW_SHIFT)) & PLACE


@inlined
def op_place(x: Memory, row: int) -> int:
    """Place of an op's record."""
    return (x.m[AT_OPS] + (row << OP_SHIFT)) & PLACE


@inlined
def free_row(x: Memory, row: int) -> None:
    """Give back the record of an op that is done with."""
    m = x.m
    m[m[AT_FREE_ROWS] + m[FREE_ROWS]] = row
    m[FREE_ROWS] += 1


@inlined
def is_settled(x: Memory, row: int) -> bool:
    """Tell whether all windows of an op are seen to be 1."""
    m = x.m
    for k in range(m[L_OVERLAP]):
        window = m[link_place(x, row, k) + LINK_WINDOW]
        if window >= 0 and m[window_place(x, window) + W_SETTLED] == 0:
            return False
    return True


@inlined
def _is_ready(x: Memory, row: int) -> bool:
    """Tell whether fewer than the limit of each undecided window of an op are in flight."""
    m = x.m
    for k in range(m[L_OVERLAP]):
        window = m[link_place(x, row, k) + LINK_WINDOW]
        if window >= 0:
            place = window_place(x, window)
            if m[place + W_SETTLED] == 0 and m[place + W_IN_FLIGHT] >= m[S_LIMIT]:
                return False
    return True


@inlined
def _mark_ready(x: Memory, index: int) -> None:
    """Let the scheduler see an op as ready."""
    m = x.m
    set_bit(x, m[B_READY], index)
    m[READY_LOW] = min(m[READY_LOW], index >> 6)


@inlined
def enqueue_arrivals(x: Memory) -> None:
    """Let this cycle's arrivals be seen from the next."""
    m = x.m
    for k in range(m[ARRIVING]):
        row = m[m[AT_ARRIVING] + k]
        index = m[op_place(x, row) + INDEX]
        m[m[AT_ROW_OF] + index] = row
        set_bit(x, m[B_QUEUED], index)
        m[QUEUED_LOW] = min(m[QUEUED_LOW], index >> 6)
        m[TOP] = index >> 6
        if not m[L_PRUNES_POOLING]:
            _mark_ready(x, index)
            continue
        for j in range(m[L_OVERLAP]):
            link = link_place(x, row, j)
            if m[link + LINK_WINDOW] >= 0:
                head = window_place(x, m[link + LINK_WINDOW]) + W_HEAD
                m[link + LINK_NEXT] = m[head]
                m[head] = row * m[L_OVERLAP] + j
        if _is_ready(x, row):
            _mark_ready(x, index)
    m[QUEUED] += m[ARRIVING]
    m[ARRIVING] = 0


@inlined
def leave_queue(x: Memory, row: int) -> None:
    """Take an op out of the queue and out of the lists of its windows."""
    m = x.m
    index = m[op_place(x, row) + INDEX]
    clear_bit(x, m[B_QUEUED], index)
    clear_bit(x, m[B_READY], index)
    m[QUEUED] -= 1
    if not m[L_PRUNES_POOLING]:
        return
    for k in range(m[L_OVERLAP]):
        link = link_place(x, row, k)
        if m[link + LINK_WINDOW] < 0:
            continue
        place = window_place(x, m[link + LINK_WINDOW]) + W_HEAD
        while m[place] != row * m[L_OVERLAP] + k:
            place = m[AT_LINKS] + 2 * m[place] + LINK_NEXT
        m[place] = m[link + LINK_NEXT]


@inlined
def recheck(x: Memory, window: int) -> None:
    """Look again which queued ops of a window are ready."""
    m = x.m
    link = m[window_place(x, window) + W_HEAD]
    while link >= 0:
        row = link if m[L_OVERLAP] == 1 else link // m[L_OVERLAP]
        index = m[op_place(x, row) + INDEX]
        if _is_ready(x, row):
            _mark_ready(x, index)
        else:
            clear_bit(x, m[B_READY], index)
        link = m[m[AT_LINKS] + 2 * link + LINK_NEXT]


@inlined
def _see_score(x: Memory, row: int) -> None:
    """Let a score be seen; a layer of classes has one position, so an op's index is its class."""
    m = x.m
    number = m[op_place(x, row) + INDEX]
    if m[LEADER] < 0 or m[m[AT_RANK] + number] < m[m[AT_RANK] + m[LEADER]]:
        m[LEADER] = number
    free_row(x, row)


@inlined
def show(x: Memory, cycle: int) -> None:
    """Let the outcomes be seen that were written ``squash_latency`` cycles ago."""
    m = x.m
    while m[SHOWN_HEAD] < m[SHOWN_TAIL]:
        entry = m[AT_SHOWN] + 2 * (m[SHOWN_HEAD] & m[L_RING_MASK])
        if m[entry] != cycle:
            return
        m[SHOWN_HEAD] += 1
        row = m[entry + 1]
        if m[L_RACE]:
            _see_score(x, row)
            continue
        outcome = m[op_place(x, row) + OUTCOME]
        for k in range(m[L_OVERLAP]):
            window = m[link_place(x, row, k) + LINK_WINDOW]
            if window < 0:
                continue
            m[window_place(x, window) + W_IN_FLIGHT] -= 1
            if outcome:
                m[window_place(x, window) + W_SETTLED] = 1
                m[m[AT_SETTLED] + m[NEWLY_SETTLED]] = window
                m[NEWLY_SETTLED] += 1
            recheck(x, window)
        free_row(x, row)


@inlined
def squash_in_queue(x: Memory, cycle: int) -> None:
    """Drop the queued ops of windows newly seen to be 1."""
    m = x.m
    for k in range(m[NEWLY_SETTLED]):
        link = m[window_place(x, m[m[AT_SETTLED] + k]) + W_HEAD]
        while link >= 0:
            row = link if m[L_OVERLAP] == 1 else link // m[L_OVERLAP]
            link = m[m[AT_LINKS] + 2 * link + LINK_NEXT]
            if is_settled(x, row):
                op = op_place(x, row)
                leave_queue(x, row)
                m[N_SQUASHED_QUEUE] += 1
                m[N_PRUNED_POOLING] += m[op + EDGES]
                if m[S_TRACE]:
                    note_event(x, cycle, E_SQUASH, m[op + INDEX], U_QUEUE, 0)
                op_ended(x, m[op + GROUP], cycle)
                free_row(x, row)
    m[NEWLY_SETTLED] = 0
