"""What a machine counts: the numbers every report, energy figure and invariant is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

PE_CYCLE_CAUSES: tuple[str, ...] = (
    "useful",
    "wasted",
    "squashed",
    "operand_stall",
    "write_stall",
    "verdict_wait",
    "weight_wait",
    "issue_wait",
    "no_ready_op",
    "queue_empty",
    "input_wait",
    "drain",
)
"""Every PE-cycle has exactly one of these causes; each is defined in ``docs/machine.md``."""


@dataclass
class LayerCounters:
    """Counts of one layer of one image; all are plain integers.

    Attributes
    ----------
    cycles : int
        From the first cycle in which the layer may act to the one of its last write, inclusive.
    ops, dispatched, issued, retired : int
        Neurons to evaluate, and how many entered the queue, a PE, the scoreboard.
    squashed_sequencer, squashed_queue, squashed_pe : int
        Ops dropped because all their windows were already 1, by the place where it happened.
    edges_total, edges_executed, edges_wasted : int
        ``edges_wasted`` is the part of ``edges_executed`` that came after the decision or went
        into an op later squashed.
    edges_pruned_threshold, edges_pruned_pooling, edges_pruned_argmax : int
        Edges no PE evaluated: of retired ops, of squashed ops, and of classes that could not win.
    pe_cycles : dict of str to int
        PE-cycles by cause (:data:`PE_CYCLE_CAUSES`); they sum to ``pe.count * cycles``.
    words_executed : int
        Words that went into a PE.
    activation_reads, weight_reads : int
        Buffer words read, after multicast merged the requests of a cycle.
    activation_requests, weight_requests : int
        Operand words granted to PEs, before that merging.
    queue_writes, queue_reads : int
        Dispatches and issues.
    scoreboard_reads, scoreboard_writes : int
        Ops the sequencer looked up, and retirements.
    threshold_compares : int
        Comparisons of a running count with its bounds (one per word with threshold pruning, one
        per finished op without).
    output_bits : int
        Bits written to the next layer's activation buffer: none of the scores.
    dram_bits : int
        Bits streamed in for this layer: weights, and tables of its edge orders.
    order_bits : int
        Bits of those tables read by PEs: an index for each granule of a word; 0 in natural order.
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
    weight_reads: int = 0
    activation_requests: int = 0
    weight_requests: int = 0
    queue_writes: int = 0
    queue_reads: int = 0
    scoreboard_reads: int = 0
    scoreboard_writes: int = 0
    threshold_compares: int = 0
    output_bits: int = 0
    dram_bits: int = 0
    order_bits: int = 0

    @property
    def squashed(self) -> int:
        """Ops dropped anywhere."""
        return self.squashed_sequencer + self.squashed_queue + self.squashed_pe

    def add(self, other: LayerCounters) -> None:
        """Add another layer's (or image's) counts to this one, field by field."""
        for item in fields(self):
            mine = getattr(self, item.name)
            if isinstance(mine, int):
                setattr(self, item.name, mine + getattr(other, item.name))
        for cause, count in other.pe_cycles.items():
            self.pe_cycles[cause] += count
