"""What a fast layer remembers."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import BitSet
from o3sim.compiled.fast.banked.records import Supply
from o3sim.compiled.record import Table, numbers, rows
from o3sim.compiled.records.ledger import Ledger
from o3sim.compiled.records.output_bits import OutputBits
from o3sim.compiled.records.settings import Settings
from o3sim.compiled.records.weight_stream import WeightGroups
from o3sim.compiled.ring import Ring
from o3sim.contract.counters import LayerCounters


class Layer:
    """Facts of a layer.

    Attributes
    ----------
    ops, windows, members : int
        Ops, windows, and the ops of each where windows are pruned.
    ops_of_channel : int
    set_words : int
        Words of a set of PEs.
    windows_kind : int
        As of :class:`~o3sim.compiled.fast.how.How`.
    verdict_after_cycles : int
        Cycles from a word to the verdict on it.
    has_thresholds, checks_bounds, is_banked, counts_reads, adds : int
        ``is_banked``: whether banks can refuse words, and count what they read; ``counts_reads``: whether a
        word may take several activation reads; ``adds``: whether ops add something.
    edges : int
        Edges of all its ops.
    op_records : table
        By program order (:mod:`o3sim.compiled.fast.op_records`).
    reads_row : table
        For each op the row of ``reads``, which has the activation reads of so many words of it.
    addend_words : table
        For each op of a layer that adds the activation words that hold what it adds.
    edges_of, missing_edges_of : table
        By kind of border: edges of an op, and those that its last word has too few.
    window_of, first_of, step_of : table
        Window of each op, and of each window the first of its ops and how far they lie apart.
    writes_back, first_output_word, has_pool : int
        Whether output bits go to banks that operands are read from; the word that they begin in; whether an
        op is one of several of its window.
    first_sum_word, sum_bits, sum_words : int
        As of :class:`o3sim.compiled.records.layer.Layer`.
    overlap, windows_of : int, table
        The most pooling windows that an op is in, and these, by position.
    pool_members, written : int, table
        Ops of a pooling window; by window how many of them were written.
    """

    ops: int
    windows: int
    members: int
    ops_of_channel: int
    set_words: int
    windows_kind: int
    verdict_after_cycles: int
    has_thresholds: int
    checks_bounds: int
    is_banked: int
    counts_reads: int
    adds: int
    edges: int
    op_records: Table[np.uint32]
    reads_row: Table[np.uint32]
    reads: Table[np.int64]
    addend_words: Table[np.uint32]
    edges_of: Table[np.int32]
    missing_edges_of: Table[np.int32]
    window_of: Table[np.uint32]
    first_of: Table[np.uint32]
    step_of: Table[np.uint32]
    writes_back: int
    first_output_word: int
    has_pool: int
    first_sum_word: int
    sum_bits: int
    sum_words: int
    overlap: int
    pool_members: int
    windows_of: Table[np.int32]
    written: Table[Written]


class Written:
    """How many ops of a window were written, while its output bit is not final."""

    number: np.int32


op_record = numbers("op_records", np.uint32)
reads_row = numbers("reads_row", np.uint32)
reads_until = numbers("reads", np.int64)
addend_words_of = numbers("addend_words", np.uint32)
edges_of = numbers("edges_of", np.int32)
missing_edges_of = numbers("missing_edges_of", np.int32)
listed_window = numbers("window_of", np.uint32)
listed_first = numbers("first_of", np.uint32)
listed_step = numbers("step_of", np.uint32)
written_at = rows("written", Written)


class Clock:
    """Cycles count from the layer's first, ``start_cycle``.

    ``moved``: whether more than words moved in the one at hand; ``cycle``: the first, or the one after a
    pause, which there is when so many ops have ended as ``pause_ops``.
    """

    start_cycle: int
    cycle: int
    moved: int
    ended_ops: int
    pause_ops: int


class Server:
    """A context of a PE.

    Attributes
    ----------
    age : int
        Its op; NEVER if it takes no word.
    left : int
        Words to go in up to the deciding one; below 0 words after it. Of cycle ``PE.at``.
    ready : int
        First cycle in which the verdict on its last word is in. Of cycle ``PE.at``.
    decides : int
        Cycle of the deciding word, unless what the PE holds changes before.
    leaves : int
        Cycle from which the context is free, likewise; NEVER if that is not known.
    op : int
    then, taken, ended : int
        For the length of a plan: ``ready`` as it will be, words that will have gone in, cycle of the last.
    """

    is_packed = True
    age: int
    left: int
    ready: int
    decides: int
    leaves: int
    op: int
    then: int
    taken: int
    ended: int


class PE:
    """A PE.

    Attributes
    ----------
    at : int
        Cycle that its contexts are known for, those before having passed; unless it is joined.
    first, waiting : int
        Where outcomes that wait to be written begin in its part of ``Output.waiting``; how many there are.
    """

    at: int
    first: int
    waiting: int


class PEs:
    """Contexts, and sets of PEs, word after word.

    Attributes
    ----------
    servers, pes : table
    held, constants : set
        PEs by their contexts: whether it has an op, and one that needs no word.
    free : set
        PEs that can be given an op, by how many they hold.
    stalled : set
        PEs with outcomes that could not be written.
    joined, holes, changed : set
        PEs whose contexts take turns; those of them with one left in this cycle; others to be planned anew.
    all : set
    """

    servers: Table[Server]
    pes: Table[PE]
    held: BitSet
    constants: BitSet
    free: BitSet
    stalled: BitSet
    joined: BitSet
    holes: BitSet
    changed: BitSet
    all: BitSet


server_at = rows("servers", Server)
pe_at = rows("pes", PE)


class Calendar:
    """Which contexts are free from which day on, modulo ``mask + 1`` days; and the days on which any is."""

    mask: int
    days: BitSet
    entries: BitSet


class Outcome:
    """An outcome on its way: of an op, from a PE."""

    op: int
    pe: int


class Number:
    """How many there are of something."""

    number: int


class Output:
    """Outcomes on their way to the scoreboard.

    Attributes
    ----------
    known, n_known : table
        Outcomes by the cycle from which they are known, modulo ``BUCKETS``, those of one in a part of
        ``room``: of words, then of ``constants``.
    constants, n_constants : table, int
        Those of ops that need no word, known from this cycle on.
    waiting, n_waiting : table, int
        Those that wait, PE by PE.
    queues : set
        PEs with outcomes that wait.
    next_pe : int
        Whose turn it is.
    retired_ones : set
        Ops that were written as 1.
    """

    room: int
    known: Table[Outcome]
    n_known: Table[Number]
    constants: Table[Outcome]
    n_constants: int
    waiting: Table[Outcome]
    n_waiting: int
    queues: BitSet
    next_pe: int
    retired_ones: BitSet


known_at = rows("known", Outcome)
n_known_at = rows("n_known", Number)
constant_at = rows("constants", Outcome)
waiting_at = rows("waiting", Outcome)


class Window:
    """A window: how many of its ops are in flight, or that it is settled."""

    state: np.uint8


class Queue:
    """The issue queue and the sequencer before it.

    Attributes
    ----------
    next_op, group : int
        The sequencer's op, and its weight group.
    n_held : int
        Ops in the queue: those before ``next_op`` and from ``head`` on, where windows are not pruned.
    held, ready : set
        Else these, and which of them may be selected: where the queue is in banks, by their places there.
    held_low, ready_low, top : int
        No word of the sets below the first two, or above the third, has a bit.
    arriving, n_arriving : table, int
        Ops dispatched in this cycle.
    states : table
        Of the windows.
    shown : ring
        Ops, by the cycle in which their outcome is seen.
    settled, n_settled : table, int
        Windows newly seen to be 1.
    """

    next_op: int
    group: int
    n_held: int
    head: int
    held: BitSet
    ready: BitSet
    held_low: int
    ready_low: int
    top: int
    arriving: Table[Number]
    n_arriving: int
    states: Table[Window]
    shown: Ring
    settled: Table[Number]
    n_settled: int


arriving_at = rows("arriving", Number)
state_at = rows("states", Window)
settled_at = rows("settled", Number)


class Words:
    """Sums over ops that left their PE: words, and edges that last words had too few.

    ``squashed``: words of ops that were squashed there; ``addends``: those that held what ops add.
    """

    useful: int
    wasted: int
    squashed: int
    missing: int
    missing_wasted: int
    reads: int
    addends: int


class Now:
    """What PEs that put no word in do in this cycle: how many do what, and what idle ones wait for."""

    idle_cause: int
    idle: int
    stalled: int
    without_words: int


class FastMemory:
    """All that a fast layer needs while it runs."""

    settings: Settings
    layer: Layer
    clock: Clock
    pes: PEs
    calendar: Calendar
    output: Output
    output_bits: OutputBits
    supply: Supply
    queue: Queue
    words: Words
    now: Now
    weight_groups: WeightGroups
    ledger: Ledger
    counts: LayerCounters
