"""The cycle loop: the units of the machine, phase by phase, cycle by cycle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import o3sim.contract
from o3sim.compiled.argmax_pruning import eliminate
from o3sim.compiled.issue_queue import enqueue_arrivals, squash_in_queue
from o3sim.compiled.kernel import NEVER, _njit, inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.output_buffer import write
from o3sim.compiled.pe_array import move_words
from o3sim.compiled.program_order import begin_walk
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.pe_array import context_at
from o3sim.compiled.records.settings import LOCKSTEP
from o3sim.compiled.ring import next_due
from o3sim.compiled.scheduler import schedule
from o3sim.compiled.scoreboard import show
from o3sim.compiled.sequencer import sequence
from o3sim.compiled.skip_ahead import next_planned, skip_ahead
from o3sim.compiled.stage_rows import is_held, may_run_ahead, room_cycle, rows_cycle
from o3sim.compiled.verdicts import squash_in_pes, take_verdicts
from o3sim.compiled.weight_stream import arrival_of, arrived, pump

DONE, STUCK, BROKEN, STOPPED, GOES_ON = 0, 1, 2, 3, 4  # how a layer ends, or does not yet


@inlined
def _idle_cause(x: Memory, cycle: int) -> int:
    """Why a PE that holds nothing has nothing to do, as of the start of a cycle."""
    if x.sequencer.next_op == x.layer.ops:
        return CAUSE.drain
    if not arrived(x, x.sequencer.group, cycle):
        return CAUSE.weight_wait
    if rows_cycle(x) > cycle:
        return CAUSE.input_wait
    if room_cycle(x) > cycle:
        return CAUSE.blocked
    if cycle > 0 and rows_cycle(x) == cycle:  # an op whose rows came just now has waited for them
        return CAUSE.input_wait
    return CAUSE.blocked if cycle > 0 and room_cycle(x) == cycle else CAUSE.queue_empty


@inlined
def _tick(x: Memory, cycle: int) -> int:
    """Run one cycle, in the order of phases of ``docs/machine.md``; return the words that went in."""
    settings, queue, board = x.settings, x.issue_queue, x.scoreboard
    x.clock.moved = 0
    show(x, cycle)
    take_verdicts(x, cycle)
    if board.n_newly_settled > 0 and (settings.window_in_flight_ops > 1 or x.layer.overlap > 1):
        squash_in_pes(x, cycle)
    if x.layer.races:
        eliminate(x, cycle)
    idle_cause = _idle_cause(x, cycle)
    more_coming = idle_cause in (CAUSE.queue_empty, CAUSE.input_wait) and queue.n_held < settings.depth_ops
    sequence(x, cycle)
    if board.n_newly_settled > 0:
        squash_in_queue(x, cycle)
    schedule(x, cycle, more_coming)
    if queue.n_held > queue.n_selected:
        if settings.policy == LOCKSTEP and x.pe_array.n_busy > 0:
            idle_cause = CAUSE.drain
        elif settings.policy != LOCKSTEP or idle_cause != CAUSE.input_wait:
            idle_cause = CAUSE.no_ready_op
    cause_at(x.ledger, idle_cause).now += settings.pes - x.pe_array.n_busy
    words = skip_ahead(x, cycle) if x.layer.skips_ahead else move_words(x, cycle)
    write(x, cycle)
    enqueue_arrivals(x)
    return words


@noinline
def _next_change(x: Memory, cycle: int) -> int:
    """Next cycle in which a unit that waits can go on; NEVER if none does."""
    array = x.pe_array
    wake = min(next_due(array.verdicts), next_due(array.constants), next_due(x.scoreboard.shown))
    wake = min(wake, next_due(x.issue_queue.selected))
    if x.sequencer.next_op < x.layer.ops:
        arrival = arrival_of(x, x.sequencer.group) if x.settings.dram_bits_per_cycle > 0 else -1
        if arrival > cycle:
            wake = min(wake, arrival)
        for known in (rows_cycle(x), room_cycle(x)):
            if known > cycle:
                wake = min(wake, known)
            elif known == cycle > 0:
                wake = cycle + 1  # what PEs wait for is another thing from then on
    if x.layer.skips_ahead:
        return min(wake, next_planned(x, cycle))
    for place in range(x.settings.pes * x.settings.contexts):
        ready = context_at(array, place).ready_cycle
        if ready > cycle:
            wake = min(wake, ready)
    return wake


@inlined
def book_causes(x: Memory, cycle: int, cycles: int) -> None:
    """Book the causes of a cycle, so many times."""
    if cause_at(x.ledger, CAUSE.drain).now < x.settings.pes:
        x.clock.last_active_cycle = cycle + cycles - 1
    for number in range(len(CAUSE)):
        cause = cause_at(x.ledger, number)
        cause.pe_cycles += cause.now * cycles
        cause.now = 0


@inlined
def _awake(x: Memory, cycle: int) -> int:
    """Run a cycle, unless a stage has to know more first; tell how that ended the layer, if it did."""
    clock = x.clock
    if cycle > clock.limit_cycle and may_run_ahead(x, cycle):
        return STOPPED
    words = _tick(x, cycle)
    if clock.moved < 0:
        return BROKEN
    if clock.ended_ops == x.layer.ops and x.output_bits.n_held == 0:
        book_causes(x, cycle, 1)
        finish_counts(x, cycle)
        return DONE
    clock.is_asleep = words == 0 and clock.moved == 0
    return GOES_ON


@inlined
def _sleep(x: Memory, cycle: int) -> int:
    """Find out when something moves again; tell how not knowing ended the layer, if it did."""
    x.clock.wake = _next_change(x, cycle)
    if x.clock.wake > x.clock.limit_cycle and is_held(x):
        return STOPPED
    if x.clock.wake == NEVER:
        return STUCK
    x.clock.is_asleep = 0
    return GOES_ON


@noinline
def finish_counts(x: Memory, cycle: int) -> None:
    """Count what follows from other counts."""
    counts = x.counts
    counts.cycles = cycle - x.clock.start_cycle + 1
    counts.ops = x.layer.ops
    counts.threshold_reads = counts.issued if x.layer.has_thresholds else 0
    counts.output_bits = x.layer.windows
    counts.activation_requests = counts.words_executed
    counts.weight_requests = counts.words_executed
    if x.layer.skips_ahead:  # an ideal buffer: every word is a read
        counts.weight_reads = counts.words_executed


def _compile(sources: int) -> Any:
    """Compile the loop.

    Numba's cache knows an edit of the file of a function, not of what that calls into. It also
    knows the values a function closes over: so this one closes over a digest of all the sources.
    """

    def run_layer(x: Memory, start_cycle: int) -> tuple[int, int]:
        """Run one layer.

        Parameters
        ----------
        x : Memory
            Fresh for this layer but for the weight stream; counts, outputs and events are left in it.
        start_cycle : int
            First cycle of the layer.

        Returns
        -------
        how, cycle : int
            ``DONE`` and the layer's last cycle, ``STUCK`` or ``BROKEN`` and the cycle it stopped in, or
            ``STOPPED``: a stage that has news for others, or waits for them; it goes on when called again.
        """
        if sources < 0:
            return BROKEN, start_cycle
        clock = x.clock
        cycle = clock.cycle
        if not clock.is_stopped:
            cycle = clock.start_cycle = start_cycle
            pump(x)
            begin_walk(x)
        how = GOES_ON
        while how == GOES_ON:
            if not clock.is_asleep:
                clock.wake = cycle
                how = _awake(x, cycle)
                if how != GOES_ON:
                    break
                clock.wake = cycle + 1
            if clock.is_asleep:
                how = _sleep(x, cycle)
                if how != GOES_ON:
                    break
            book_causes(x, cycle, clock.wake - cycle)
            cycle = clock.wake
            if x.stage_rows.has_news and x.stage_rows.is_open:
                how = STOPPED
        clock.cycle = cycle
        clock.is_stopped = 1
        x.stage_rows.has_news = 0
        return how, cycle

    return _njit(cache=True, nogil=True, _nrt=False)(run_layer)


def digest_of(folders: Iterable[Path]) -> int:
    """Digest every source file of some folders, as a number."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7], "big")


SOURCES = digest_of([Path(__file__).parent, Path(o3sim.contract.__file__).parent])
run_layer = _compile(SOURCES)
