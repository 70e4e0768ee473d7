"""The scheduler: gives ready ops free contexts of PEs, and moves them there from the queue."""

from __future__ import annotations

from o3sim.compiled.bit_set import first_bit, first_word, has_bit
from o3sim.compiled.contexts import enter_if_idle
from o3sim.compiled.free_pes import change_free, least_loaded
from o3sim.compiled.issue_queue import leave_queue, note_selected, take_selected
from o3sim.compiled.kernel import NEVER, inlined
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.issue_queue import bank_at, queued_slot
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.pe_array import KEY_SHIFT, context_at, pe_at
from o3sim.compiled.records.settings import IN_ORDER, LOCKSTEP
from o3sim.compiled.records.trace import ISSUE_UNIT
from o3sim.compiled.ring import put_due
from o3sim.compiled.scoreboard import count_in_flight
from o3sim.compiled.skip_ahead import touch
from o3sim.compiled.trace import note_event
from o3sim.contract.events import EventKind


@inlined
def schedule(x: Memory, cycle: int, more_coming: bool) -> None:
    """Select this cycle's ops, and issue those that were selected ``select_cycles`` ago."""
    _select_ops(x, cycle, more_coming)
    if x.settings.select_cycles > 0:
        slot = take_selected(x, cycle)
        while slot >= 0:
            touch(x, op_at(x.ops, slot).pe, cycle)
            _issue(x, slot, cycle)
            slot = take_selected(x, cycle)


@inlined
def _select_ops(x: Memory, cycle: int, more_coming: bool) -> None:
    """Select this cycle's ops."""
    quota = x.pe_array.free_contexts
    if quota == 0 or x.issue_queue.n_held == x.issue_queue.n_selected:
        return
    if x.settings.banks > 1:
        for bank in range(x.settings.banks):
            if least_loaded(x, bank) >= 0:
                _select_oldest(x, bank, cycle)
        return
    if x.settings.policy == LOCKSTEP:
        group = x.settings.pes * x.settings.contexts
        if quota < group or (x.issue_queue.n_held < group and more_coming):
            return
    else:
        quota = min(quota, x.settings.issue_width_ops)
    while quota > 0:
        if not _select_oldest(x, 0, cycle):
            return
        quota -= 1


@inlined
def _select_oldest(x: Memory, number: int, cycle: int) -> bool:
    """Select the op of a bank that the policy takes next; False if there is none."""
    place = _oldest(x, number)
    if place < 0:
        return False
    index = place - (number * x.issue_queue.bank_words << 6)
    _select(x, queued_slot(x.issue_queue, index).slot, cycle)
    return True


@inlined
def _oldest(x: Memory, number: int) -> int:
    """Find the op of a bank that the policy takes next, by its bit; -1 if there is none."""
    queue, bank = x.issue_queue, bank_at(x.issue_queue, number)
    if x.settings.policy != IN_ORDER:
        bank.ready_low = first_word(queue.ready, bank.ready_low, bank.top)
        return first_bit(queue.ready, bank.ready_low) if bank.ready_low <= bank.top else -1
    bank.held_low = first_word(queue.held, bank.held_low, bank.top)
    if bank.held_low > bank.top:
        return -1
    place = first_bit(queue.held, bank.held_low)
    return place if has_bit(queue.ready, place) else -1


@inlined
def _select(x: Memory, slot: int, cycle: int) -> None:
    """Give an op a context of the free PE that holds fewest, the lowest of them; issue it, now or later."""
    issue_cycle = cycle + x.settings.select_cycles
    if issue_cycle > cycle:
        note_selected(x, slot, issue_cycle)
    else:
        leave_queue(x, slot)
    x.clock.moved = 1
    if x.layer.prunes_pooling:
        count_in_flight(x, slot)
    pe = least_loaded(x, op_at(x.ops, slot).bank)
    touch(x, pe, cycle)
    enter_if_idle(x, pe)
    change_free(x, pe, -1)
    pe_at(x.pe_array, pe).occupied += 1
    change_free(x, pe, 1)
    first = pe * x.settings.contexts
    place = first
    while context_at(x.pe_array, place).slot >= 0:
        place += 1
    op = op_at(x.ops, slot)
    op.pe = pe
    op.context = place
    _fill(x, slot, issue_cycle + x.settings.issue_latency_cycles)
    if issue_cycle == cycle:
        _issue(x, slot, cycle)


@inlined
def _issue(x: Memory, slot: int, cycle: int) -> None:
    """Let an op that left the queue begin; one that needs no word is known in the cycle after it is there."""
    x.counts.issued += 1
    x.counts.queue_reads += 1
    x.clock.moved = 1
    op = op_at(x.ops, slot)
    which = op.context - op.pe * x.settings.contexts
    if op.decided_words == 0:
        put_due(x.pe_array.constants, cycle + x.settings.issue_latency_cycles + 1, slot)
        op.pending = 1
    else:
        context_at(x.pe_array, op.context).key = op.index << KEY_SHIFT | which
    if x.trace.is_on:
        note_event(x, cycle, EventKind.ISSUE, op.index, op.pe * ISSUE_UNIT + which, 0)


@inlined
def _fill(x: Memory, slot: int, ready_cycle: int) -> None:
    """Put an op into its context, where it takes no word before it is issued, or none at all."""
    op = op_at(x.ops, slot)
    context = context_at(x.pe_array, op.context)
    context.slot = slot
    context.ready_cycle = ready_cycle if op.decided_words > 0 else NEVER
    context.index = op.index
    context.key = NEVER
    context.words_in = 0
    context.gathered = 0
    context.words = op.words
    context.milestone = op.decided_words
    context.activation_base = op.activation_base
    context.weight_base = op.weight_base
    context.addend_base = op.addend_base
    context.first_word = op.first_word
