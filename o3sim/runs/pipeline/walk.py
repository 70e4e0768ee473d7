"""A stage's program as far as its neighbours see it: what it waits for, puts out and lets go, op by op.

All are counts that only grow along the program, so a stage that may go on can be followed by bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.program_order import ops_in_order, window_members
from o3sim.runs.pipeline.rows import release_cycles, rows_taken

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture, Sequencer
    from o3sim.network.layer import Geometry


@dataclass(frozen=True, eq=False)
class Walk:
    """A program, cut into stretches of ops that wait for the same.

    Attributes
    ----------
    begins : list of int
        The first op of each stretch, and behind them the number of ops.
    opened : list of int
        The newest pixel, after pooling and in raster order, that ops up to each stretch put out to; -1 none.
    whole : list of int
        Ops that have to have ended for each output row, and those before it, to be whole.
    needs, uses : tuples of lists of int
        For rows of the input, and of what is added: how many have to be whole for each stretch to begin, and
        how many ops have to have ended for each row, and those before it, to go.
    pending : int
        Ops that may wait for their lockstep group to be full while the next one waits for rows.
    """

    begins: list[int]
    opened: list[int]
    whole: list[int]
    needs: tuple[list[int], list[int]]
    uses: tuple[list[int], list[int]]
    pending: int

    @property
    def stretches(self) -> int:
        """How many there are."""
        return len(self.opened)


def walk_of(geometry: Geometry, machine: Architecture, in_rows: int, added_rows: int) -> Walk:
    """Return the walk of a stage.

    Parameters
    ----------
    in_rows, added_rows : int
        Rows of the input map, and of what the layer adds.
    """
    group = machine.pe.count * machine.pe.contexts if machine.scheduler.policy == "lockstep" else 1
    return _walk(geometry, machine.sequencer, (in_rows, added_rows), group, machine.pruning.pooling)


@lru_cache(maxsize=256)  # the stages of pipelines that differ in their FIFOs
def _walk(
    geometry: Geometry, sequencer: Sequencer, taken_rows: tuple[int, int], group: int, prunes: bool
) -> Walk:
    positions = ops_in_order(window_members(geometry), 0, geometry.out_channels, sequencer)[0]
    pixels = window_members(geometry).windows_of[positions].astype(np.int64)
    opened = np.maximum.accumulate(pixels.max(axis=1))
    own_rows = positions // geometry.out_width
    needs = [
        np.maximum.accumulate(rows_taken(geometry, rows, adds)[1][own_rows])
        for rows, adds in zip(taken_rows, (False, True), strict=True)
    ]
    changes = np.zeros(len(positions), np.bool_)
    changes[0] = True
    for each in (opened, *needs):
        changes[1:] |= each[1:] != each[:-1]
    begins = np.flatnonzero(changes)
    last_op = _last_ops(pixels, geometry)
    uses = [
        np.maximum.accumulate(release_cycles(geometry, np.full(rows, -1), last_op, adds)) + 1
        for rows, adds in zip(taken_rows, (False, True), strict=True)
    ]
    return Walk(
        [*begins.tolist(), len(positions)],
        opened[begins].tolist(),
        (np.maximum.accumulate(last_op) + 1).tolist(),
        (needs[0][begins].tolist(), needs[1][begins].tolist()),
        (uses[0].tolist(), uses[1].tolist()),
        _most_pending(own_rows, group, prunes and geometry.pool is not None),
    )


def _last_ops(pixels: NDArray[np.int64], geometry: Geometry) -> NDArray[np.int64]:
    """Return the place in program order of the last op of each output row, after pooling."""
    last = np.zeros(geometry.pooled_height, np.int64)
    places = np.arange(len(pixels))
    for each in pixels.T:
        np.maximum.at(last, each[each >= 0] // geometry.pooled_width, places[each >= 0])
    return last


def _most_pending(own_rows: NDArray[np.integer], group: int, squashes: bool) -> int:
    """Return how many ops may wait for their group while the next one waits: none where groups fill rows."""
    begins = np.flatnonzero(np.diff(own_rows)) + 1
    return 0 if not squashes and (begins % group == 0).all() else group - 1


def leading(counts: Sequence[int], ended: int) -> int:
    """Count the rows, from the first on, for which enough ops have ended."""
    return bisect_right(counts, ended)
