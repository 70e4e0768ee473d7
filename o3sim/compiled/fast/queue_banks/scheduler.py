"""What each bank of the queue selects, and for which of its PEs."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.fast.bits import NONE, lowest
from o3sim.compiled.fast.how import NO_WINDOWS, How, contexts_of, windows_kind
from o3sim.compiled.fast.queue_banks.asking import ask_no_more, pes_of_word
from o3sim.compiled.fast.queue_banks.records import BankMemory, bank_at, op_at
from o3sim.compiled.fast.queue_banks.windows import begin
from o3sim.compiled.fast.sets import part, set_words
from o3sim.compiled.fast.windows import find_oldest
from o3sim.compiled.kernel import as_int, inlined, noinline, quotient


def selecting_in_banks(give: Any) -> Any:
    """Make the step that selects an op out of each bank, and gives it so to a PE."""

    @inlined
    def select(x: BankMemory, how: How, cycle: int, _more_coming: bool) -> None:
        """Select an op out of each bank that has one, and a free context."""
        if x.queue.n_held == 0:
            return
        pes, end = x.settings.pes, 0
        for word in range(set_words(x, how)):
            free = _free_that_ask(x, how, word) & pes_of_word(word, end, pes)
            while free != NONE:
                bank = quotient((word << 6) + lowest(free), x.settings.bank_pes, x.queue.pes_shift)
                end = (bank + 1) * x.settings.bank_pes
                free &= pes_of_word(word, end, pes)
                op = _take_oldest(x, how, bank)
                if op < 0:
                    ask_no_more(x, bank)
                else:
                    pe = bank if x.settings.bank_pes == 1 else _least_loaded(x, how, bank)
                    give(x, how, op, pe, cycle)

    return select


@inlined
def _free_that_ask(x: BankMemory, how: How, word: int) -> np.uint64:
    """Return which PEs of a word have a free context, and a bank that may have an op for it."""
    free = NONE
    for held in range(contexts_of(x, how)):
        free |= part(x.pes.free, x, how, held, word)
    return free & word_at(x.queue.asking, word).bits


@inlined
def _take_oldest(x: BankMemory, how: How, number: int) -> int:
    """Take the op that the policy selects next out of a bank; -1 if there is none."""
    bank = bank_at(x.queue, number)
    if windows_kind(x, how) == NO_WINDOWS:
        if bank.head == bank.seen:
            return -1
        op = as_int(op_at(x.queue, bank.head).number)
        bank.head += 1
    else:
        place = find_oldest(x, bank)
        if place < 0:
            return -1
        op = as_int(op_at(x.queue, place).number)
        begin(x, how, op, place)
    bank.taken -= 1
    x.queue.n_held -= 1
    return op


@noinline
def _least_loaded(x: BankMemory, how: How, bank: int) -> int:
    """Find the free PE of a bank that holds fewest, the lowest of them; there is one."""
    begins, ends = bank * x.settings.bank_pes, (bank + 1) * x.settings.bank_pes
    for held in range(contexts_of(x, how)):
        for word in range(begins >> 6, (ends + 63) >> 6):
            bits = part(x.pes.free, x, how, held, word) & pes_of_word(word, begins, ends)
            if bits != NONE:
                return (word << 6) + lowest(bits)
    return -1
