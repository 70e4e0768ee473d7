"""The line buffer between the activation banks and the PEs: what it holds, and what fills it.

It is the sliding-window unit of FINN: it holds the rows of the input map that one pooling window reads, so
that every edge of a kernel is beside the others, and a PE word is one access. It is filled from the
activation banks, which PEs leave alone, once in every pass over the map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.network.layer import Geometry


def line_buffer_bits(geometry: Geometry) -> int:
    """Count the bits of the rows that one pooling window reads: all planes and channels, no padding."""
    pixels = _rows_held(geometry) * geometry.in_width
    return geometry.planes * pixels * geometry.in_channels


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
    map_bits = geometry.planes * geometry.in_height * geometry.in_width * geometry.in_channels
    passes = geometry.out_channels if outermost == "channel" else len(groups)
    if _rows_held(geometry) == geometry.in_height:
        passes = 1
    return passes * -(-map_bits // width_edges)


def count_reads(
    counters: LayerCounters, geometry: Geometry, groups: Sequence[WeightGroup], architecture: Architecture
) -> None:
    """Book the words that PEs read as reads of the line buffer, where there is one, and what filled it."""
    if not architecture.activation_buffer.line_buffer:
        return
    counters.line_buffer_reads = counters.activation_reads
    outermost, width_edges = architecture.sequencer.outermost, architecture.pe.width_edges
    counters.activation_reads = fill_words(geometry, groups, outermost, width_edges)


def _rows_held(geometry: Geometry) -> int:
    """Count the rows of the map that one pooling window reads, at most all of them."""
    more = 0 if geometry.pool is None else (geometry.pool.size - 1) * geometry.stride
    return min(geometry.kernel_height + more, geometry.in_height)
