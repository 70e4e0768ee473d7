"""The least depths of a FIFO between two stages with which they never wait for each other for ever.

Both stages walk their ops in program order. The reader stands at an op until the rows that it reads are
whole, and a row that it has begun to use goes when all ops have ended that any of the outputs computed
from it needs. The writer opens a row with the first op that puts out to it and has to pass all others up to
the last of that row to make it whole. So there must be places for all rows from the oldest that the
reader still needs up to the newest that the writer opens on the way. Of words, of which a row takes some for
each of its pixels, there must be places up to the last of the newest pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.program_order import ops_in_order, window_members
from o3sim.runs.pipeline.fifo import RowWords
from o3sim.runs.pipeline.rows import release_cycles, rows_read

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry

Places = NDArray[np.int64]


def least_depth_rows(writer: tuple[Geometry, Architecture], reader: tuple[Geometry, Architecture]) -> int:
    """Return the least depth of a FIFO that never ends in a deadlock, whatever the image.

    Parameters
    ----------
    writer, reader : tuples of Geometry and Architecture
        Layers and machines of the stage before it and of the one that it feeds.

    Notes
    -----
    In lockstep the ops of a group that is not full wait too. Unless groups fill rows and nothing is
    squashed, which those are depends on the image: then it is the least that is safe wherever groups begin.
    """
    rows = np.arange(writer[0].pooled_height)
    places = np.repeat(rows, writer[0].pooled_width)
    return _least_depth(writer, reader, places, 1)


def least_depth_words(writer: tuple[Geometry, Architecture], reader: tuple[Geometry, Architecture]) -> int:
    """Return the least depth in words that never ends in a deadlock, as :func:`least_depth_rows` does."""
    words = RowWords.between(writer[0], reader[1])
    rows = np.arange(writer[0].pooled_height)
    places = (rows[:, None] * words.of_row + words.last).ravel()
    return _least_depth(writer, reader, places, words.of_row)


def _least_depth(
    writer: tuple[Geometry, Architecture],
    reader: tuple[Geometry, Architecture],
    places: Places,
    of_row: int,
) -> int:
    """Return the least depth in places.

    Parameters
    ----------
    places : int64 array, shape (pooled_height * pooled_width,)
        The last place of each pixel that the writer puts out.
    of_row : int
        Places of a row.
    """
    opened = _opened(*writer, places)
    geometry, machine = reader
    first_op, last_op = _passes(geometry, machine)
    rows_there = np.full(len(opened), -1, np.int64)  # a row that nothing reads goes as it comes
    last_use = release_cycles(geometry, rows_there, last_op)
    pending = _most_pending(geometry, machine)
    depth = 1
    for row, (first, end) in enumerate(zip(*rows_read(geometry, len(opened)), strict=True)):
        if first < end and first_op[row] >= 0:
            held = np.flatnonzero(last_use >= max(0, first_op[row] - pending))
            depth = max(depth, int(opened[first:end].max()) - int(held[0]) * of_row + 1)
    return depth


def _most_pending(geometry: Geometry, machine: Architecture) -> int:
    """Return how many ops may wait for their lockstep group to be full while the next one waits for rows."""
    if machine.scheduler.policy != "lockstep":
        return 0
    group = machine.pe.count * machine.pe.contexts
    rows = _program(geometry, machine)[0] // geometry.out_width
    begins = np.flatnonzero(np.diff(rows)) + 1
    squashes = machine.pruning.pooling and geometry.pool is not None
    return 0 if not squashes and (begins % group == 0).all() else group - 1


def _opened(geometry: Geometry, machine: Architecture, places: Places) -> Places:
    """Return, for each output row after pooling, the newest place that is begun by when it is whole."""
    _, last_op = _passes(geometry, machine)
    windows = _windows(geometry, machine)
    each = np.where(windows < 0, -1, places[windows]).max(axis=1)
    newest: Places = np.maximum.accumulate(each)[last_op]
    return newest


def _passes(geometry: Geometry, machine: Architecture) -> tuple[Places, Places]:
    """Return the places in program order of the first op of each row, and of the last one of each pooled row.

    Returns
    -------
    first_op : int64 array, shape (out_height,)
        Rows before pooling; -1 where none is of any use.
    last_op : int64 array, shape (pooled_height,)
    """
    positions, _ = _program(geometry, machine)
    first_op = np.full(geometry.out_height, -1, np.int64)
    own_rows, first = np.unique(positions // geometry.out_width, return_index=True)
    first_op[own_rows] = first
    last_op = np.zeros(geometry.pooled_height, np.int64)
    places = np.arange(len(positions))
    for rows in _windows_rows(geometry, machine).T:
        np.maximum.at(last_op, rows[rows >= 0], places[rows >= 0])
    return first_op, last_op


def _program(geometry: Geometry, machine: Architecture) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return ops_in_order(window_members(geometry), 0, geometry.out_channels, machine.sequencer)


def _windows(geometry: Geometry, machine: Architecture) -> Places:
    """Return the pixels, after pooling, that each op puts out to, -1 where it is in fewer windows."""
    windows: Places = window_members(geometry).windows_of[_program(geometry, machine)[0]].astype(np.int64)
    return windows


def _windows_rows(geometry: Geometry, machine: Architecture) -> Places:
    """Return the pooled rows that each op puts out to, -1 where it is in fewer windows."""
    windows = _windows(geometry, machine)
    rows: Places = np.where(windows < 0, -1, windows // geometry.pooled_width)
    return rows
