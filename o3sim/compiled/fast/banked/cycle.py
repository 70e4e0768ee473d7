"""The loop over cycles of a fast layer whose words banks can refuse."""

from __future__ import annotations

from typing import Any

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.cycle import DONE, GOES_ON, STOPPED, STUCK
from o3sim.compiled.fast.banked.occupants import begin_in, leave, squash_in
from o3sim.compiled.fast.banked.records import stall_at
from o3sim.compiled.fast.banked.requests import desk_of
from o3sim.compiled.fast.banked.words import move_alone, move_words
from o3sim.compiled.fast.bits import NONE, bits_in, highest, lowest
from o3sim.compiled.fast.calendar import is_marked
from o3sim.compiled.fast.cycle import (
    book_causes,
    count_so_far,
    finish_counts,
    idle_cause_of,
    next_change,
    note_causes,
)
from o3sim.compiled.fast.how import NO_WINDOWS, How, contexts_of, windows_kind
from o3sim.compiled.fast.lanes import LANES_SHIFT
from o3sim.compiled.fast.op_records import decided_words_of
from o3sim.compiled.fast.output_buffer import write
from o3sim.compiled.fast.queue import CENTRAL, QueueSteps
from o3sim.compiled.fast.records import FastMemory, op_record, server_at
from o3sim.compiled.fast.scheduler import issue
from o3sim.compiled.fast.sets import find_free, part, set_words
from o3sim.compiled.fast.verdicts import finish_day, take_leaving
from o3sim.compiled.fast.windows import is_settled
from o3sim.compiled.kernel import NEVER, ONE, inlined, noinline
from o3sim.compiled.output_bits import write_bits
from o3sim.compiled.records.ledger import CAUSE
from o3sim.compiled.weight_stream import free_half, pump


@inlined
def _take_verdicts(x: FastMemory, how: How, cycle: int) -> None:
    """Free the contexts that are free from this cycle on; list the outcomes that are known from it on."""
    x.output.n_constants = 0
    if not is_marked(x, cycle):
        return
    for context in range(contexts_of(x, how)):
        for word in range(set_words(x, how)):
            leaving = take_leaving(x, how, context, word, cycle)
            while leaving != NONE:
                pe = (word << 6) + lowest(leaving)
                leaving &= leaving - ONE
                leave(x, pe, context)
    finish_day(x, how, cycle)


@noinline
def _squash_in_pes(x: FastMemory, how: How, cycle: int) -> None:
    """Drop the ops in contexts whose window is seen to be 1."""
    for word in range(set_words(x, how)):
        for context in range(contexts_of(x, how)):
            held = part(x.pes.held, x, how, context, word)
            while held != NONE:
                pe = (word << 6) + lowest(held)
                held &= held - ONE
                if is_settled(x, how, server_at(x.pes, pe * contexts_of(x, how) + context).op):
                    squash_in(x, how, pe, context, cycle)
        find_free(x, how, word)


@inlined
def _give(x: FastMemory, how: How, op: int, pe: int, cycle: int) -> None:
    """Give an op a context of a PE."""
    context = issue(x, how, op, pe, cycle)
    if decided_words_of(op_record(x.layer, op)) > 0:
        begin_in(x, how, desk_of(x), op, pe, context, cycle)


@noinline
def stall_and_go_on(x: FastMemory, how: How) -> None:
    """Let PEs stall from the next cycle on whose outcomes wait, and the others go on."""
    for word in range(set_words(x, how)):
        waiting = word_at(x.output.queues, word).bits
        changed = waiting ^ word_at(x.pes.stalled, word).bits
        word_at(x.pes.stalled, word).bits = waiting
        while changed != NONE:
            pe = (word << 6) + lowest(changed)
            changed &= changed - ONE
            stall_at(x.supply, pe).number = ~stall_at(x.supply, pe).number
        find_free(x, how, word)


