"""The counters: each hands the next windows of a list to free contexts of its range of PEs."""

from __future__ import annotations

from o3sim.compiled.bit_set import has_bit
from o3sim.compiled.contexts import enter_if_idle
from o3sim.compiled.dispatch.lists import list_of, seat_next, waits_because
from o3sim.compiled.dispatch.members import begin_member
from o3sim.compiled.free_pes import change_free, least_loaded_in
from o3sim.compiled.kernel import as_int, inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.pe_array import context_at, pe_at
from o3sim.compiled.records.trace import COUNTER
from o3sim.compiled.records.windows import seat_at
from o3sim.compiled.trace import note_event
from o3sim.contract.events import EventKind


@inlined
def hand_out(x: Memory, cycle: int) -> None:
    """Hand out this cycle's tasks; which counter is first rotates from cycle to cycle of the layer."""
    windows = x.windows
    first = (cycle - x.clock.start_cycle) % windows.counters
    for turn in range(windows.counters):
        counter = first + turn
        if counter >= windows.counters:
            counter -= windows.counters
        for _ in range(windows.windows_per_cycle):
            if waits_because(x, list_of(x, counter), cycle) >= 0:
                break
            pe = least_loaded_in(x, counter * windows.range_pes, (counter + 1) * windows.range_pes)
            if pe < 0:
                break
            _hand_over(x, counter, pe, cycle)


@noinline
def _hand_over(x: Memory, counter: int, pe: int, cycle: int) -> None:
    """Give the next task of a counter's list to a PE."""
    enter_if_idle(x, pe)
    change_free(x, pe, -1)
    pe_at(x.pe_array, pe).occupied += 1
    change_free(x, pe, 1)
    place = pe * x.settings.contexts
    while context_at(x.pe_array, place).slot >= 0:
        place += 1
    seat = seat_at(x.windows, place)
    seat_next(x, list_of(x, counter), seat)
    x.counts.dispatched += seat.size
    x.counts.scoreboard_reads += 1
    x.sequencer.next_op += seat.size
    if x.trace.is_on:
        for member in range(seat.size):
            note_event(x, cycle, EventKind.DISPATCH, seat.first_op + member, COUNTER - counter, 0)
    begin_member(x, place, cycle, cycle + x.settings.issue_latency_cycles, True)


@inlined
def book_idle(x: Memory, cycle: int) -> None:
    """Book why the PEs that hold nothing have nothing, after the counters had their turns."""
    windows, array = x.windows, x.pe_array
    if array.n_busy == x.settings.pes:
        return
    if windows.lists == 1:
        cause_at(x.ledger, _idle_cause(x, 0, cycle)).now += x.settings.pes - array.n_busy
        return
    for counter in range(windows.counters):
        idle = 0
        for pe in range(counter * windows.range_pes, (counter + 1) * windows.range_pes):
            idle += as_int(not has_bit(array.busy, pe))
        cause_at(x.ledger, _idle_cause(x, counter, cycle)).now += idle


@inlined
def _idle_cause(x: Memory, number: int, cycle: int) -> int:
    """Why PEs that take from a list have nothing."""
    cause = waits_because(x, number, cycle)
    return cause if cause >= 0 else CAUSE.no_ready_op
