"""The patch: how much of the map a task reads, and in which order its columns are broadcast.

A task reads some columns of the padded map, over the rows that its neurons see. Column by column, row of
tasks after row of tasks, they are broadcast into the patch memories of all PEs, which hold the newest.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.network.layer import Geometry


class PatchColumns(NamedTuple):
    """Columns in the order in which they are filled, those of one weight group after those of another.

    Attributes
    ----------
    first, end : int64 arrays, shape (places,)
        Columns ``first <= k < end`` that a task at a place reads, in a pass over the map.
    per_pass : int
        Columns of a pass.
    column_words : int
        Buffer words of a column.
    capacity : int
        Columns that a patch memory holds.
    """

    first: NDArray[np.int64]
    end: NDArray[np.int64]
    per_pass: int
    column_words: int
    capacity: int

    @property
    def stays(self) -> bool:
        """Whether the whole map fits, so that it is filled once for all weight groups."""
        return self.per_pass <= self.capacity


class _Columns(NamedTuple):
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    per_pass: int
    bits: int


def patch_columns(geometry: Geometry, architecture: Architecture) -> PatchColumns:
    """Lay out the columns of a layer's input for the patch memories of a machine."""
    columns = _columns(geometry, architecture.scheduler.bundle_positions)
    words = -(-columns.bits // architecture.pe.width_edges)
    capacity = architecture.activation_buffer.patch_kbit * 1024 // columns.bits
    return PatchColumns(columns.first, columns.end, columns.per_pass, words, capacity)


def least_patch_bits(geometry: Geometry, architecture: Architecture) -> int:
    """Return the bits of the patch memory that a layer needs at least: the columns of its widest task."""
    columns = _columns(geometry, architecture.scheduler.bundle_positions)
    return int((columns.end - columns.first).max()) * columns.bits


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def _columns(geometry: Geometry, bundle_positions: int) -> _Columns:
    pool = geometry.pool
    size, step = (pool.size, pool.stride) if pool is not None else (1, 1)
    seen_height = (size - 1) * geometry.stride + geometry.kernel_height
    seen_width = (size - 1) * geometry.stride + geometry.kernel_width
    tasks_wide, tasks_high = geometry.pooled_width, geometry.pooled_height
    starts = np.arange(tasks_wide) * step * geometry.stride
    ends = starts + seen_width
    if pool is None and bundle_positions > 1:
        starts, ends = starts[::bundle_positions], _last_of_runs(ends, bundle_positions)
    per_row = int(ends[-1])
    rows = np.repeat(np.arange(tasks_high) * per_row, len(starts))
    bits = seen_height * geometry.in_channels * geometry.planes
    return _Columns(
        rows + np.tile(starts, tasks_high), rows + np.tile(ends, tasks_high), per_row * tasks_high, bits
    )


def _last_of_runs(ends: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the last of every run of so many, and of the rest."""
    last = np.minimum(np.arange(size - 1, len(ends) + size - 1, size), len(ends) - 1)
    picked: NDArray[np.int64] = ends[last]
    return picked


def count_patches(counters: LayerCounters, architecture: Architecture) -> None:
    """Count what a layer read from the patches, and what was broadcast into those of all PEs."""
    if architecture.activation_buffer.patch_kbit is not None:
        counters.patch_reads = counters.activation_requests
        counters.patch_writes = counters.activation_reads * architecture.pe.count
