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
from o3sim.runs.pipeline.held_back import Groups, groups_of, least_ended
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
    ended : tuple of lists of int
        Ops, from the first on, that have ended whenever the stage waits for rows before each stretch, and
        behind them all: in lockstep not those of a group that is not full. The second where FIFOs behind
        it count words, which may cut a group short within a row.
    is_early : bool
        Whether rows may be whole before their ops have ended, by windows that are 1.
    """

    begins: list[int]
    opened: list[int]
    whole: list[int]
    needs: tuple[list[int], list[int]]
    uses: tuple[list[int], list[int]]
    ended: tuple[list[int], list[int]]
    is_early: bool

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
    is_early = machine.pruning.pooling and geometry.pool is not None
    return _walk(geometry, machine.sequencer, (in_rows, added_rows), groups_of(geometry, machine), is_early)


@lru_cache(maxsize=256)  # the stages of pipelines that differ in their FIFOs
def _walk(
    geometry: Geometry,
    sequencer: Sequencer,
    taken_rows: tuple[int, int],
    groups: Groups,
    is_early: bool,
) -> Walk:
    positions, channels = ops_in_order(window_members(geometry), 0, geometry.out_channels, sequencer)
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
    begins, row_begins = np.flatnonzero(changes), np.flatnonzero(np.diff(own_rows)) + 1
    windows = np.where(pixels < 0, -1, pixels * geometry.out_channels + channels[:, None])
    ended = _ended(begins, [each[begins] for each in needs], windows, geometry, groups)
    last_op = _last_ops(pixels, geometry)
    uses = [
        np.maximum.accumulate(release_cycles(geometry, np.full(rows, -1), last_op, adds)) + 1
        for rows, adds in zip(taken_rows, (False, True), strict=True)
    ]
    stands = [*begins.tolist(), len(positions)]
    held_back = [*ended.tolist(), len(positions)]
    return Walk(
        stands,
        opened[begins].tolist(),
        (np.maximum.accumulate(last_op) + 1).tolist(),
        (needs[0][begins].tolist(), needs[1][begins].tolist()),
        (uses[0].tolist(), uses[1].tolist()),
        (
            stands if _fill(row_begins, groups) else held_back,
            stands if _fill(begins, groups) else held_back,
        ),
        is_early,
    )


def _last_ops(pixels: NDArray[np.int64], geometry: Geometry) -> NDArray[np.int64]:
    """Return the place in program order of the last op of each output row, after pooling."""
    last = np.zeros(geometry.pooled_height, np.int64)
    places = np.arange(len(pixels))
    for each in pixels.T:
        np.maximum.at(last, each[each >= 0] // geometry.pooled_width, places[each >= 0])
    return last


def _ended(
    begins: NDArray[np.integer],
    needs: Sequence[NDArray[np.int64]],
    windows: NDArray[np.int64],
    geometry: Geometry,
    groups: Groups,
) -> NDArray[np.int64]:
    """Count the ops that have ended whenever a stage waits for rows before each stretch.

    It does before those that need more of them; before others as many have as when it last did.
    """
    waits = np.flatnonzero(np.logical_or(*(np.diff(each, prepend=-1) > 0 for each in needs)))
    members = 1 if geometry.pool is None else geometry.pool.size**2
    ended = least_ended(windows, begins[waits].astype(np.int64), members, groups)
    return np.repeat(ended, np.diff(waits, append=len(begins)))


def _fill(begins: NDArray[np.integer], groups: Groups) -> bool:
    """Tell whether whole groups end before each of these ops: then none is held back there."""
    return not groups.squashes and bool((begins % groups.group_ops == 0).all())


def leading(counts: Sequence[int], ended: int) -> int:
    """Count the rows, from the first on, for which enough ops have ended."""
    return bisect_right(counts, ended)
