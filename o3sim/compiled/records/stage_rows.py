"""A stage of a pipeline: what its ops wait for, and when the rows were done with that it makes."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.allocation import located, records
from o3sim.compiled.record import Table, numbers, rows
from o3sim.contract.gates import NOT_YET, StageGates
from o3sim.contract.output_rows import ops_of_rows, windows_of_row
from o3sim.network.layer import Geometry


class OutputRow:
    """A row of the output.

    Attributes
    ----------
    cycle : int
        Of the last write to it so far.
    windows_left, ops_left : int
        Windows that are not final; ops that have not ended, once for each window that they are in.
    final_cycle, ended_cycle : int
        Cycles in which there were none left.
    """

    cycle: int
    windows_left: int
    ops_left: int
    final_cycle: int
    ended_cycle: int


class Zeros:
    """Ops of a window that came out as 0."""

    ops: int


class StageRows:
    """Gates of each position; rows of the output, and windows of each.

    Attributes
    ----------
    known_ops : table
        A single number: ops, from the first on, whose gates are known.
    is_open : int
        Whether some of the gates become known only while the stage is under way.
    has_news : int
        Whether a row was done with in this cycle.
    """

    rows: Table[np.int64]
    room: Table[np.int64]
    known_ops: Table[np.int64]
    output: Table[OutputRow]
    zeros: Table[Zeros]
    row_windows: int
    is_open: int
    has_news: int


rows_there = numbers("rows", np.int64)
room_there = numbers("room", np.int64)
known_ops_at = numbers("known_ops", np.int64)
output_row_at = rows("output", OutputRow)
zeros_at = rows("zeros", Zeros)


def stage_rows_of(
    geometry: Geometry, gates: StageGates, prunes_pooling: bool, is_open: bool
) -> dict[str, Any]:
    """Begin with no row written."""
    windows = windows_of_row(geometry)
    return {
        "rows": located(gates.rows, np.int64),
        "room": located(gates.room, np.int64),
        "known_ops": located(gates.known_ops, np.int64),
        "output": records(
            OutputRow,
            geometry.pooled_height,
            windows_left=windows,
            ops_left=ops_of_rows(geometry),
            final_cycle=NOT_YET,
            ended_cycle=NOT_YET,
        ),
        "zeros": records(Zeros, windows * geometry.pooled_height if prunes_pooling else 0),
        "row_windows": windows,
        "is_open": is_open,
    }
