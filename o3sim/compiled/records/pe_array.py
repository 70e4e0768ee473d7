"""The PE array: PEs, their contexts, and verdicts that are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.compiled.allocation import records
from o3sim.compiled.bit_set import BitSet, bit_set_of
from o3sim.compiled.kernel import NEVER
from o3sim.compiled.record import Table, rows
from o3sim.compiled.ring import Ring, ring_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

OUT_BIT = 50
OUT = 1 << OUT_BIT  # above any context's key
NOT_YET = 2**61  # far above OUT; NEVER and it together are still a number
KEY_SHIFT = 16
KEY_MASK = 2**KEY_SHIFT - 1


class Context:
    """A context of a PE.

    Attributes
    ----------
    ready_cycle : int
        First cycle in which the verdict on its last word is in; NEVER if it takes no word.
    key : int
        Its op's age << KEY_SHIFT | which context of the PE; NEVER if it takes no word, or is yet to be
        issued. While ``ready_cycle`` is to come, OUT counts as added to it once a word is in, NOT_YET
        before.
    words_in : int
    milestone : int
        Number of the next word that changes more than the context: that decides the op, then its last.
    first_word, activation_base, weight_base : int
        As of the op.
    slot : int
        The op; -1 if there is none. What comes before, and this, is one cache line: all of a word.
    words, index : int
        As of the op.
    gathered : int
        Buffer words read for the next word.
    addend_base : int
        As of the op.
    """

    ready_cycle: int
    key: int
    words_in: int
    milestone: int
    first_word: int
    activation_base: int
    weight_base: int
    slot: int
    words: int
    index: int
    gathered: int
    addend_base: int


class PE:
    """A PE; what is planned for it is for PEs that are skipped ahead.

    Attributes
    ----------
    occupied : int
        Contexts that hold an op.
    late_verdicts : int
        Verdicts that wait to be written.
    caught_up_cycle : int
        Words of all cycles before are in.
    planned_cycle : int
        Next cycle in which a word decides or ends an op; NEVER if none is known.
    next_planned, last_planned : int
        Its neighbours among the PEs planned for that cycle; -1 at the ends.
    touched : int
        Whether its ops changed in this cycle.
    """

    occupied: int
    late_verdicts: int
    caught_up_cycle: int
    planned_cycle: int
    next_planned: int
    last_planned: int
    touched: int


class PEArray:
    """All PEs.

    Attributes
    ----------
    pes, contexts : table
    set_words : int
        Words of a set of PEs.
    busy, n_busy : set, int
        PEs that hold an op or an unwritten verdict.
    free : set
        PEs that can be given an op: a set for each number of ops they hold, one behind the other.
    free_contexts : int
        Free contexts of those.
    late_verdicts : int
        Verdicts that wait to be written.
    verdicts, constants : ring
        Ops whose outcome will be known: by a word, and those that need none.
    """

    pes: Table[PE]
    contexts: Table[Context]
    set_words: int
    busy: BitSet
    n_busy: int
    free: BitSet
    free_contexts: int
    late_verdicts: int
    verdicts: Ring
    constants: Ring


pe_at = rows("pes", PE)
context_at = rows("contexts", Context)


def pe_array_of(architecture: Architecture, slots: int) -> dict[str, Any]:
    """Begin with PEs that hold nothing."""
    pes, contexts = architecture.pe.count, architecture.pe.contexts
    set_words = (pes + 63) // 64
    free = np.zeros(set_words * contexts, np.uint64)
    free[:set_words] = [(1 << min(64, pes - 64 * word)) - 1 for word in range(set_words)]
    return {
        "pes": records(PE, pes, planned_cycle=NEVER),
        "contexts": records(Context, pes * contexts, ready_cycle=NEVER, key=NEVER, slot=-1),
        "set_words": set_words,
        "busy": bit_set_of(set_words),
        "free": bit_set_of(len(free), bits=free),
        "free_contexts": pes * contexts,
        "verdicts": ring_of(slots),
        "constants": ring_of(slots),
    }
