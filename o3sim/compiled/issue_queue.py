"""The issue queue: ops that wait for a PE, and which of them are ready."""

from __future__ import annotations

from o3sim.compiled.bit_set import clear_bit, set_bit
from o3sim.compiled.contexts import release
from o3sim.compiled.kernel import inlined
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import free_slot, window_of
from o3sim.compiled.records.issue_queue import arriving_at, bank_at, queued_slot
from o3sim.compiled.records.ops import Op, link_at, op_at
from o3sim.compiled.records.scoreboard import newly_settled_at, window_at
from o3sim.compiled.records.trace import QUEUE
from o3sim.compiled.ring import put_due, take_due
from o3sim.compiled.skip_ahead import touch
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import op_ended
from o3sim.contract.events import EventKind


@inlined
def is_settled(x: Memory, slot: int) -> bool:
    """Return whether all windows of an op are seen to be 1."""
    for k in range(x.layer.overlap):
        window = window_of(x, slot, k)
        if window >= 0 and window_at(x.scoreboard, window).settled == 0:
            return False
    return True


@inlined
def _is_ready(x: Memory, slot: int) -> bool:
    """Return whether fewer than the limit of each undecided window of an op are in flight."""
    for k in range(x.layer.overlap):
        number = window_of(x, slot, k)
        if number >= 0:
            window = window_at(x.scoreboard, number)
            if window.settled == 0 and window.in_flight >= x.settings.window_in_flight_ops:
                return False
    return True


@inlined
def _place_of(x: Memory, op: Op) -> int:
    """Return which bit of the sets an op is."""
    return (op.bank * x.issue_queue.bank_words << 6) + op.index


@inlined
def _mark_ready(x: Memory, op: Op) -> None:
    """Let the scheduler see an op as ready."""
    place, bank = _place_of(x, op), bank_at(x.issue_queue, op.bank)
    set_bit(x.issue_queue.ready, place)
    bank.ready_low = min(bank.ready_low, place >> 6)


@inlined
def arrive(x: Memory, slot: int) -> None:
    """Take an op that is dispatched; it can be seen from the next cycle on."""
    arriving_at(x.issue_queue, x.issue_queue.n_arriving).slot = slot
    x.issue_queue.n_arriving += 1
    bank_at(x.issue_queue, op_at(x.ops, slot).bank).taken += 1


@inlined
def enqueue_arrivals(x: Memory) -> None:
    """Let this cycle's arrivals be seen from the next."""
    queue = x.issue_queue
    for k in range(queue.n_arriving):
        slot = arriving_at(queue, k).slot
        op = op_at(x.ops, slot)
        place, bank = _place_of(x, op), bank_at(queue, op.bank)
        queued_slot(queue, op.index).slot = slot
        set_bit(queue.held, place)
        bank.held_low = min(bank.held_low, place >> 6)
        bank.top = place >> 6
        if x.layer.prunes_pooling:
            _enter_windows(x, slot)
            if not _is_ready(x, slot):
                continue
        _mark_ready(x, op)
    queue.n_held += queue.n_arriving
    queue.n_arriving = 0


@inlined
def _enter_windows(x: Memory, slot: int) -> None:
    """Put an op into the lists of its windows."""
    for k in range(x.layer.overlap):
        number = slot * x.layer.overlap + k
        link = link_at(x.ops, number)
        if link.window >= 0:
            window = window_at(x.scoreboard, link.window)
            link.next = window.first_link
            window.first_link = number


@inlined
def note_selected(x: Memory, slot: int, issue_cycle: int) -> None:
    """Let an op stay in the queue, no more to be selected, until it is issued."""
    queue, op = x.issue_queue, op_at(x.ops, slot)
    place = _place_of(x, op)
    clear_bit(queue.held, place)
    clear_bit(queue.ready, place)
    queue.n_selected += 1
    put_due(queue.selected, issue_cycle, slot)
    op.selected = 1
    op.pending = 1


@inlined
def take_selected(x: Memory, cycle: int) -> int:
    """Take an op out of the queue that is to be issued in a cycle; -1 if there is none."""
    slot = take_due(x.issue_queue.selected, cycle)
    while slot >= 0 and op_at(x.ops, slot).squashed:
        free_slot(x, slot)
        slot = take_due(x.issue_queue.selected, cycle)
    if slot >= 0:
        op = op_at(x.ops, slot)
        op.selected = 0
        op.pending = 0
        x.issue_queue.n_selected -= 1
        leave_queue(x, slot)
    return slot


@inlined
def leave_queue(x: Memory, slot: int) -> None:
    """Take an op out of the queue and out of the lists of its windows."""
    queue = x.issue_queue
    op = op_at(x.ops, slot)
    place = _place_of(x, op)
    clear_bit(queue.held, place)
    clear_bit(queue.ready, place)
    bank_at(queue, op.bank).taken -= 1
    queue.n_held -= 1
    if not x.layer.prunes_pooling:
        return
    for k in range(x.layer.overlap):
        number = slot * x.layer.overlap + k
        if link_at(x.ops, number).window >= 0:
            _leave_window(x, number)


@inlined
def _leave_window(x: Memory, number: int) -> None:
    """Take a link out of the list of its window."""
    link = link_at(x.ops, number)
    window = window_at(x.scoreboard, link.window)
    if window.first_link == number:
        window.first_link = link.next
        return
    before = link_at(x.ops, window.first_link)
    while before.next != number:
        before = link_at(x.ops, before.next)
    before.next = link.next


@inlined
def _slot_of_link(x: Memory, number: int) -> int:
    """Return the op that a link is of."""
    return number if x.layer.overlap == 1 else number // x.layer.overlap


@inlined
def recheck(x: Memory, window: int) -> None:
    """Look again which queued ops of a window are ready, but for those that are selected."""
    number = window_at(x.scoreboard, window).first_link
    while number >= 0:
        slot = _slot_of_link(x, number)
        op = op_at(x.ops, slot)
        if op.selected == 0:
            if _is_ready(x, slot):
                _mark_ready(x, op)
            else:
                clear_bit(x.issue_queue.ready, _place_of(x, op))
        number = link_at(x.ops, number).next


@inlined
def squash_in_queue(x: Memory, cycle: int) -> None:
    """Drop the queued ops of windows newly seen to be 1."""
    board = x.scoreboard
    for k in range(board.n_newly_settled):
        number = window_at(board, newly_settled_at(board, k).window).first_link
        while number >= 0:
            slot = _slot_of_link(x, number)
            number = link_at(x.ops, number).next
            if is_settled(x, slot):
                _squash(x, slot, cycle)
    board.n_newly_settled = 0


@inlined
def _squash(x: Memory, slot: int, cycle: int) -> None:
    """Drop a queued op; if it is selected, its record is free when its issue would have been."""
    op = op_at(x.ops, slot)
    leave_queue(x, slot)
    x.counts.squashed_queue += 1
    x.counts.edges_pruned_pooling += op.n_edges
    if x.trace.is_on:
        note_event(x, cycle, EventKind.SQUASH, op.index, QUEUE, 0)
    op_ended(x, op.group, cycle)
    if op.selected:
        touch(x, op.pe, cycle)
        release(x, op.pe, op.context)
        x.issue_queue.n_selected -= 1
        op.squashed = 1
    else:
        free_slot(x, slot)
