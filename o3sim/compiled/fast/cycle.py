"""The loop over cycles of a fast layer under ideal supply, and what all fast layers count."""

from __future__ import annotations

from typing import Any

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.cycle import DONE, STOPPED, STUCK
from o3sim.compiled.fast.bits import bits_in
from o3sim.compiled.fast.calendar import next_day
from o3sim.compiled.fast.how import NO_WINDOWS, How, contexts_of, windows_kind
from o3sim.compiled.fast.output_buffer import write
from o3sim.compiled.fast.queue import CENTRAL, QueueSteps
from o3sim.compiled.fast.records import FastMemory, n_known_at
from o3sim.compiled.fast.scheduler import give, plan_changed
from o3sim.compiled.fast.servers import stall_and_go_on
from o3sim.compiled.fast.sets import part, set_words
from o3sim.compiled.fast.squashes import squash_in_pes
from o3sim.compiled.fast.verdicts import BUCKETS, take_verdicts
from o3sim.compiled.fast.weights import has_arrived
from o3sim.compiled.kernel import NEVER, inlined, noinline
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.settings import LOCKSTEP
from o3sim.compiled.ring import next_due
from o3sim.compiled.weight_stream import arrival_of, free_half, pump


@inlined
def idle_cause_of(x: FastMemory, cycle: int) -> int:
    """Why a PE that holds nothing has nothing to do, as of the start of a cycle."""
    if x.queue.next_op == x.layer.ops:
        return CAUSE.drain
    return CAUSE.queue_empty if has_arrived(x, cycle) else CAUSE.weight_wait


@inlined
def note_causes(x: FastMemory, how: How, idle_cause: int) -> None:
    """Note what PEs do that put no word in."""
    busy, stalled, without_words = 0, 0, 0
    for word in range(set_words(x, how)):
        stall = word_at(x.pes.stalled, word).bits
        holding, taking = stall, stall
        for context in range(contexts_of(x, how)):
            held = part(x.pes.held, x, how, context, word)
            holding |= held
            taking |= held & ~part(x.pes.constants, x, how, context, word)
        busy += bits_in(holding)
        stalled += bits_in(stall)
        without_words += bits_in(holding & ~taking)
    if x.queue.n_held > 0:
        is_group = x.settings.policy == LOCKSTEP and busy > 0
        idle_cause = CAUSE.drain if is_group else CAUSE.no_ready_op
    now = x.now
    now.idle_cause = idle_cause
    now.idle = x.settings.pes - busy
    now.stalled = stalled
    now.without_words = without_words


@noinline
def next_change(x: FastMemory, cycle: int) -> int:
    """Return the next cycle in which more than words can move; NEVER if there is none."""
    wake = next_day(x, cycle)
    for later in range(cycle + 1, cycle + BUCKETS):
        if n_known_at(x.output, later & (BUCKETS - 1)).number > 0:
            wake = min(wake, later)
    wake = min(wake, next_due(x.queue.shown))
    if x.queue.next_op < x.layer.ops and not has_arrived(x, cycle):
        arrival = arrival_of(x, x.queue.group) - x.clock.start_cycle
        if arrival > cycle:
            wake = min(wake, arrival)
    return wake


@inlined
def book_causes(x: FastMemory, cycles: int) -> None:
    """Book the causes of a cycle, so many times."""
    now, ledger = x.now, x.ledger
    cause_at(ledger, now.idle_cause).pe_cycles += now.idle * cycles
    cause_at(ledger, CAUSE.write_stall).pe_cycles += now.stalled * cycles
    cause_at(ledger, CAUSE.verdict_wait).pe_cycles += now.without_words * cycles


@noinline
def finish_counts(x: FastMemory, cycle: int) -> None:
    """Count what follows from sums; reads are those of ideal banks."""
    counts, words = x.counts, x.words
    count_edges(x, cycle)
    counts.queue_writes = counts.dispatched
    counts.queue_reads = counts.issued
    counts.scoreboard_reads = counts.dispatched + counts.squashed_sequencer
    counts.scoreboard_writes = counts.retired
    if not x.layer.is_banked:
        counts.weight_reads = counts.words_executed
        counts.activation_reads = words.reads if x.layer.counts_reads else counts.words_executed
        counts.activation_reads += words.addends


