"""The line buffer between the activation banks and the PEs: what it holds, and what fills it.

It is the sliding-window unit of FINN: it holds the rows of the input map that one pooling window reads, so
that every edge of a kernel is beside the others, and a PE word is one access. It is filled from the
activation banks, which PEs leave alone, once in every pass over the map. It holds and is filled with
what a layer adds likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.network.layer import Geometry


def line_buffer_bits(geometry: Geometry) -> int:
    """Count the bits of the rows that one pooling window reads, and adds: all planes, no padding."""
    return sum(each.rows_held * each.row_bits for each in _maps(geometry))


def fill_words(geometry: Geometry, groups: Sequence[WeightGroup], outermost: str, width_edges: int) -> int:
    """Count the words that are read from the activation banks to fill it: the map once in every pass.

    Parameters
    ----------
    geometry : Geometry
    groups : sequence of WeightGroup
        The layer's weight groups: each goes over the map again.
    outermost : str
        ``sequencer.outermost``: with ``channel`` every channel goes over it.
    width_edges : int
        ``pe.width_edges``.
    """
    passes = geometry.out_channels if outermost == "channel" else len(groups)
    return sum(
        (1 if each.rows_held == each.rows else passes) * -(-each.rows * each.row_bits // width_edges)
        for each in _maps(geometry)
    )


def count_reads(
    counters: LayerCounters, geometry: Geometry, groups: Sequence[WeightGroup], architecture: Architecture
) -> None:
    """Book the words that PEs read as reads of the line buffer, where there is one, and what filled it."""
    if not architecture.activation_buffer.line_buffer:
        return
    counters.line_buffer_reads = counters.activation_reads
    outermost, width_edges = architecture.sequencer.outermost, architecture.pe.width_edges
    counters.activation_reads = fill_words(geometry, groups, outermost, width_edges)


class _HeldMap(NamedTuple):
    """A map of which the line buffer holds some rows."""

    rows: int
    row_bits: int
    rows_held: int


def _maps(geometry: Geometry) -> Iterator[_HeldMap]:
    """Yield the input of a layer, and what it adds: of each the rows that one pooling window reads."""
    steps = 0 if geometry.pool is None else geometry.pool.size - 1
    row_bits = geometry.planes * geometry.in_width * geometry.in_channels
    held = geometry.kernel_height + steps * geometry.stride
    yield _HeldMap(geometry.in_height, row_bits, min(held, geometry.in_height))
    addend = geometry.addend
    if addend is not None:
        held = (addend.stride if addend.averages else 1) + steps * addend.stride
        row_bits = addend.width * addend.channels * addend.bits
        yield _HeldMap(addend.height, row_bits, min(held, addend.height))
