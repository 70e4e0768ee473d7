"""The ledger of a layer: turns what happens to ops into counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.contract.counters import LayerCounters
from o3sim.contract.errors import MachineError
from o3sim.machine.op import Op

if TYPE_CHECKING:
    from o3sim.contract.program import LayerProgram


class Ledger:
    """Count one layer; the words of an op are judged when it ends.

    Parameters
    ----------
    program : LayerProgram
    width_edges : int
        ``pe.width_edges``.
    start_cycle : int
        First cycle of the layer.
    """

    def __init__(self, program: LayerProgram, width_edges: int, start_cycle: int) -> None:
        self.counters = LayerCounters(program.name, ops=program.ops)
        self.counters.edges_total = int(program.n_edges.sum())
        self.width_edges = width_edges
        self.start_cycle = start_cycle
        self.has_thresholds = not program.scores
        self.checks_bounds = program.prunes_threshold or program.race is not None

    def dispatched(self) -> None:
        """Count an op that entered the queue."""
        self.counters.dispatched += 1
        self.counters.queue_writes += 1
        self.counters.scoreboard_reads += 1

    def issued(self) -> None:
        """Count an op that went to a PE, with the threshold of its channel."""
        self.counters.threshold_reads += self.has_thresholds
        self.counters.issued += 1
        self.counters.queue_reads += 1

    def retired(self, op: Op) -> None:
        """Count an op whose outcome was written."""
        counters = self.counters
        counters.retired += 1
        counters.scoreboard_writes += 1
        counters.words_executed += op.words_in
        counters.threshold_compares += op.words_in if self.checks_bounds else 1
        executed = op.edges_after(op.words_in, self.width_edges)
        counters.edges_executed += executed
        counters.edges_pruned_threshold += op.n_edges - executed
        counters.edges_wasted += executed - op.edges_after(op.decided_words, self.width_edges)
        counters.pe_cycles["useful"] += op.decided_words
        counters.pe_cycles["wasted"] += op.words_in - op.decided_words

    def squashed(self, op: Op, unit: str) -> None:
        """Count a squashed op; ``unit`` is where: sequencer, queue or pe."""
        counters = self.counters
        executed = op.edges_after(op.words_in, self.width_edges) if op.words_in else 0
        counters.edges_executed += executed
        counters.edges_wasted += executed
        counters.edges_pruned_pooling += op.n_edges - executed
        counters.pe_cycles["squashed"] += op.words_in
        counters.words_executed += op.words_in
        counters.threshold_compares += op.words_in if self.checks_bounds else 0
        if unit == "sequencer":
            counters.squashed_sequencer += 1
            counters.scoreboard_reads += 1
        elif unit == "queue":
            counters.squashed_queue += 1
        else:
            counters.squashed_pe += 1

    def eliminated(self, op: Op, words: int) -> None:
        """Count a class dropped from a PE, when so many of its words had shown that it cannot win."""
        counters = self.counters
        executed = op.edges_after(op.words_in, self.width_edges)
        counters.edges_executed += executed
        counters.edges_wasted += executed - op.edges_after(words, self.width_edges)
        counters.edges_pruned_argmax += op.n_edges - executed
        counters.pe_cycles["useful"] += words
        counters.pe_cycles["wasted"] += op.words_in - words
        counters.words_executed += op.words_in
        counters.threshold_compares += op.words_in
        counters.squashed_pe += 1

    def pe_cycles(self, causes: dict[str, int], cycles: int) -> None:
        """Count so many cycles with these causes; words are counted when their op ends."""
        for cause, count in causes.items():
            if cause == "word":
                continue
            if cause not in self.counters.pe_cycles:
                raise MachineError(
                    f"`{cause}` is no cause of PE-cycles: {', '.join(self.counters.pe_cycles)}"
                )
            self.counters.pe_cycles[cause] += count * cycles

    @property
    def ended(self) -> int:
        """Ops retired or squashed."""
        return self.counters.retired + self.counters.squashed
