"""What a machine counts, declared once: results, tables, legends and energy are made from this.

A new counter is a field of :class:`Events` and one of :class:`LayerCounters`, a new cause of PE-cycles
a field of :class:`PeCycles`; what is in words here stands in ``docs/results.md`` too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from o3sim.contract.declared import Declared, declared, names_of


def _cause(family: str, says: str) -> Any:
    """Declare a cause; tables that are too narrow for all of them add up a family."""
    return declared(says, family=family)


def _counter(unit: str, says: str) -> Any:
    return declared(says, unit=unit)


@dataclass(frozen=True)
class PeCycles(Declared[int]):
    """PE-cycles by cause: each has exactly one (``docs/machine.md``, section 6)."""

    useful: int = _cause("useful", "a word of an op up to its decision")
    wasted: int = _cause("waste", "a word of an op after its decision")
    squashed: int = _cause("waste", "a word of an op that was later squashed in the PE")
    operand_stall: int = _cause("operand", "the PE asked for a word and a bank did not grant an operand")
    write_stall: int = _cause("wait", "the PE has a verdict that the output buffer has not taken")
    verdict_wait: int = _cause(
        "wait",
        "all contexts wait for verdicts, and the PE does not speculate or has no word left to guess on",
    )
    weight_wait: int = _cause(
        "weight", "no op: the queue is empty and the sequencer waits for weights from DRAM"
    )
    issue_wait: int = _cause("starved", "an op was selected for the PE and its first word cannot go in yet")
    no_ready_op: int = _cause(
        "starved",
        "no op: the queue holds ops, but none that is ready and within the issue width; without a queue: the"
        " counter hands out no more windows in this cycle",
    )
    queue_empty: int = _cause("starved", "no op: the queue is empty, and more ops are to come")
    input_wait: int = _cause(
        "starved", "no op, since rows of a pipeline's input, or columns of the patches, were missing"
    )
    blocked: int = _cause(
        "wait", "no op, since the next stage of a pipeline had no room for the rows that it writes to"
    )
    drain: int = _cause(
        "drain",
        "no op: all ops of the layer are dispatched and the queue is empty, or the lock-step group runs out",
    )


PE_CYCLE_CAUSES = names_of(PeCycles)
"""In the order of the files, tables and figures that have them all."""

NEIGHBOUR_CAUSES = "input_wait", "blocked"
"""PE-cycles that a stage of a pipeline spends on waiting for another."""


@dataclass(frozen=True)
class Events(Declared[int]):
    """The counters that results carry as they are: for energy tables, and for closer looks."""

    ops: int = _counter("ops", "neurons to evaluate")
    dispatched: int = _counter("ops", "entered the issue queue, or were handed out with their window")
    issued: int = _counter("ops", "left it for a PE, or began in their context")
    retired: int = _counter("ops", "wrote their outcome")
    squashed_sequencer: int = _counter("ops", "dropped before dispatch")
    squashed_queue: int = _counter("ops", "dropped in the queue, or in a window before they began")
    squashed_pe: int = _counter("ops", "dropped in a PE")
    words_executed: int = _counter("words", "went into a PE")
    activation_reads: int = _counter(
        "words",
        "read from the activation buffer, by PEs, to fill the line buffer, or to be broadcast into patches;"
        " requests of one cycle for the same word are one read",
    )
    line_buffer_reads: int = _counter("words", "read from the line buffer, likewise; 0 without one")
    weight_reads: int = _counter("words", "read from the weight buffer, likewise")
    reads_unused: int = _counter(
        "words",
        "those of both that no PE took, for the bank of the other operand chose another word or wrote",
    )
    write_conflicts: int = _counter(
        "requests",
        "of PEs for an activation word whose bank wrote output bits in that cycle; where activations are"
        " broadcast, words that did not go out for it",
    )
    activation_requests: int = _counter("words", "PE words of activations granted")
    weight_requests: int = _counter("words", "PE words of weights granted")
    threshold_reads: int = _counter("ops", "issued with the threshold of their channel, read from its table")
    patch_reads: int = _counter("words", "activation words that PEs read from memories of their own")
    patch_writes: int = _counter("words", "broadcast into those, counted for each PE")
    queue_writes: int = _counter("ops", "dispatches")
    queue_reads: int = _counter("ops", "issues")
    scoreboard_reads: int = _counter("ops", "ops the sequencer looked up, windows that counters handed out")
    scoreboard_writes: int = _counter("ops", "retirements, without a queue windows written")
    threshold_compares: int = _counter(
        "checks", "words checked against the bounds with threshold pruning, finished ops without"
    )
    addend_words: int = _counter(
        "words", "of the activation buffer that held what ops added, taken with their first word"
    )
    sums: int = _counter("ops", "whose dot was multiplied, and added to")
    output_bits: int = _counter("bits", "written to the next layer's activation buffer")
    sum_bits: int = _counter("bits", "of sums, written beside those")
    constant_bits: int = _counter("bits", "of scales and shifts, read with the threshold of their channel")
    dram_bits: int = _counter("bits", "weights, and tables of edge orders, streamed in")
    order_bits: int = _counter("bits", "of those tables, read by PEs with their words")


EVENTS = names_of(Events)


@dataclass
class LayerCounters:
    """Counts of one layer of one image; all are plain integers.

    Attributes
    ----------
    cycles : int
        From the first cycle in which the layer may act to the one of its last write, inclusive.
    edges_total, edges_executed, edges_wasted : int
        ``edges_wasted`` is the part of ``edges_executed`` that came after the decision or went
        into an op later squashed.
    edges_pruned_threshold, edges_pruned_pooling, edges_pruned_argmax : int
        Edges no PE evaluated: of retired ops, of squashed ops, and of classes that could not win.
    pe_cycles : dict of str to int
        PE-cycles by cause (:class:`PeCycles`); they sum to ``pe.count * cycles``.
    ops, ... : int
        Those of :class:`Events`.
    """

    name: str
    cycles: int = 0
    ops: int = 0
    dispatched: int = 0
    issued: int = 0
    retired: int = 0
    squashed_sequencer: int = 0
    squashed_queue: int = 0
    squashed_pe: int = 0
    edges_total: int = 0
    edges_executed: int = 0
    edges_wasted: int = 0
    edges_pruned_threshold: int = 0
    edges_pruned_pooling: int = 0
    edges_pruned_argmax: int = 0
    pe_cycles: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PE_CYCLE_CAUSES, 0))
    words_executed: int = 0
    activation_reads: int = 0
    line_buffer_reads: int = 0
    weight_reads: int = 0
    reads_unused: int = 0
    write_conflicts: int = 0
    activation_requests: int = 0
    weight_requests: int = 0
    threshold_reads: int = 0
    patch_reads: int = 0
    patch_writes: int = 0
    queue_writes: int = 0
    queue_reads: int = 0
    scoreboard_reads: int = 0
    scoreboard_writes: int = 0
    threshold_compares: int = 0
    addend_words: int = 0
    sums: int = 0
    output_bits: int = 0
    sum_bits: int = 0
    constant_bits: int = 0
    dram_bits: int = 0
    order_bits: int = 0

    @property
    def squashed(self) -> int:
        """Ops dropped anywhere."""
        return self.squashed_sequencer + self.squashed_queue + self.squashed_pe

    @property
    def events(self) -> Events:
        """The counters that results carry."""
        return Events(**{name: getattr(self, name) for name in EVENTS})

    def add(self, other: LayerCounters) -> None:
        """Add another layer's (or image's) counts to this one, field by field."""
        for item in fields(self):
            mine = getattr(self, item.name)
            if isinstance(mine, int):
                setattr(self, item.name, mine + getattr(other, item.name))
        for cause, count in other.pe_cycles.items():
            self.pe_cycles[cause] += count
