"""The loop over cycles of a fast layer whose windows lie in contexts."""

from __future__ import annotations

from o3sim.compiled.cycle import DONE, STUCK
from o3sim.compiled.dispatch.patch import broadcast
from o3sim.compiled.fast.banked.cycle import stall_and_go_on
from o3sim.compiled.fast.banked.records import Desk
from o3sim.compiled.fast.banked.requests import desk_of
from o3sim.compiled.fast.banked.words import grant, put_in
from o3sim.compiled.fast.bits import NONE, lowest
from o3sim.compiled.fast.cycle import count_edges
from o3sim.compiled.fast.dispatch.counters import find_freed, hand_out, note_waiting
from o3sim.compiled.fast.dispatch.members import reach
from o3sim.compiled.fast.dispatch.records import WindowMemory
from o3sim.compiled.fast.dispatch.verdicts import pass_on, take_verdicts
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.output_buffer import write
from o3sim.compiled.kernel import NEVER, ONE, inlined, noinline
from o3sim.compiled.output_bits import write_bits
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.windows import list_end_at
from o3sim.compiled.ring import next_due
from o3sim.compiled.weight_stream import arrival_of, free_half, pump


@inlined
def _tick(x: WindowMemory, how: How, cycle: int) -> int:
    """Run one cycle, in the order of phases of ``docs/machine.md``; return how many PEs asked for words."""
    x.clock.moved = 0
    if how.has_patches:
        broadcast(x)
    d = desk_of(x)
    if x.windows.n_passing > 0:
        pass_on(x, how, cycle)
    take_verdicts(x, how, d, cycle)
    find_freed(x, how)
    hand_out(x, how, d, cycle)
    note_waiting(x, how, cycle)
    asked = _move_words(x, how, desk_of(x), cycle)
    if write(x, how, cycle):
        stall_and_go_on(x, how)
    if x.output_bits.n_held + x.output_bits.n_writing > 0:
        write_bits(x, cycle)
        x.clock.moved = 1
    return asked


@inlined
def _move_words(x: WindowMemory, how: How, d: Desk, cycle: int) -> int:
    """Let all PEs ask, and put in the words that are granted; return how many asked."""
    asked = grant(x, how, d, cycle)
    if asked == 0:
        return 0
    for context in range(contexts_of(x, how)):
        for word in range(d.used + 3 >> 2):
            ended = put_in(x, how, d, context, word, cycle)
            while ended != NONE:
                pe = (word << 6) + lowest(ended)
                ended &= ended - ONE
                reach(x, how, d, pe, context, cycle)
    return asked


@noinline
def _next_change(x: WindowMemory, cycle: int) -> int:
    """Return the next cycle in which more than words can move; NEVER if there is none."""
    wake = min(next_due(x.members.decided), next_due(x.members.constants), next_due(x.windows.constants))
    if x.settings.dram_bits_per_cycle > 0:
        for number in range(x.windows.lists):
            left = list_end_at(x.windows, number)
            if left.next < left.end:
                arrival = arrival_of(x, left.weight_group) - x.clock.start_cycle
                if arrival > cycle:
                    wake = min(wake, arrival)
    return wake


@inlined
def _book(x: WindowMemory, asked: int, cycles: int) -> None:
    """Book what PEs waited for that put no word in, so many times; so many others asked for one."""
    now, ledger = x.now, x.ledger
    cause_at(ledger, CAUSE.drain).pe_cycles += now.drain * cycles
    cause_at(ledger, CAUSE.weight_wait).pe_cycles += now.weight_wait * cycles
    cause_at(ledger, CAUSE.input_wait).pe_cycles += now.input_wait * cycles
    cause_at(ledger, CAUSE.no_ready_op).pe_cycles += now.no_ready_op * cycles
    cause_at(ledger, CAUSE.write_stall).pe_cycles += now.stalled * cycles
    cause_at(ledger, CAUSE.verdict_wait).pe_cycles += (now.holding - asked) * cycles


@noinline
def _finish_counts(x: WindowMemory, how: How, cycle: int) -> None:
    """Count what follows from sums."""
    count_edges(x, cycle)
    x.counts.scoreboard_writes = x.counts.retired - x.members.folded
    if how.has_patches:
        x.counts.activation_reads = x.windows.patch.words


@inlined
def run_windows(x: WindowMemory, how: How, start_cycle: int) -> tuple[int, int]:
    """Run a layer; return how it ended and its last cycle."""
    x.clock.start_cycle = start_cycle
    pump(x)
    cycle = 0
    is_to_free = x.weight_groups.n_groups == 1
    while True:
        asked = _tick(x, how, cycle)
        _book(x, asked, 1)
        if x.clock.ended_ops == x.layer.ops:
            if is_to_free:
                free_half(x, 0, start_cycle + cycle + 1)
                is_to_free = False
            if x.output_bits.n_held + x.output_bits.n_writing == 0:
                _finish_counts(x, how, cycle)
                return DONE, start_cycle + cycle
        cycle += 1
        if x.clock.moved == 0:
            wake = _next_change(x, cycle - 1)
            while asked > 0 and cycle < wake and x.clock.moved == 0:
                asked = _move_words(x, how, desk_of(x), cycle)
                _book(x, asked, 1)
                cycle += 1
            if x.clock.moved == 0 and asked == 0:
                if wake == NEVER:
                    return STUCK, start_cycle + cycle - 1
                _book(x, 0, wake - cycle)
                cycle = wake
