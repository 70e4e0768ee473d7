"""PEs under ideal supply, skipping ahead.

Where no bank can refuse a word, what a PE does until an op joins or leaves it is known: with
verdicts one cycle away its oldest op takes every cycle, with verdicts two cycles away its two
oldest ops take turns. So a PE is looked at only when its ops change (it is touched) and when a word
goes in that decides or ends an op (its planned cycle, kept in a calendar).
"""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import clear_bit, set_bit, word_at
from o3sim.compiled.kernel import NEVER, ONE, as_int, inlined, lowest_bit, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.pe import choose, put_in, why_none
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.pe_array import Context, context_at, pe_at
from o3sim.compiled.records.skip_ahead import CALENDAR_CYCLES, day_at, touched_at
from o3sim.compiled.round import round_of


@inlined
def _oldest_two(x: Memory, pe: int) -> tuple[int, int]:
    """Contexts of the two oldest ops of a PE that take words; -1 where there is none."""
    first = pe * x.settings.contexts
    oldest = -1
    second = -1
    for number in range(first, first + x.settings.contexts):
        context = context_at(x.pe_array, number)
        if context.key == NEVER:
            continue
        if oldest < 0 or context.index < context_at(x.pe_array, oldest).index:
            second = oldest
            oldest = number
        elif second < 0 or context.index < context_at(x.pe_array, second).index:
            second = number
    return oldest, second


@inlined
def _catch_up(x: Memory, number: int, until: int) -> None:
    """Put in all words of a PE of the cycles before ``until``; none of them decides or ends an op."""
    pe = pe_at(x.pe_array, number)
    begin = pe.caught_up_cycle
    span = until - begin
    if span <= 0:
        return
    pe.caught_up_cycle = until
    if pe.late_verdicts > 0:
        cause_at(x.ledger, CAUSE.write_stall).pe_cycles += span
        return
    if pe.occupied == 0:
        return
    oldest, second = _oldest_two(x, number)
    if oldest < 0:
        cause_at(x.ledger, why_none(x, number * x.settings.contexts)).pe_cycles += span
    elif x.layer.verdict_after_cycles == 1 or second < 0:
        context = context_at(x.pe_array, oldest)
        context.words_in += span
        context.ready_cycle = until - 1 + x.layer.verdict_after_cycles
    else:
        _take_turns(context_at(x.pe_array, oldest), context_at(x.pe_array, second), begin, until)


@inlined
def _take_turns(oldest: Context, second: Context, begin: int, until: int) -> None:
    """Put in the words of two ops that alternate, verdicts being two cycles away."""
    span = until - begin
    lead = 1 if oldest.ready_cycle <= begin else 0
    turns = (span + lead) >> 1
    last_is_oldest = (span & 1) == lead
    oldest.words_in += turns
    second.words_in += span - turns
    if turns > 0:
        oldest.ready_cycle = until + (1 if last_is_oldest else 0)
    if span > turns:
        second.ready_cycle = until + (0 if last_is_oldest else 1)


@inlined
def _words_to_go(context: Context) -> int:
    """Words before the one that decides or ends an op."""
    return context.milestone - context.words_in - 1


@inlined
def _next_milestone(x: Memory, number: int, cycle: int) -> int:
    """Cycle, from ``cycle`` on, in which a word of a PE decides or ends an op; NEVER if none does."""
    if pe_at(x.pe_array, number).late_verdicts > 0:
        return NEVER
    first, other = _oldest_two(x, number)
    if first < 0:
        return NEVER
    oldest = context_at(x.pe_array, first)
    if x.layer.verdict_after_cycles == 1 or other < 0:
        return cycle + _words_to_go(oldest)
    second = context_at(x.pe_array, other)
    wait = 0 if oldest.ready_cycle <= cycle else 1
    return cycle + min(wait + 2 * _words_to_go(oldest), 1 - wait + 2 * _words_to_go(second))


