"""What a fast layer remembers of the banks of its queue.

Ops have places bank by bank, in program order within each, and each bank begins with a new word of the sets
of places. So a bank is to its places what one queue is to all ops: they come in ascending order, and the
oldest op has the lowest.
"""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import BitSet
from o3sim.compiled.fast.records import FastMemory, Queue
from o3sim.compiled.record import Table, numbers, rows


class Bank:
    """A bank.

    Attributes
    ----------
    taken : int
        Ops that it has, those dispatched in this cycle included.
    head, seen : int
        Where windows are not pruned, it holds the places from ``head`` on and before ``seen``.
    held_low, ready_low, top : int
        Else no word of its part of the sets below the first two, or above the third, has a bit.
    """

    taken: int
    head: int
    seen: int
    held_low: int
    ready_low: int
    top: int


class Op:
    """The number of an op."""

    number: np.uint32


class BankedQueue(Queue):
    """The queue.

    Attributes
    ----------
    banks : table
    op_at : table
        Op of each place that was dispatched.
    place_of : table
        Of each op.
    bank_of_word : table
        Bank of each word of the sets of places.
    pes_shift : int
        Which power of two the PEs of a bank are; -1 if they are none.
    asking : set
        PEs whose bank may have an op to select.
    """

    banks: Table[Bank]
    op_at: Table[Op]
    place_of: Table[np.uint32]
    bank_of_word: Table[np.uint32]
    pes_shift: int
    asking: BitSet


class BankMemory(FastMemory):
    """All that a layer needs while it runs."""

    queue: BankedQueue


bank_at = rows("banks", Bank)
op_at = rows("op_at", Op)
place_of = numbers("place_of", np.uint32)
bank_of_word = numbers("bank_of_word", np.uint32)
