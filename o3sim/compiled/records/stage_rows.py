"""A stage of a pipeline: when the rows come that it waits for, and when those were written that it makes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.allocation import located, records
from o3sim.compiled.record import Table, numbers, rows
from o3sim.network.layer import Geometry


class RowWritten:
    """Cycle of the last write to a row of the output."""

    cycle: int


class StageRows:
    """First cycle in which each position can be dispatched; rows of the output, and windows of each."""

    not_before: Table[np.int64]
    written: Table[RowWritten]
    row_windows: int


not_before = numbers("not_before", np.int64)
row_written_at = rows("written", RowWritten)


def stage_rows_of(geometry: Geometry, row_cycles: NDArray[np.int64]) -> dict[str, Any]:
    """Begin with no row written."""
    return {
        "not_before": located(np.repeat(row_cycles, geometry.out_width), np.int64),
        "written": records(RowWritten, geometry.pooled_height),
        "row_windows": geometry.pooled_width * geometry.out_channels,
    }
