"""Pooling windows that are pruned: which are settled, and which of their queued ops are ready."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.bit_set import clear_bit, first_bit, first_word, has_bit, set_bit, word_at
from o3sim.compiled.fast.bits import NONE, bits_in, lowest
from o3sim.compiled.fast.how import WINDOWS_OF_4, How, windows_kind
from o3sim.compiled.fast.op_records import border_of_op, is_one
from o3sim.compiled.fast.queue_banks.records import Bank
from o3sim.compiled.fast.records import (
    FastMemory,
    Queue,
    edges_of,
    listed_first,
    listed_step,
    listed_window,
    op_record,
    settled_at,
    state_at,
)
from o3sim.compiled.fast.weights import count_ended
from o3sim.compiled.kernel import ONE, as_int, inlined
from o3sim.compiled.records.settings import IN_ORDER
from o3sim.compiled.ring import take_due

SETTLED = 255
"""State of a window seen to be 1; of others, how many of its ops are in flight."""
_NIBBLE = np.uint64(15)


@inlined
def window_of(x: FastMemory, how: How, op: int) -> int:
    """Return the window of an op."""
    return op >> 2 if windows_kind(x, how) == WINDOWS_OF_4 else listed_window(x.layer, op)


@inlined
def is_settled(x: FastMemory, how: How, op: int) -> bool:
    """Return whether the window of an op is seen to be 1."""
    return state_at(x.queue, window_of(x, how, op)).state == SETTLED


def showing(make_ready: Any) -> Any:
    """Make the step that shows outcomes, of a queue that lets the ops of a window be ready so."""

    @inlined
    def show(x: FastMemory, how: How, cycle: int) -> None:
        """Let outcomes be seen that were written ``squash_latency`` cycles ago."""
        queue = x.queue
        queue.n_settled = 0
        op = take_due(queue.shown, cycle)
        while op >= 0:
            window = window_of(x, how, op)
            in_flight = as_int(state_at(queue, window).state)
            if in_flight != SETTLED:
                if is_one(op_record(x.layer, op)):
                    state_at(queue, window).state = np.uint8(SETTLED)
                    settled_at(queue, queue.n_settled).number = window
                    queue.n_settled += 1
                else:
                    state_at(queue, window).state = np.uint8(in_flight - 1)
                    if in_flight == x.settings.window_in_flight_ops:
                        make_ready(x, how, window)
            x.clock.moved = 1
            op = take_due(queue.shown, cycle)

    return show


@inlined
def _make_ready(x: FastMemory, how: How, window: int) -> None:
    """Let the queued ops of a window be ready."""
    queue = x.queue
    if windows_kind(x, how) == WINDOWS_OF_4:
        word = window >> 4
        mine = word_at(queue.held, word).bits & _NIBBLE << np.uint64((window & 15) << 2)
        if mine != NONE:
            word_at(queue.ready, word).bits |= mine
            queue.ready_low = min(queue.ready_low, word)
        return
    op = listed_first(x.layer, window)
    for _ in range(x.layer.members):
        if has_bit(queue.held, op):
            set_bit(queue.ready, op)
            queue.ready_low = min(queue.ready_low, op >> 6)
        op += listed_step(x.layer, window)


show = showing(_make_ready)


@inlined
def hold(x: FastMemory, how: How, op: int, place: int, part: Queue | Bank) -> None:
    """Let an op be seen in the queue, or in its bank, where it has a place in the sets."""
    queue = x.queue
    set_bit(queue.held, place)
    if state_at(queue, window_of(x, how, op)).state < x.settings.window_in_flight_ops:
        set_bit(queue.ready, place)
        part.ready_low = min(part.ready_low, place >> 6)
    part.held_low = min(part.held_low, place >> 6)
    part.top = place >> 6


@inlined
def find_oldest(x: FastMemory, part: Queue | Bank) -> int:
    """Find the place of the op that the policy selects next out of the queue, or a bank; -1 if none is."""
    queue = x.queue
    if x.settings.policy != IN_ORDER:
        part.ready_low = first_word(queue.ready, part.ready_low, part.top)
        return first_bit(queue.ready, part.ready_low) if part.ready_low <= part.top else -1
    part.held_low = first_word(queue.held, part.held_low, part.top)
    if part.held_low > part.top:
        return -1
    place = first_bit(queue.held, part.held_low)
    return place if has_bit(queue.ready, place) else -1


@inlined
def count_begun(x: FastMemory, window: int) -> bool:
    """Count an op of a window that begins; return whether more of it may."""
    state = state_at(x.queue, window)
    in_flight = as_int(state.state) + 1
    state.state = np.uint8(in_flight)
    return in_flight < x.settings.window_in_flight_ops


@inlined
def begin(x: FastMemory, how: How, op: int) -> None:
    """Let an op leave the queue: where its window has no place for more, the others are ready no more."""
    queue = x.queue
    window = window_of(x, how, op)
    clear_bit(queue.held, op)
    if count_begun(x, window):
        clear_bit(queue.ready, op)
        return
    if windows_kind(x, how) == WINDOWS_OF_4:
        word_at(queue.ready, window >> 4).bits &= ~(_NIBBLE << np.uint64((window & 15) << 2))
        return
    op = listed_first(x.layer, window)
    for _ in range(x.layer.members):
        clear_bit(queue.ready, op)
        op += listed_step(x.layer, window)


@inlined
def squash_in_queue(x: FastMemory, how: How, cycle: int) -> None:
    """Drop the queued ops of windows newly seen to be 1."""
    queue = x.queue
    for k in range(queue.n_settled):
        window = settled_at(queue, k).number
        if windows_kind(x, how) == WINDOWS_OF_4:
            _squash_four(x, window, cycle)
            continue
        op = listed_first(x.layer, window)
        for _ in range(x.layer.members):
            if has_bit(queue.held, op):
                clear_bit(queue.held, op)
                clear_bit(queue.ready, op)
                drop(x, op, cycle)
            op += listed_step(x.layer, window)


@inlined
def _squash_four(x: FastMemory, window: int, cycle: int) -> None:
    """Drop the queued ops of a window whose four ops are bits beside each other."""
    queue = x.queue
    word, four = window >> 4, _NIBBLE << np.uint64((window & 15) << 2)
    dropped = word_at(queue.held, word).bits & four
    word_at(queue.held, word).bits &= ~four
    word_at(queue.ready, word).bits &= ~four
    queue.n_held -= bits_in(dropped)
    x.counts.squashed_queue += bits_in(dropped)
    while dropped != NONE:
        op = (word << 6) + lowest(dropped)
        dropped &= dropped - ONE
        x.counts.edges_pruned_pooling += edges_of(x.layer, border_of_op(op_record(x.layer, op)))
        count_ended(x, op, cycle)


@inlined
def drop(x: FastMemory, op: int, cycle: int) -> None:
    """Count a queued op that is dropped."""
    x.queue.n_held -= 1
    x.counts.squashed_queue += 1
    x.counts.edges_pruned_pooling += edges_of(x.layer, border_of_op(op_record(x.layer, op)))
    count_ended(x, op, cycle)
