"""Rows between two stages: when the neurons that read them can start, and how many wait at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.program_order import window_members

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry

Cycles = NDArray[np.int64]


def rows_read(geometry: Geometry, in_rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List which input rows the neurons of each output row read, before pooling.

    Parameters
    ----------
    geometry : Geometry
        A dense layer reads all rows of the map that it flattens.
    in_rows : int
        Rows of the input map.

    Returns
    -------
    first, end : int64 arrays, shape (out_height,)
        Rows ``first <= row < end``; none where all taps lie in the padding.
    """
    if geometry.kind == "dense":
        return np.zeros(1, np.int64), np.full(1, in_rows, np.int64)
    first = np.arange(geometry.out_height) * geometry.stride - geometry.padding_pixels
    return np.clip(first, 0, in_rows), np.clip(first + geometry.kernel_height, 0, in_rows)


def rows_added(geometry: Geometry) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List which rows of what a layer adds the neurons of each output row add, before pooling.

    Returns
    -------
    first, end : int64 arrays, shape (out_height,)
        Rows ``first <= row < end``; none of a layer that adds nothing.
    """
    rows, addend = np.arange(geometry.out_height), geometry.addend
    if addend is None:
        return np.zeros_like(rows), np.zeros_like(rows)
    first = rows * addend.stride
    return first, first + (addend.stride if addend.averages else 1)


def rows_taken(geometry: Geometry, in_rows: int, adds: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List which rows the neurons of each output row take: of the input, or of what the layer adds."""
    return rows_added(geometry) if adds else rows_read(geometry, in_rows)


def first_position(geometry: Geometry) -> int:
    """Tell at which place ``y * out_width + x`` the first op in program order lies, whatever that order."""
    return int(window_members(geometry).owned[0, 0])


def first_row(geometry: Geometry) -> int:
    """Tell in which output row, before pooling, that is."""
    return first_position(geometry) // geometry.out_width


def dispatch_cycles(geometry: Geometry, rows_there: Cycles, adds: bool = False) -> Cycles:
    """Tell from which cycle on the neurons of each output row have all the rows that they read.

    Parameters
    ----------
    rows_there : int64 array, shape (in_rows,)
        First cycle in which each input row can be read.
    adds : bool
        Whether the rows are of what the layer adds, not of its input.

    Returns
    -------
    int64 array, shape (out_height,)
        Before pooling; 0 where no row is read.
    """
    first, end = rows_taken(geometry, len(rows_there), adds)
    return np.array([rows_there[a:b].max(initial=0) for a, b in zip(first, end, strict=True)], np.int64)


def release_cycles(
    geometry: Geometry, rows_there: Cycles, rows_written: Cycles, adds: bool = False
) -> Cycles:
    """Tell after which cycle each input row is read no more.

    A row is kept until the last write to every output row, after pooling, that is computed from it.

    Parameters
    ----------
    rows_there : int64 array, shape (in_rows,)
    rows_written : int64 array, shape (pooled_height,)
        Cycle of the last write to each output row.
    adds : bool
        Whether the rows are of what the layer adds, not of its input.

    Returns
    -------
    int64 array, shape (in_rows,)
        A row that nothing reads goes as it comes.
    """
    first, end = rows_taken(geometry, len(rows_there), adds)
    size, stride = (1, 1) if geometry.pool is None else (geometry.pool.size, geometry.pool.stride)
    released = rows_there.copy()
    for row, cycle in enumerate(rows_written):
        for member in range(row * stride, row * stride + size):
            read = released[first[member] : end[member]]
            np.maximum(read, cycle, out=read)
    return released


def most_at_once(there: Sequence[Cycles], released: Sequence[Cycles]) -> int:
    """Count the rows that are held at a time at most.

    Parameters
    ----------
    there, released : sequences of int64 arrays
        First and last cycle in which each row of each image is held.
    """
    begins, ends = np.concatenate(there), np.concatenate(released) + 1
    changes = np.concatenate([np.ones(len(begins), np.int64), np.full(len(ends), -1)])
    order = np.lexsort(
        (changes, np.concatenate([begins, ends]))
    )  # of a cycle, rows that go before those that come
    return int(changes[order].cumsum().max())
