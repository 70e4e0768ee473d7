"""Memories, what chooses among those that ask them, ways to the PEs, and ports that outcomes leave by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from o3sim.area.pieces import OUTCOME_BITS, Piece, banks_of, in_step, memories, write_ports
from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.storage import BITS_PER_KBIT, storage_of, threshold_bits

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized

ADDRESS_BITS = 16
"""Of a word of a buffer, its bank among them."""

Banks = int | Literal["ideal"]


def supply_pieces(a: Architecture) -> Iterator[Piece]:
    """Yield arbitration and ways from banks to PEs; `ideal` banks are a port of its own for each PE."""
    groups = a.scheduler.groups or 1
    carousel, width, pes = a.scheduler.dispatch == CAROUSEL, a.pe.width_edges, a.pe.count
    if not carousel:  # there no two ask one bank
        yield from _arbiters(a.weight_buffer.banks, groups, pes)
    if isinstance(a.weight_buffer.banks, int):
        yield Piece("crossbars", "crossbar", {"BANKS": a.weight_buffer.banks // groups, "WIDTH": width}, pes)
    if a.activation_buffer.patch_kbit is None:
        yield from _arbiters(a.activation_buffer.banks, 1, pes)
        if isinstance(a.activation_buffer.banks, int):
            yield Piece("crossbars", "crossbar", {"BANKS": a.activation_buffer.banks, "WIDTH": width}, pes)


def _arbiters(banks: Banks, groups: int, pes: int) -> Iterator[Piece]:
    if isinstance(banks, int):
        yield Piece(
            "arbitration",
            "arbitration",
            {"PES": pes // groups, "BANKS": banks // groups, "ADDRESS_BITS": ADDRESS_BITS},
            groups,
        )


def output_pieces(a: Architecture) -> Iterator[Piece]:
    """Yield what takes outcomes from PEs and brings their bits to the banks."""
    pes, ports, width = a.pe.count, write_ports(a), a.pe.width_edges
    if in_step(a):
        yield Piece("write_ports", "group_bits", {"OUTCOMES": pes * a.pe.contexts, "WIDTH": width})
        return
    yield Piece("write_ports", "output_buffer", {"PES": pes, "PORTS": ports, "OUTCOME_BITS": OUTCOME_BITS})
    banks = _number(a.activation_buffer.banks, pes)
    yield Piece("write_ports", "output_bits", {"PORTS": ports, "BANKS": banks, "WIDTH": width})


def memory_pieces(a: Architecture, layers: Sequence[Sized]) -> Iterator[Piece]:
    """Yield buffers, line buffer, and thresholds with a port for each op that may begin in a cycle."""
    width, pes = a.pe.width_edges, a.pe.count
    activation, weight = a.activation_buffer, a.weight_buffer
    yield banks_of("activation_buffer", activation.size_kbit, _number(activation.banks, pes), width)
    yield banks_of("weight_buffer", weight.size_kbit, _number(weight.banks, pes), width)
    storage = storage_of(a, layers)
    if storage.line_buffer:
        lines = _number(activation.banks, pes)
        yield banks_of("line_buffer", storage.line_buffer, lines, width)
        yield Piece("line_buffer", "gathering", {"WIDTH": width, "CONTEXTS": 1}, lines)
    bits = threshold_bits(layers)
    if bits:
        words = round(storage.thresholds * BITS_PER_KBIT) // bits
        # A block, or a table, has two ports to read where nothing is written meanwhile.
        copies = -(-_begin_in_a_cycle(a) // 2)
        yield memories("thresholds", words, bits, copies)


def _number(banks: Banks, pes: int) -> int:
    return pes if banks == "ideal" else banks


def _begin_in_a_cycle(a: Architecture) -> int:
    """Count the ops, or windows, that begin in a cycle at most: each with the threshold of its channel."""
    scheduler = a.scheduler
    if scheduler.dispatch == CAROUSEL:
        return scheduler.groups or 1  # of the channel that is opened
    if not scheduler.has_queue:
        return (scheduler.groups or scheduler.counters or 1) * (scheduler.windows_per_cycle or 1)
    if in_step(a):
        return a.sequencer.width_ops or 1
    return scheduler.banks or scheduler.issue_width_ops or 1
