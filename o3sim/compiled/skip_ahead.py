"""PEs under ideal supply, skipping ahead.

Where no bank can refuse a word, what a PE does until an op joins or leaves it is known: with
verdicts one cycle away its oldest op takes every cycle, with verdicts two cycles away its two
oldest ops take turns. So a PE is looked at only when its ops change (it is touched) and when a word
goes in that decides or ends an op (its planned cycle, kept in a calendar).
"""

from __future__ import annotations

import numpy as np

from o3sim.compiled.contexts import context_place, pe_place
from o3sim.compiled.memory import ONE, Memory, as_int, clear_bit, inlined, lowest_bit, noinline, set_bit
from o3sim.compiled.numbers import (
    AT_CALENDAR,
    AT_TOUCHED,
    B_CALENDAR,
    C_IN,
    C_INDEX,
    C_MILESTONE,
    C_READY,
    CALENDAR,
    CONTEXT_SHIFT,
    L_SKIPS_AHEAD,
    L_VERDICT_AFTER,
    NEVER,
    P_VERDICT_WAIT,
    P_WRITE_STALL,
    PE_LAST,
    PE_LATE,
    PE_NEXT,
    PE_OCCUPIED,
    PE_PLANNED,
    PE_TIME,
    PE_TOUCHED,
    S_CONTEXTS,
    TOUCHED,
)
from o3sim.compiled.pe_array import choose, put_in
from o3sim.compiled.rounds import round_of


@inlined
def _oldest_two(x: Memory, pe: int) -> tuple[int, int]:
    """Contexts of the two oldest ops of a PE that take words; -1 where there is none."""
    m = x.m
    first = context_place(x, pe * m[S_CONTEXTS])
    oldest = -1
    second = -1
    for at in range(first, first + (m[S_CONTEXTS] << CONTEXT_SHIFT), 1 << CONTEXT_SHIFT):
        if m[at + C_READY] == NEVER:
            continue
        if oldest < 0 or m[at + C_INDEX] < m[oldest + C_INDEX]:
            second = oldest
            oldest = at
        elif second < 0 or m[at + C_INDEX] < m[second + C_INDEX]:
            second = at
    return oldest, second


@inlined
def _catch_up(x: Memory, pe: int, until: int) -> None:
    """Put in all words of a PE of the cycles before ``until``; none of them decides or ends an op."""
    m = x.m
    place = pe_place(x, pe)
    begin = m[place + PE_TIME]
    span = until - begin
    if span <= 0:
        return
    m[place + PE_TIME] = until
    if m[place + PE_LATE] > 0:
        m[P_WRITE_STALL] += span
        return
    if m[place + PE_OCCUPIED] == 0:
        return
    oldest, second = _oldest_two(x, pe)
    if oldest < 0:
        m[P_VERDICT_WAIT] += span
    elif m[L_VERDICT_AFTER] == 1 or second < 0:
        m[oldest + C_IN] += span
        m[oldest + C_READY] = until - 1 + m[L_VERDICT_AFTER]
    else:
        _take_turns(x, oldest, second, begin, until)


@inlined
def _take_turns(x: Memory, oldest: int, second: int, begin: int, until: int) -> None:
    """Put in the words of two ops that alternate, verdicts being two cycles away."""
    m = x.m
    span = until - begin
    lead = 1 if m[oldest + C_READY] <= begin else 0
    turns = (span + lead) >> 1
    last_is_oldest = (span & 1) == lead
    m[oldest + C_IN] += turns
    m[second + C_IN] += span - turns
    if turns > 0:
        m[oldest + C_READY] = until + (1 if last_is_oldest else 0)
    if span > turns:
        m[second + C_READY] = until + (0 if last_is_oldest else 1)


@inlined
def _words_to_go(x: Memory, at: int) -> int:
    """Words before the one that decides or ends an op."""
    m = x.m
    return m[at + C_MILESTONE] - m[at + C_IN] - 1


@inlined
def _next_milestone(x: Memory, pe: int, cycle: int) -> int:
    """Cycle, from ``cycle`` on, in which a word of a PE decides or ends an op; NEVER if none does."""
    m = x.m
    if m[pe_place(x, pe) + PE_LATE] > 0:
        return NEVER
    oldest, second = _oldest_two(x, pe)
    if oldest < 0:
        return NEVER
    if m[L_VERDICT_AFTER] == 1 or second < 0:
        return cycle + _words_to_go(x, oldest)
    wait = 0 if m[oldest + C_READY] <= cycle else 1
    return cycle + min(wait + 2 * _words_to_go(x, oldest), 1 - wait + 2 * _words_to_go(x, second))


