"""A proxy for chip area: the transistors that a machine's units would take, from textbook cells.

It is a proxy, not an area: wires, layout, clocks and test logic are left out, a transistor of a
memory is smaller than one of logic, and nobody has built these machines. It ranks machines of one
family against each other, which is what a search needs. Every count is one of :data:`CELLS` times
a size that the architecture states, or that the network asks for (:mod:`o3sim.contract.storage`).

The cells are the static CMOS ones of N. Weste and D. Harris, "CMOS VLSI Design", 4th edition: the
6-transistor memory cell, the 28-transistor mirror adder, a flip-flop of two transmission-gate
latches with their inverters, a transmission-gate multiplexer and XNOR.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from o3sim.config.architecture import Architecture
from o3sim.contract.storage import BITS_PER_KBIT, OP_BITS, storage_of

if TYPE_CHECKING:
    from o3sim.network.layer import Sized

CELLS = {"memory_bit": 6, "flip_flop": 24, "full_adder": 28, "xnor": 10, "multiplexer": 6}
"""Transistors of one cell; the multiplexer has two inputs."""

COUNT_BITS = 16
"""Bits of a running count of matches and of a bound: the largest fan-in is 25,088 edges (VGG-16)."""

WINDOW_BITS = 12
"""Bits of an op that name its window: what a waiting op compares with the windows that settle."""


def area_mtransistors(architecture: Architecture, layers: Sequence[Sized] = ()) -> float:
    """Return the area proxy of a machine that runs these layers, in millions of transistors.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> area_mtransistors(load_architecture("small")) < area_mtransistors(load_architecture("o3bnn"))
    True
    """
    return sum(transistors_by_unit(architecture, layers).values()) / 1e6


def transistors_by_unit(architecture: Architecture, layers: Sequence[Sized] = ()) -> dict[str, int]:
    """Count the transistors of each unit; the line buffer and the table of thresholds are as the layers ask.

    Returns
    -------
    dict of str to int
        ``pe``, ``issue_queue``, ``sequencer``, ``output_buffer``, the two buffers, ``line_buffer``,
        ``threshold_table``, ``verdicts`` that stalled PEs hold, and ``operand_network``, which leads from
        banks to the PEs.
    """
    pe_count, width = architecture.pe.count, architecture.pe.width_edges
    activation, weight = architecture.activation_buffer, architecture.weight_buffer
    has_queue = architecture.scheduler.has_queue
    banks = [_banks(buffer.banks, pe_count) for buffer in (activation, weight)]
    storage = storage_of(architecture, layers)
    # A group of PEs reaches its own weight banks only; a patch takes the place of a way to all banks.
    ways = banks[1] // (architecture.scheduler.groups or 1), 1 if activation.patch_kbit else banks[0]
    return {
        "pe": pe_count * _pe(architecture),
        "issue_queue": _issue_queue(architecture) if has_queue else 0,
        # Every op it looks at in a cycle has an address made, and its window looked up; so with counters.
        "sequencer": _looked_up(architecture) * OP_BITS * (CELLS["flip_flop"] + CELLS["full_adder"]),
        "activation_buffer": _buffer(activation.size_kbit, banks[0], width)
        + (pe_count * _buffer(activation.patch_kbit, 1, width) if activation.patch_kbit else 0),
        "line_buffer": _buffer(storage.line_buffer, banks[0] if storage.line_buffer else 0, width),
        "weight_buffer": _buffer(weight.size_kbit, banks[1], width),
        "threshold_table": _buffer(storage.thresholds, 1 if storage.thresholds else 0, COUNT_BITS),
        "verdicts": round(storage.verdicts * BITS_PER_KBIT) * CELLS["flip_flop"],
        "operand_network": sum(_crossbar(n, pe_count, width) for n in ways),
        "output_buffer": architecture.output_buffer.write_width_ops * OP_BITS * CELLS["flip_flop"],
    }


def _looked_up(architecture: Architecture) -> int:
    """Return the ops, or tasks without a queue, that get an address in a cycle."""
    scheduler = architecture.scheduler
    if scheduler.has_queue:
        return architecture.sequencer.width_ops
    return (scheduler.counters or scheduler.groups) * scheduler.windows_per_cycle


def _pe(architecture: Architecture) -> int:
    """XNORs, population count (an adder an edge), running counts, bounds, operand registers."""
    pe = architecture.pe
    comparators = 2 if architecture.pruning.threshold else 1
    edges = pe.width_edges * (CELLS["xnor"] + CELLS["full_adder"] + 2 * CELLS["flip_flop"])
    adders = (1 + comparators) * COUNT_BITS * CELLS["full_adder"]
    stages = pe.latency_cycles * COUNT_BITS * CELLS["flip_flop"]
    # A context holds its op, its running count and both bounds.
    contexts = pe.contexts * (OP_BITS + 3 * COUNT_BITS) * CELLS["flip_flop"]
    return edges + adders + stages + contexts


def _issue_queue(architecture: Architecture) -> int:
    """Entries that can be issued from anywhere need flip-flops and a way to each port; others are memory.

    Where pooling is pruned every entry compares its window with those that settle in a cycle.
    """
    banks, depth = architecture.scheduler.banks, architecture.issue_queue.depth_ops
    ports = 1 if banks else architecture.scheduler.issue_width_ops  # a bank has one way out
    if architecture.scheduler.policy in ("in_order", "lockstep"):
        stored = OP_BITS * CELLS["memory_bit"]
    else:
        stored = OP_BITS * (CELLS["flip_flop"] + ports * CELLS["multiplexer"])
    settled = architecture.output_buffer.write_width_ops if architecture.pruning.pooling else 0
    return depth * (stored + settled * WINDOW_BITS * CELLS["xnor"])


def _banks(banks: int | Literal["ideal"], pe_count: int) -> int:
    """Return how many banks there are; an ideal buffer counts as one bank for each PE, as in energy."""
    return pe_count if banks == "ideal" else banks


def _buffer(size_kbit: float, banks: int, width: int) -> int:
    """Cells, and for each bank a row of sense amplifiers and drivers, taken as a register of a word."""
    return round(size_kbit * BITS_PER_KBIT) * CELLS["memory_bit"] + banks * width * CELLS["flip_flop"]


def _crossbar(banks: int, pe_count: int, width: int) -> int:
    """For every PE a tree of multiplexers, a word wide, over all banks."""
    return pe_count * (banks - 1) * width * CELLS["multiplexer"]
