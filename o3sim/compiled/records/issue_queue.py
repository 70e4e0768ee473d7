"""The issue queue: ops that wait for a PE."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.allocation import records
from o3sim.compiled.bit_set import BitSet, bit_set_of
from o3sim.compiled.record import Table, rows
from o3sim.compiled.records.ops import Slot
from o3sim.compiled.ring import Ring, ring_of


class Bank:
    """A bank of the queue.

    Attributes
    ----------
    taken : int
        Its places that ops have, those dispatched in this cycle included.
    held_low, ready_low, top : int
        No word of its part of the sets below the first two, or above the third, has a bit.
    """

    taken: int
    held_low: int
    ready_low: int
    top: int


class IssueQueue:
    """Queued ops, as bits by index, those of each bank in a part of the sets of its own.

    Attributes
    ----------
    n_held : int
        Ops in the queue.
    held, ready : set
        Those that are not selected, and those that may be.
    selected, n_selected : ring, int
        Ops that are selected, by the cycle of their issue, and how many of them are in the queue.
    slots : table
        Record of each op of the layer that was queued, by index.
    arriving, n_arriving : table, int
        Ops dispatched in this cycle.
    banks : table
    bank_words : int
        Words of a bank's part of the sets.
    """

    held: BitSet
    ready: BitSet
    selected: Ring
    slots: Table[Slot]
    arriving: Table[Slot]
    n_held: int
    n_selected: int
    n_arriving: int
    banks: Table[Bank]
    bank_words: int


bank_at = rows("banks", Bank)
queued_slot = rows("slots", Slot)
arriving_at = rows("arriving", Slot)


def issue_queue_of(ops: int, sequencer_width_ops: int, banks: int, most_selected: int) -> dict[str, Any]:
    """Begin with an empty queue."""
    words = ops // 64 + 2
    first = np.arange(banks) * words
    return {
        "held": bit_set_of(words * banks),
        "ready": bit_set_of(words * banks),
        "banks": records(Bank, banks, held_low=first, ready_low=first, top=first),
        "bank_words": words,
        "selected": ring_of(most_selected),
        "slots": records(Slot, ops),
        "arriving": records(Slot, min(sequencer_width_ops, ops)),
    }