@inlined
def _plan(x: Memory, number: int, cycle: int, planned: int) -> None:
    """Enter a PE into the calendar; what lies beyond its end is looked at again there."""
    if planned == NEVER:
        return
    planned = min(planned, cycle + CALENDAR_CYCLES - 1)
    pe = pe_at(x.pe_array, number)
    day = day_at(x.skip_ahead, planned & (CALENDAR_CYCLES - 1))
    pe.planned_cycle = planned
    pe.next_planned = day.first_pe
    pe.last_planned = -1
    if day.first_pe >= 0:
        pe_at(x.pe_array, day.first_pe).last_planned = number
    day.first_pe = number
    set_bit(x.skip_ahead.planned, planned & (CALENDAR_CYCLES - 1))


@inlined
def _unplan(x: Memory, number: int) -> None:
    """Take a PE out of the calendar."""
    pe = pe_at(x.pe_array, number)
    if pe.planned_cycle == NEVER:
        return
    place = pe.planned_cycle & (CALENDAR_CYCLES - 1)
    pe.planned_cycle = NEVER
    if pe.next_planned >= 0:
        pe_at(x.pe_array, pe.next_planned).last_planned = pe.last_planned
    if pe.last_planned >= 0:
        pe_at(x.pe_array, pe.last_planned).next_planned = pe.next_planned
    else:
        day_at(x.skip_ahead, place).first_pe = pe.next_planned
        if pe.next_planned < 0:
            clear_bit(x.skip_ahead.planned, place)


@inlined
def touch(x: Memory, number: int, cycle: int) -> None:
    """Bring a PE up to a cycle before its ops change in it, and have it looked at then."""
    if not x.layer.skips_ahead:
        return
    _catch_up(x, number, cycle)
    pe = pe_at(x.pe_array, number)
    if pe.touched == 0:
        pe.touched = 1
        _unplan(x, number)
        touched_at(x.skip_ahead, x.skip_ahead.n_touched).pe = number
        x.skip_ahead.n_touched += 1


@inlined
def _look_at(x: Memory, number: int, cycle: int) -> int:
    """Put in the word that decides or ends an op if it is due, and plan on; return the words."""
    _catch_up(x, number, cycle)
    planned = _next_milestone(x, number, cycle)
    if planned > cycle:
        _plan(x, number, cycle, planned)
        return 0
    r = round_of(x, cycle)
    put_in(x, r, number, choose(x, r, number), 1)
    pe_at(x.pe_array, number).caught_up_cycle = cycle + 1
    _plan(x, number, cycle, _next_milestone(x, number, cycle + 1))
    return 1


@inlined
def skip_ahead(x: Memory, cycle: int) -> int:
    """Look at the PEs that were touched or planned for this cycle; return the words."""
    ahead = x.skip_ahead
    moved = 0
    day = day_at(ahead, cycle & (CALENDAR_CYCLES - 1))
    while day.first_pe >= 0:
        number = day.first_pe
        _unplan(x, number)
        moved += _look_at(x, number, cycle)
    for k in range(ahead.n_touched):
        number = touched_at(ahead, k).pe
        pe_at(x.pe_array, number).touched = 0
        moved += _look_at(x, number, cycle)
    ahead.n_touched = 0
    return moved


@noinline
def next_planned(x: Memory, cycle: int) -> int:
    """Next cycle the calendar has an entry for; NEVER if it is empty."""
    words = CALENDAR_CYCLES >> 6
    first = (cycle + 1) & (CALENDAR_CYCLES - 1)
    low = ~((ONE << np.uint64(first & 63)) - ONE)
    for k in range(words + 1):
        place = ((first >> 6) + k) & (words - 1)
        bits = word_at(x.skip_ahead.planned, place).bits
        if k == 0:
            bits &= low
        elif k == words:
            bits &= ~low
        if bits != 0:
            day = (place << 6) + (as_int(lowest_bit(bits)) & 63)
            return cycle + 1 + ((day - first) & (CALENDAR_CYCLES - 1))
    return NEVER
