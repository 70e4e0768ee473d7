"""The scoreboard: windows, and outcomes that are not seen yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows
from o3sim.compiled.ring import Ring, ring_of


class Window:
    """A pooling window: whether it is seen to be 1, its ops in flight, the first link of those queued."""

    settled: int
    in_flight: int
    first_link: int


class WindowNumber:
    """A window, in a list of windows."""

    window: int


class OutputBit:
    """What a window came out as."""

    bit: np.uint8


class Scoreboard:
    """Windows; those newly seen to be 1; outcomes written and not seen yet; output bits."""

    windows: Table[Window]
    newly_settled: Table[WindowNumber]
    n_newly_settled: int
    shown: Ring
    output: Table[OutputBit]


window_at = rows("windows", Window)
newly_settled_at = rows("newly_settled", WindowNumber)
output_at = rows("output", OutputBit)


def scoreboard_of(slots: int, overlap: int, windows: int, prunes_pooling: bool) -> dict[str, Any]:
    """Begin with all windows undecided."""
    return {
        "windows": records(Window, windows if prunes_pooling else 0, first_link=-1),
        "newly_settled": records(WindowNumber, slots * overlap),
        "shown": ring_of(slots),
        "output": records(OutputBit, windows),
    }