@inlined
def _find_used(x: FastMemory, how: How) -> None:
    """Find how many vectors there are up to the last PE with an op, and whether that is the only op."""
    used, ops, last = 0, 0, -1
    for word in range(set_words(x, how)):
        for context in range(contexts_of(x, how)):
            held = part(x.pes.held, x, how, context, word)
            if held != NONE:
                pe = (word << 6) + highest(held)
                used = max(used, (pe >> LANES_SHIFT) + 1)
                ops += bits_in(held)
                last = pe * contexts_of(x, how) + context
    x.supply.used = used
    x.supply.alone = last if ops == 1 and not x.supply.gathers else -1


@inlined
def _look(x: FastMemory, cycle: int) -> int:
    """Count, if the layer has ended or pauses; return which of these it does, or that it goes on."""
    if x.clock.ended_ops < x.layer.ops:
        count_so_far(x, cycle)
        x.clock.cycle = cycle + 1
        return STOPPED
    if x.output_bits.n_held > 0:
        return GOES_ON
    finish_counts(x, cycle)
    return DONE


@inlined
def _move_until(x: FastMemory, how: How, cycle: int, wake: int, asked: int) -> tuple[int, int]:
    """Move words up to a cycle, or until more moves; return how far, and how many PEs asked for words."""
    while asked > 0 and cycle < wake and x.clock.moved == 0:
        cycles = 1
        if x.supply.alone >= 0:
            cycles = move_alone(x, how, cycle, wake - cycle)
        else:
            asked = move_words(x, how, cycle)
        book_causes(x, cycles)
        cycle += cycles
    return cycle, asked


def _ticking(queue: QueueSteps) -> Any:
    """Make what runs a cycle where banks can refuse words."""
    show, sequence, squash_in_queue, selecting, enqueue_arrivals = queue
    select = selecting(_give)

    @inlined
    def tick(x: FastMemory, how: How, cycle: int) -> int:
        """Run one cycle, in the order of ``docs/machine.md``; return how many PEs asked for words."""
        x.clock.moved = 0
        if windows_kind(x, how) != NO_WINDOWS:
            show(x, how, cycle)
        _take_verdicts(x, how, cycle)
        if x.queue.n_settled > 0 and x.settings.window_in_flight_ops > 1:
            _squash_in_pes(x, how, cycle)
        idle_cause = idle_cause_of(x, cycle)
        more_coming = idle_cause == CAUSE.queue_empty and x.queue.n_held < x.settings.depth_ops
        sequence(x, how, cycle)
        if windows_kind(x, how) != NO_WINDOWS:
            squash_in_queue(x, how, cycle)
        select(x, how, cycle, more_coming)
        note_causes(x, how, idle_cause)
        _find_used(x, how)
        asked = move_words(x, how, cycle)
        if write(x, how, cycle):
            stall_and_go_on(x, how)
        if x.output_bits.n_held + x.output_bits.n_writing > 0:
            write_bits(x, cycle)
            x.clock.moved = 1
        enqueue_arrivals(x, how)
        return asked

    return tick


def banked_loop(queue: QueueSteps) -> Any:
    """Make the loop over cycles where banks can refuse words, of machines with such a queue."""
    tick = _ticking(queue)

    @inlined
    def run_banked(x: FastMemory, how: How, start_cycle: int) -> tuple[int, int]:
        """Run a layer, or on from a pause; return how it ended and its last cycle."""
        x.clock.start_cycle = start_cycle
        pump(x)
        cycle = x.clock.cycle
        is_to_free = x.weight_groups.n_groups == 1
        while True:
            asked = tick(x, how, cycle)
            book_causes(x, 1)
            if x.clock.ended_ops >= x.clock.pause_ops:
                if is_to_free and x.clock.ended_ops == x.layer.ops:
                    free_half(x, 0, start_cycle + cycle + 1)
                    is_to_free = False
                how_far = _look(x, cycle)
                if how_far != GOES_ON:
                    return how_far, start_cycle + cycle
            cycle += 1
            if x.clock.moved == 0:
                wake = next_change(x, cycle - 1)
                cycle, asked = _move_until(x, how, cycle, wake, asked)
                if x.clock.moved == 0 and asked == 0:
                    if wake == NEVER:
                        return STUCK, start_cycle + cycle - 1
                    book_causes(x, wake - cycle)
                    cycle = wake

    return run_banked


run_banked = banked_loop(CENTRAL)
