"""Pooling windows that are pruned, where the queue is in banks: as in one, but that ops have places there."""

from __future__ import annotations

from o3sim.compiled.bit_set import clear_bit, has_bit, set_bit
from o3sim.compiled.fast.how import How
from o3sim.compiled.fast.queue_banks.asking import ask_again
from o3sim.compiled.fast.queue_banks.records import BankMemory, bank_at, bank_of_word, place_of
from o3sim.compiled.fast.records import listed_first, listed_step, settled_at
from o3sim.compiled.fast.windows import count_begun, drop, showing, window_of
from o3sim.compiled.kernel import inlined


@inlined
def _make_ready(x: BankMemory, _how: How, window: int) -> None:
    """Let the queued ops of a window be ready."""
    op = listed_first(x.layer, window)
    for _ in range(x.layer.members):
        place = place_of(x.queue, op)
        if has_bit(x.queue.held, place):
            set_bit(x.queue.ready, place)
            number = bank_of_word(x.queue, place >> 6)
            bank = bank_at(x.queue, number)
            bank.ready_low = min(bank.ready_low, place >> 6)
            ask_again(x, number)
        op += listed_step(x.layer, window)


show_to_banks = showing(_make_ready)


@inlined
def begin(x: BankMemory, how: How, op: int, place: int) -> None:
    """Let an op leave its bank: where its window has no room for more, the others are ready no more."""
    window = window_of(x, how, op)
    clear_bit(x.queue.held, place)
    if count_begun(x, window):
        clear_bit(x.queue.ready, place)
        return
    op = listed_first(x.layer, window)
    for _ in range(x.layer.members):
        clear_bit(x.queue.ready, place_of(x.queue, op))
        op += listed_step(x.layer, window)


@inlined
def squash_in_banks(x: BankMemory, _how: How, cycle: int) -> None:
    """Drop the queued ops of windows newly seen to be 1."""
    queue = x.queue
    for k in range(queue.n_settled):
        window = settled_at(queue, k).number
        op = listed_first(x.layer, window)
        for _ in range(x.layer.members):
            place = place_of(x.queue, op)
            if has_bit(queue.held, place):
                clear_bit(queue.held, place)
                clear_bit(queue.ready, place)
                number = bank_of_word(x.queue, place >> 6)
                bank_at(x.queue, number).taken -= 1
                ask_again(x, number)  # in order the next one may be ready
                drop(x, op, cycle)
            op += listed_step(x.layer, window)
