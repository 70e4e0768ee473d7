"""The sequencer, where the queue is in banks: each op is dispatched to its own."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.fast.how import NO_WINDOWS, How, windows_kind
from o3sim.compiled.fast.queue_banks.asking import ask_again
from o3sim.compiled.fast.queue_banks.records import BankMemory, bank_at, bank_of_word, op_at, place_of
from o3sim.compiled.fast.records import arriving_at
from o3sim.compiled.fast.sequencer import count_arrivals, pass_by, send, step
from o3sim.compiled.fast.weights import has_arrived
from o3sim.compiled.fast.windows import hold, is_settled
from o3sim.compiled.kernel import inlined


@inlined
def sequence_to_banks(x: BankMemory, how: How, cycle: int) -> None:
    """Squash each op of a settled window, dispatch each other up to one whose bank is full."""
    queue = x.queue
    queue.n_arriving = 0
    for _ in range(x.settings.sequencer_width_ops):
        op = queue.next_op
        if op == x.layer.ops or not has_arrived(x, cycle):
            return
        place = place_of(x.queue, op)
        bank = bank_at(x.queue, bank_of_word(x.queue, place >> 6))
        if windows_kind(x, how) != NO_WINDOWS and is_settled(x, how, op):
            pass_by(x, op, cycle)
        elif bank.taken < x.settings.bank_depth_ops:
            bank.taken += 1
            op_at(x.queue, place).number = np.uint32(op)
            send(x, op)
        else:
            return
        step(x)


@inlined
def enqueue_in_banks(x: BankMemory, how: How) -> None:
    """Let this cycle's arrivals be seen from the next."""
    count_arrivals(x)
    for k in range(x.queue.n_arriving):
        op = arriving_at(x.queue, k).number
        place = place_of(x.queue, op)
        number = bank_of_word(x.queue, place >> 6)
        bank = bank_at(x.queue, number)
        bank.seen = place + 1
        ask_again(x, number)
        if windows_kind(x, how) != NO_WINDOWS:
            hold(x, how, op, place, bank)