@inlined
def count_edges(x: FastMemory, cycle: int) -> None:
    """Count edges, words and what goes with them, whatever hands ops out."""
    counts, words, width = x.counts, x.words, x.settings.width_edges
    counts.cycles = cycle + 1
    counts.ops = x.layer.ops
    counts.edges_total = x.layer.edges
    counts.addend_words = words.addends
    counts.words_executed = words.useful + words.wasted + words.squashed
    counts.edges_executed = counts.words_executed * width - words.missing
    counts.edges_wasted = (words.wasted + words.squashed) * width - words.missing_wasted
    counts.edges_pruned_threshold = counts.edges_total - counts.edges_executed - counts.edges_pruned_pooling
    counts.threshold_reads = counts.issued if x.layer.has_thresholds else 0
    counts.threshold_compares = counts.words_executed if x.layer.checks_bounds else counts.retired
    counts.output_bits = x.layer.windows
    counts.activation_requests = counts.words_executed
    counts.weight_requests = counts.words_executed
    cause_at(x.ledger, CAUSE.useful).pe_cycles = words.useful
    cause_at(x.ledger, CAUSE.wasted).pe_cycles = words.wasted
    cause_at(x.ledger, CAUSE.squashed).pe_cycles = words.squashed


@noinline
def count_so_far(x: FastMemory, cycle: int) -> None:
    """Count up to a cycle in which ops are under way: what PEs do, and is not counted, is words of these."""
    finish_counts(x, cycle)
    under_way = x.settings.pes * (cycle + 1)
    for number in range(len(CAUSE)):
        under_way -= cause_at(x.ledger, number).pe_cycles
    x.words.useful += under_way
    finish_counts(x, cycle)
    x.words.useful -= under_way


def _ticking(queue: QueueSteps) -> Any:
    """Make what runs a cycle under ideal supply."""
    show, sequence, squash_in_queue, selecting, enqueue_arrivals = queue
    select = selecting(give)

    @inlined
    def tick(x: FastMemory, how: How, cycle: int) -> None:
        """Run one cycle, in the order of phases of ``docs/machine.md``."""
        x.clock.moved = 0
        if windows_kind(x, how) != NO_WINDOWS:
            show(x, how, cycle)
        take_verdicts(x, how, cycle)
        if x.queue.n_settled > 0 and x.settings.window_in_flight_ops > 1:
            squash_in_pes(x, how, cycle)
        idle_cause = idle_cause_of(x, cycle)
        more_coming = idle_cause == CAUSE.queue_empty and x.queue.n_held < x.settings.depth_ops
        sequence(x, how, cycle)
        if windows_kind(x, how) != NO_WINDOWS:
            squash_in_queue(x, how, cycle)
        select(x, how, cycle, more_coming)
        plan_changed(x, how, cycle)
        note_causes(x, how, idle_cause)
        if write(x, how, cycle):
            stall_and_go_on(x, how, cycle)
        enqueue_arrivals(x, how)

    return tick


def ideal_loop(queue: QueueSteps) -> Any:
    """Make the loop over cycles under ideal supply of machines with such a queue."""
    tick = _ticking(queue)

    @inlined
    def run_ideal(x: FastMemory, how: How, start_cycle: int) -> tuple[int, int]:
        """Run a layer, or on from a pause; return how it ended and its last cycle."""
        x.clock.start_cycle = start_cycle
        pump(x)
        cycle = x.clock.cycle
        while True:
            tick(x, how, cycle)
            if x.clock.ended_ops >= x.clock.pause_ops:
                book_causes(x, 1)
                if x.clock.ended_ops < x.layer.ops:
                    count_so_far(x, cycle)
                    x.clock.cycle = cycle + 1
                    return STOPPED, start_cycle + cycle
                finish_counts(x, cycle)
                if x.weight_groups.n_groups == 1:
                    free_half(x, 0, start_cycle + cycle + 1)
                return DONE, start_cycle + cycle
            wake = cycle + 1
            if x.clock.moved == 0:
                wake = next_change(x, cycle)
                if wake == NEVER:
                    return STUCK, start_cycle + cycle
            book_causes(x, wake - cycle)
            cycle = wake

    return run_ideal


run_ideal = ideal_loop(CENTRAL)
