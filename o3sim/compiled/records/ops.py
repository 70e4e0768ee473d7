"""Ops between dispatch and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


class Op:
    """An op; numbered by its slot, for its record is another op's when it is done with.

    Attributes
    ----------
    index : int
        Its place in program order, and its age.
    bank : int
        Of the issue queue.
    n_edges, words, decided_words : int
        Its edges and words, and the words that decide it.
    outcome : int
    first_word : int
        First word of its row of the tables of operand addresses.
    activation_base, weight_base : int
        Bit and word to which those addresses are relative.
    addend_base : int
        Bit at which what it adds begins.
    group : int
        Its weight group, counted from the layer's first.
    words_in : int
        Words that went in, once it left its PE.
    pe, context : int
        Context, counted over all PEs; -1 if it is in none.
    selected : int
        Whether it is selected, and not issued yet.
    pending, squashed : int
        Whether its issue or its verdict is under way; whether it was squashed meanwhile.
    late, retired : int
        Whether its verdict could not be written at once; whether it was written.
    """

    index: int
    bank: int
    n_edges: int
    words: int
    decided_words: int
    outcome: int
    first_word: int
    activation_base: int
    weight_base: int
    addend_base: int
    group: int
    words_in: int
    pe: int
    context: int
    selected: int
    pending: int
    squashed: int
    late: int
    retired: int


class Link:
    """One of an op's windows, -1 if it is in fewer, and the next queued op of that window, by its link."""

    window: int
    next: int


class Slot:
    """An op, in a list of ops."""

    slot: int


class Ops:
    """The records of ops: of each ``layer.overlap`` links, and which are free."""

    ops: Table[Op]
    links: Table[Link]
    free: Table[Slot]
    n_free: int


op_at = rows("ops", Op)
link_at = rows("links", Link)
free_slot_at = rows("free", Slot)


def most_ops(architecture: Architecture, ops: int) -> int:
    """Return how many ops can be between dispatch and their end.

    Dispatched ops wait in the queue; each PE holds its contexts, has at most a verdict a cycle under
    way for its latency, and stalls while one waits to be written; retired ops wait to be seen. Of each
    context ops can be squashed, one a cycle, whose issue is under way.
    """
    pe = architecture.pe
    in_pes = pe.count * (2 * pe.contexts + 2 * pe.latency_cycles + 2)
    if not architecture.scheduler.has_queue:
        return min(ops, in_pes) + 2
    in_pes += pe.count * architecture.scheduler.select_cycles * pe.contexts
    shown = architecture.output_buffer.write_width_ops * (architecture.pruning.squash_latency_cycles + 1)
    return min(ops, architecture.issue_queue.depth_ops + in_pes + shown) + 2


def ops_of(slots: int, overlap: int) -> dict[str, Any]:
    """Begin with all records free."""
    return {
        "ops": records(Op, slots),
        "links": records(Link, slots * overlap),
        "free": records(Slot, slots, slot=np.arange(slots)),
        "n_free": slots,
    }
