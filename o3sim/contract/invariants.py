"""What must hold at the end of every layer of every run; a run that breaks one stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.contract.counters import LayerCounters
from o3sim.contract.errors import MachineError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


def check_layer(counters: LayerCounters, architecture: Architecture) -> None:
    """Assert the conservation laws of ``docs/machine.md``, sections 1 and 4.

    Raises
    ------
    MachineError
        Naming the layer and the law that does not hold.
    """
    pruned = counters.edges_pruned_threshold + counters.edges_pruned_pooling + counters.edges_pruned_argmax
    causes = counters.pe_cycles
    words = causes["useful"] + causes["wasted"] + causes["squashed"]
    reads = counters.activation_reads + counters.line_buffer_reads + counters.weight_reads
    in_queue = counters.squashed_queue + counters.issued
    # What meets a write is a PE that stalls, or a broadcast: then the bank writes a bit at least.
    broadcasts = architecture.activation_buffer.patch_kbit is not None
    most_conflicts = counters.output_bits if broadcasts else causes["operand_stall"]
    laws = {
        "retired + squashed = ops": counters.retired + counters.squashed == counters.ops,
        "dispatched = issued + squashed in the queue": counters.dispatched == in_queue,
        "issued = retired + squashed in PEs": counters.issued == counters.retired + counters.squashed_pe,
        "executed + pruned = total edges": counters.edges_executed + pruned == counters.edges_total,
        "wasted edges are executed edges": 0 <= counters.edges_wasted <= counters.edges_executed,
        "words = useful + wasted + squashed": counters.words_executed == words,
        "words = granted requests": counters.words_executed == counters.activation_requests,
        "a threshold is read for every op issued, or for none": counters.threshold_reads
        in (0, counters.issued),
        "unused reads are reads": 0 <= counters.reads_unused <= reads,
        "requests that meet a write are refused": 0 <= counters.write_conflicts <= most_conflicts,
        "causes sum to PEs x cycles": sum(causes.values()) == architecture.pe.count * counters.cycles,
        "no cause is negative": min(causes.values()) >= 0,
    }
    broken = [law for law, holds in laws.items() if not holds]
    if broken:
        raise MachineError(f"layer {counters.name} on {architecture.name}: {'; '.join(broken)}: {counters}")
