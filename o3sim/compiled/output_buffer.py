"""The output buffer: retires the oldest known outcomes, stalls the PEs of the others."""

from __future__ import annotations

from o3sim.compiled.contexts import enter_if_idle, leave_if_idle
from o3sim.compiled.free_pes import change_free
from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import executed_edges
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.ops import Op, op_at
from o3sim.compiled.records.output_buffer import newly_known_at, waiting_at
from o3sim.compiled.records.pe_array import pe_at
from o3sim.compiled.records.trace import OUTPUT
from o3sim.compiled.scoreboard import write_outcome
from o3sim.compiled.skip_ahead import touch
from o3sim.compiled.stage_rows import note_row
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import op_ended
from o3sim.contract.events import EventKind


@inlined
def offer(x: Memory, slot: int) -> None:
    """Take note of an outcome that is known from this cycle on."""
    newly_known_at(x.output_buffer, x.output_buffer.n_newly_known).slot = slot
    x.output_buffer.n_newly_known += 1


@inlined
def write(x: Memory, cycle: int) -> None:
    """Retire at most ``write_width`` ops."""
    buffer = x.output_buffer
    if buffer.n_waiting == 0 and buffer.n_newly_known <= x.settings.write_width_ops:
        for k in range(buffer.n_newly_known):
            _retire(x, newly_known_at(buffer, k).slot, cycle)
    else:
        _write_oldest(x, cycle)
    buffer.n_newly_known = 0


@noinline
def _write_oldest(x: Memory, cycle: int) -> None:
    """Retire the oldest of more outcomes than can be written."""
    buffer = x.output_buffer
    for k in range(buffer.n_newly_known):
        slot = newly_known_at(buffer, k).slot
        _push(x, op_at(x.ops, slot).index << 32 | slot)
    for _ in range(min(x.settings.write_width_ops, buffer.n_waiting)):
        _retire(x, _pop(x) & 0x7FFFFFFF, cycle)
    for k in range(buffer.n_newly_known):
        op = op_at(x.ops, newly_known_at(buffer, k).slot)
        if not op.retired:
            _hold_verdict(x, op, cycle)


@inlined
def _hold_verdict(x: Memory, op: Op, cycle: int) -> None:
    """Stall an op's PE from the next cycle on: its verdict could not be written."""
    op.late = 1
    touch(x, op.pe, cycle + 1)
    enter_if_idle(x, op.pe)
    change_free(x, op.pe, -1)
    pe_at(x.pe_array, op.pe).late_verdicts += 1
    x.pe_array.late_verdicts += 1


@inlined
def _verdict_written(x: Memory, op: Op, cycle: int) -> None:
    """Let an op's PE go on from the next cycle on, unless more verdicts wait."""
    touch(x, op.pe, cycle + 1)
    pe_at(x.pe_array, op.pe).late_verdicts -= 1
    x.pe_array.late_verdicts -= 1
    change_free(x, op.pe, 1)
    leave_if_idle(x, op.pe)


@inlined
def _retire(x: Memory, slot: int, cycle: int) -> None:
    """Write one outcome."""
    op = op_at(x.ops, slot)
    if op.late:
        _verdict_written(x, op, cycle)
    count_retired(x, op)
    if x.layer.is_stage:
        note_row(x, slot, cycle)
    if x.trace.is_on:
        note_event(x, cycle, EventKind.RETIRE, op.index, OUTPUT, op.outcome)
    op_ended(x, op.group, cycle)
    op.retired = 1
    write_outcome(x, slot, cycle)


@inlined
def count_retired(x: Memory, op: Op) -> None:
    """Count an op that retires."""
    counts, ledger = x.counts, x.ledger
    executed = executed_edges(x, op, op.words_in)
    counts.retired += 1
    counts.scoreboard_writes += 1
    counts.edges_executed += executed
    counts.edges_wasted += executed - executed_edges(x, op, op.decided_words)
    counts.edges_pruned_threshold += op.n_edges - executed
    counts.words_executed += op.words_in
    counts.threshold_compares += op.words_in if x.layer.checks_bounds or x.layer.races else 1
    cause_at(ledger, CAUSE.useful).pe_cycles += op.decided_words
    cause_at(ledger, CAUSE.wasted).pe_cycles += op.words_in - op.decided_words


@noinline
def _push(x: Memory, key: int) -> None:
    """Put a key into the heap of waiting outcomes."""
    heap = x.output_buffer
    at = heap.n_waiting
    heap.n_waiting += 1
    while at > 0 and waiting_at(heap, (at - 1) >> 1).key > key:
        waiting_at(heap, at).key = waiting_at(heap, (at - 1) >> 1).key
        at = (at - 1) >> 1
    waiting_at(heap, at).key = key


@noinline
def _pop(x: Memory) -> int:
    """Take the least key out of the heap of waiting outcomes."""
    heap = x.output_buffer
    least = waiting_at(heap, 0).key
    heap.n_waiting -= 1
    size = heap.n_waiting
    key = waiting_at(heap, size).key
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and waiting_at(heap, child + 1).key < waiting_at(heap, child).key:
            child += 1
        if waiting_at(heap, child).key >= key:
            break
        waiting_at(heap, at).key = waiting_at(heap, child).key
        at = child
    waiting_at(heap, at).key = key
    return least
