"""The least depth between two stages by a closed form, which knows of no others: slow, obvious, for tests.

The reader stands at the first op of a row until the rows that it reads are whole. By when one is whole the
writer has begun all rows up to some newest one. From the oldest that the reader needs from there on, up
to that one, rows have to have a place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from o3sim.config.architecture import Architecture
from o3sim.contract.program_order import ops_in_order, window_members
from o3sim.network.layer import Geometry
from o3sim.runs.pipeline.rows import release_cycles, rows_read

Side = tuple[Geometry, Architecture]
Numbers = NDArray[np.int64]


def least_rows(writer: Side, reader: Side) -> int | None:
    """Return the least depth in rows; None where the reader leaves rows unread: not of this form."""
    windows, last_op = _passes(*writer)
    newest = np.maximum.accumulate(windows.max(axis=1) // writer[0].pooled_width)[last_op]
    geometry, machine = reader
    own_rows = _positions(geometry, machine) // geometry.out_width
    _, ended = _passes(geometry, machine)
    last_use = release_cycles(geometry, np.full(len(newest), -1), ended)
    if last_use.min() < 0:
        return None
    depth = 1
    for row, (first, end) in enumerate(zip(*rows_read(geometry, len(newest)), strict=True)):
        ops = np.flatnonzero(own_rows == row)
        if first < end and len(ops):
            held = np.flatnonzero(last_use >= max(0, ops[0] - _most_pending(own_rows, geometry, machine)))
            depth = max(depth, int(newest[first:end].max() - held[0]) + 1)
    return depth


def _most_pending(own_rows: Numbers, geometry: Geometry, machine: Architecture) -> int:
    """Ops of a lockstep group that is not full, where groups and rows need not end together."""
    if machine.scheduler.policy != "lockstep":
        return 0
    group = machine.pe.count * machine.pe.contexts
    begins = np.flatnonzero(np.diff(own_rows)) + 1
    squashes = machine.pruning.pooling and geometry.pool is not None
    return 0 if not squashes and (begins % group == 0).all() else group - 1


def _passes(geometry: Geometry, machine: Architecture) -> tuple[Numbers, Numbers]:
    """Windows of each op in program order, and the last op of each row of them."""
    windows = window_members(geometry).windows_of[_positions(geometry, machine)].astype(np.int64)
    last_op = [
        np.flatnonzero(((windows >= 0) & (windows // geometry.pooled_width == row)).any(axis=1))[-1]
        for row in range(geometry.pooled_height)
    ]
    return windows, np.array(last_op)


def _positions(geometry: Geometry, machine: Architecture) -> NDArray[np.int32]:
    return ops_in_order(window_members(geometry), 0, geometry.out_channels, machine.sequencer)[0]
