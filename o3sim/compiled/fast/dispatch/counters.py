"""The counters: each hands the next tasks of its list to free contexts of its range of PEs."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.dispatch.lists import list_of, seat_next, waits_because
from o3sim.compiled.fast.banked.records import Desk
from o3sim.compiled.fast.bits import NONE, bit, bits_in, highest, lowest
from o3sim.compiled.fast.dispatch.members import begin_member
from o3sim.compiled.fast.dispatch.records import WindowMemory
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.lanes import LANES_SHIFT
from o3sim.compiled.fast.sets import find_free, part, place_of, set_words
from o3sim.compiled.kernel import ONE, inlined
from o3sim.compiled.records.ledger import CAUSE
from o3sim.compiled.records.windows import seat_at


@inlined
def find_freed(x: WindowMemory, how: How) -> None:
    """Find out which PEs can be given a task, if a context was freed."""
    if x.members.freed:
        x.members.freed = 0
        for word in range(set_words(x, how)):
            find_free(x, how, word)


@inlined
def hand_out(x: WindowMemory, how: How, d: Desk, cycle: int) -> None:
    """Hand out this cycle's tasks; which counter is first rotates from cycle to cycle of the layer.

    Only counters that have a free context in their range are looked at.
    """
    windows, words = x.windows, set_words(x, how)
    if windows.lists == 1 and waits_because(x, 0, x.clock.start_cycle + cycle) >= 0:
        return
    first = cycle % windows.counters * windows.range_pes
    from_first = ~(bit(first) - ONE)
    served = -1
    for turn in range(words + 1):
        word = (first >> 6) + turn
        word = word - words if word >= words else word
        bits = NONE
        for load in range(contexts_of(x, how)):
            bits |= part(x.pes.free, x, how, load, word)
        if turn == 0:
            bits &= from_first
        elif turn == words:
            bits &= ~from_first
        while bits != NONE:
            counter = ((word << 6) + lowest(bits)) // windows.range_pes
            if counter != served:
                _serve(x, how, d, counter, cycle)
                served = counter
            end = (counter + 1) * windows.range_pes
            bits &= NONE if end >> 6 > word else ~(bit(end) - ONE)


@inlined
def _serve(x: WindowMemory, how: How, d: Desk, counter: int, cycle: int) -> None:
    """Let a counter hand out its tasks of this cycle."""
    number = list_of(x, counter)
    for _ in range(x.windows.windows_per_cycle):
        if waits_because(x, number, x.clock.start_cycle + cycle) >= 0:
            return
        begin = counter * x.windows.range_pes
        pe = _least_loaded(x, how, begin, begin + x.windows.range_pes)
        if pe < 0:
            return
        _hand_over(x, how, d, number, pe, cycle)


@inlined
def _least_loaded(x: WindowMemory, how: How, begin: int, end: int) -> int:
    """Find the free PE from one on and before another that holds fewest, the lowest of them; -1 if none."""
    for load in range(contexts_of(x, how)):
        for word in range(begin >> 6, (end + 63) >> 6):
            bits = part(x.pes.free, x, how, load, word) & _between(word, begin, end)
            if bits != NONE:
                return (word << 6) + lowest(bits)
    return -1


@inlined
def _between(word: int, begin: int, end: int) -> np.uint64:
    """Return the bits of a word of a set that are of numbers from one on and before another."""
    bits = ~NONE
    if word << 6 < begin:
        bits &= ~(bit(begin) - ONE)
    if (word + 1) << 6 > end:
        bits &= bit(end) - ONE
    return bits


@inlined
def _hand_over(x: WindowMemory, how: How, d: Desk, number: int, pe: int, cycle: int) -> None:
    """Give the next task of a list to the lowest free context of a PE."""
    context = 0
    while word_at(x.pes.held, place_of(x, how, context, pe)).bits & bit(pe) != NONE:
        context += 1
    word_at(x.pes.held, place_of(x, how, context, pe)).bits |= bit(pe)
    find_free(x, how, pe >> 6)
    seat = seat_at(x.windows, pe * contexts_of(x, how) + context)
    seat_next(x, number, seat)
    x.counts.dispatched += seat.size
    x.counts.scoreboard_reads += 1
    x.queue.group = max(x.queue.group, seat.weight_group)
    begin_member(x, how, d, pe, context, cycle, True)


@inlined
def note_waiting(x: WindowMemory, how: How, cycle: int) -> None:
    """Note what PEs wait for that hold nothing, after the counters had their turns; and the last that do."""
    now, busy, stalled, used = x.now, 0, 0, 0
    for word in range(set_words(x, how)):
        stall = word_at(x.pes.stalled, word).bits
        holding = _holding(x, how, word)
        stalled += bits_in(stall)
        busy += bits_in(holding | stall)
        if holding != NONE:
            used = ((word << 6) + highest(holding) >> LANES_SHIFT) + 1
    x.supply.used = used
    now.stalled = stalled
    now.holding = busy - stalled
    now.drain = 0
    now.weight_wait = 0
    now.input_wait = 0
    now.no_ready_op = 0
    if busy == x.settings.pes:
        return
    if x.windows.lists == 1:
        _note_idle(x, 0, x.settings.pes - busy, cycle)
        return
    for counter in range(x.windows.counters):
        begin = counter * x.windows.range_pes
        end = begin + x.windows.range_pes
        idle = 0
        for word in range(begin >> 6, (end + 63) >> 6):
            taken = _holding(x, how, word) | word_at(x.pes.stalled, word).bits
            idle += bits_in(~taken & _between(word, begin, end))
        if idle > 0:
            _note_idle(x, counter, idle, cycle)


@inlined
def _holding(x: WindowMemory, how: How, word: int) -> np.uint64:
    """Return the PEs of a word that hold a task."""
    held = NONE
    for context in range(contexts_of(x, how)):
        held |= part(x.pes.held, x, how, context, word)
    return held


@inlined
def _note_idle(x: WindowMemory, number: int, pes: int, cycle: int) -> None:
    """Note why so many PEs that take from a list have nothing."""
    now = x.now
    cause = waits_because(x, number, x.clock.start_cycle + cycle)
    if cause == CAUSE.drain:
        now.drain += pes
    elif cause == CAUSE.weight_wait:
        now.weight_wait += pes
    elif cause == CAUSE.input_wait:
        now.input_wait += pes
    else:
        now.no_ready_op += pes
