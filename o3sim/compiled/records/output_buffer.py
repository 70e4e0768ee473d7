"""The output buffer: outcomes that are known and not written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from o3sim.compiled.allocation import records
from o3sim.compiled.bit_set import BitSet, bit_set_of
from o3sim.compiled.record import Table, rows
from o3sim.compiled.records.ops import Slot

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


class Queue:
    """A PE's outcomes that wait, known first in front: the slots of the first and the last."""

    first: int
    last: int


class Follower:
    """The slot of the outcome that waits behind one, by its slot; -1 behind the last."""

    slot: int


class OutputBuffer:
    """Outcomes.

    Attributes
    ----------
    newly_known, n_newly_known : table, int
        Those known from this cycle on.
    share_pes : int
        Whether several of these may be of one PE.
    waiting, n_waiting : set, int
        PEs with outcomes that wait longer.
    queues, followers : table
        Those outcomes, by PE.
    next_pe : int
        The PE whose turn it is.
    """

    newly_known: Table[Slot]
    n_newly_known: int
    share_pes: int
    waiting: BitSet
    n_waiting: int
    queues: Table[Queue]
    followers: Table[Follower]
    next_pe: int


newly_known_at = rows("newly_known", Slot)
queue_at = rows("queues", Queue)
follower_of = rows("followers", Follower)


def output_buffer_of(architecture: Architecture, slots: int) -> dict[str, Any]:
    """Begin with no outcome."""
    pes = architecture.pe.count
    return {
        "newly_known": records(Slot, slots),
        "waiting": bit_set_of((pes + 63) // 64),
        "queues": records(Queue, pes, first=-1),
        "followers": records(Follower, slots),
    }
