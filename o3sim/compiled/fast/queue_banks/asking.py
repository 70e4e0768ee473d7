"""Which PEs have a bank that may have an op for them: if it had none, not until something happens to it."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import has_bit, word_at
from o3sim.compiled.fast.bits import NONE, bit
from o3sim.compiled.fast.queue_banks.records import BankMemory
from o3sim.compiled.kernel import ONE, inlined, noinline


@inlined
def pes_of_word(word: int, first: int, end: int) -> np.uint64:
    """Return the bits of a word that are PEs from one on and before another."""
    bits = ~NONE
    if first > word << 6:
        bits = ~(bit(first) - ONE) if first < (word + 1) << 6 else NONE
    if end < (word + 1) << 6:
        bits &= bit(end) - ONE if end > word << 6 else NONE
    return bits


@inlined
def ask_again(x: BankMemory, bank: int) -> None:
    """Let the PEs of a bank ask it for ops: something happened to it."""
    if not has_bit(x.queue.asking, bank * x.settings.bank_pes):
        _set_all(x, bank, True)


@inlined
def ask_no_more(x: BankMemory, bank: int) -> None:
    """Let the PEs of a bank ask it for no op: it has none."""
    _set_all(x, bank, False)


@noinline
def _set_all(x: BankMemory, bank: int, ask: bool) -> None:
    """Set or clear the bits of the PEs of a bank."""
    first, end = bank * x.settings.bank_pes, (bank + 1) * x.settings.bank_pes
    for word in range(first >> 6, (end + 63) >> 6):
        asking, bits = word_at(x.queue.asking, word), pes_of_word(word, first, end)
        if ask:
            asking.bits |= bits
        else:
            asking.bits &= ~bits