@inlined
def _plan(x: Memory, pe: int, cycle: int, planned: int) -> None:
    """Enter a PE into the calendar; what lies beyond its end is looked at again there."""
    if planned == NEVER:
        return
    m = x.m
    planned = min(planned, cycle + CALENDAR - 1)
    slot = planned & (CALENDAR - 1)
    place = pe_place(x, pe)
    after = m[m[AT_CALENDAR] + slot]
    m[place + PE_PLANNED] = planned
    m[place + PE_NEXT] = after
    m[place + PE_LAST] = -1
    if after >= 0:
        m[pe_place(x, after) + PE_LAST] = pe
    m[m[AT_CALENDAR] + slot] = pe
    set_bit(x, m[B_CALENDAR], slot)


@inlined
def _unplan(x: Memory, pe: int) -> None:
    """Take a PE out of the calendar."""
    m = x.m
    place = pe_place(x, pe)
    if m[place + PE_PLANNED] == NEVER:
        return
    slot = m[place + PE_PLANNED] & (CALENDAR - 1)
    m[place + PE_PLANNED] = NEVER
    after = m[place + PE_NEXT]
    before = m[place + PE_LAST]
    if after >= 0:
        m[pe_place(x, after) + PE_LAST] = before
    if before >= 0:
        m[pe_place(x, before) + PE_NEXT] = after
    else:
        m[m[AT_CALENDAR] + slot] = after
        if after < 0:
            clear_bit(x, m[B_CALENDAR], slot)


@inlined
def touch(x: Memory, pe: int, cycle: int) -> None:
    """Bring a PE up to a cycle before its ops change in it, and have it looked at then."""
    m = x.m
    if not m[L_SKIPS_AHEAD]:
        return
    _catch_up(x, pe, cycle)
    place = pe_place(x, pe)
    if m[place + PE_TOUCHED] == 0:
        m[place + PE_TOUCHED] = 1
        _unplan(x, pe)
        m[m[AT_TOUCHED] + m[TOUCHED]] = pe
        m[TOUCHED] += 1


@inlined
def _look_at(x: Memory, pe: int, cycle: int) -> int:
    """Put in the word that decides or ends an op if it is due, and plan on; return the words."""
    _catch_up(x, pe, cycle)
    planned = _next_milestone(x, pe, cycle)
    if planned > cycle:
        _plan(x, pe, cycle, planned)
        return 0
    r = round_of(x, cycle)
    put_in(x, r, pe, choose(x, r, pe), 1)
    x.m[pe_place(x, pe) + PE_TIME] = cycle + 1
    _plan(x, pe, cycle, _next_milestone(x, pe, cycle + 1))
    return 1


@inlined
def skip_ahead(x: Memory, cycle: int) -> int:
    """Look at the PEs that were touched or planned for this cycle; return the words."""
    m = x.m
    moved = 0
    slot = m[AT_CALENDAR] + (cycle & (CALENDAR - 1))
    while m[slot] >= 0:
        pe = m[slot]
        _unplan(x, pe)
        moved += _look_at(x, pe, cycle)
    for k in range(m[TOUCHED]):
        pe = m[m[AT_TOUCHED] + k]
        m[pe_place(x, pe) + PE_TOUCHED] = 0
        moved += _look_at(x, pe, cycle)
    m[TOUCHED] = 0
    return moved


@noinline
def next_planned(x: Memory, cycle: int) -> int:
    """Next cycle the calendar has an entry for; NEVER if it is empty."""
    m = x.m
    words = CALENDAR >> 6
    first = (cycle + 1) & (CALENDAR - 1)
    low = ~((ONE << np.uint64(first & 63)) - ONE)
    for k in range(words + 1):
        place = ((first >> 6) + k) & (words - 1)
        bits = x.bits[m[B_CALENDAR] + place]
        if k == 0:
            bits &= low
        elif k == words:
            bits &= ~low
        if bits != 0:
            slot = (place << 6) + (as_int(lowest_bit(bits)) & 63)
            return cycle + 1 + ((slot - first) & (CALENDAR - 1))
    return NEVER
