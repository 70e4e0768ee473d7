"""A pipeline row by row: quick enough to try hundreds of depths, close enough to know which to simulate.

Each stage works on one output row after another, for as long as it took between the last writes to them
when all its input was there. It begins a row when the one before is done, its input rows are there and
the next stage has room. The machine itself overlaps the end of a row with the beginning of the next, so
what is chosen here is simulated before anything is said of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from o3sim.runs.pipeline.rows import release_cycles, rows_read

if TYPE_CHECKING:
    from o3sim.contract.plan import StageRun
    from o3sim.network.layer import Geometry


@dataclass(frozen=True)
class RowTimes:
    """How long a stage works on the rows of an image.

    Attributes
    ----------
    cycles : tuple of int
        For each output row, after pooling.
    tail_cycles : int
        From the end of the work on a row to the write that makes it final.
    """

    cycles: tuple[int, ...]
    tail_cycles: int


def row_times(run: StageRun) -> RowTimes:
    """Read the times off a run with all input there."""
    written = np.maximum.accumulate(run.rows_written)
    tail = max(0, int(written[-1]) - run.last_active_cycle)
    each = np.diff(written, prepend=tail)
    return RowTimes(tuple(np.maximum(each, 0).tolist()), tail)


@dataclass(frozen=True)
class _Reading:
    """The end of the input rows that each output row needs, and the last output row for each of these."""

    needs: tuple[int, ...]
    held_for: tuple[int, ...]


def _reading(geometry: Geometry, in_rows: int) -> _Reading:
    _, ends = rows_read(geometry, in_rows)
    size, stride = (1, 1) if geometry.pool is None else (geometry.pool.size, geometry.pool.stride)
    rows = np.arange(geometry.pooled_height)
    needs = np.array([ends[row * stride : row * stride + size].max() for row in rows])
    held_for = release_cycles(geometry, np.full(in_rows, -1), rows)
    return _Reading(tuple(needs.tolist()), tuple(held_for.tolist()))


class RowModel:
    """Stages in a row, with the times of the rows of some images.

    Parameters
    ----------
    shapes : sequence of Geometry
        Of the layers, by stage.
    times : sequence of sequences of RowTimes
        For each image those of all stages.
    """

    def __init__(self, shapes: Sequence[Geometry], times: Sequence[Sequence[RowTimes]]) -> None:
        rows = [shape.pooled_height for shape in shapes]
        self._reads = [_reading(shape, count) for shape, count in zip(shapes[1:], rows, strict=False)]
        self._times = times
        self._stages = len(shapes)

    def interval_cycles(self, depths_rows: Sequence[int]) -> float:
        """Return the mean cycles between the ends of two images.

        Parameters
        ----------
        depths_rows : sequence of int
            Of the FIFO before each stage but the first.
        """
        ends = self.ends(depths_rows)
        return (ends[-1] - ends[0]) / max(1, len(ends) - 1)

    def ends(self, depths_rows: Sequence[int]) -> list[int]:
        """Return the cycle of the last write of each image."""
        free = [0] * self._stages
        gone: list[list[int]] = [[] for _ in depths_rows]
        ends = []
        for times in self._times:
            final = self._image(times, depths_rows, free, gone)
            ends.append(final[-1][-1])
            for place, reads in enumerate(self._reads):
                own, after = final[place], final[place + 1]
                gone[place] += [own[row] if out < 0 else after[out] for row, out in enumerate(reads.held_for)]
        return ends

    def _image(
        self, times: Sequence[RowTimes], depths: Sequence[int], free: list[int], gone: list[list[int]]
    ) -> list[list[int]]:
        """Run an image; return when each row of each stage is final."""
        final: list[list[int]] = [[] for _ in range(self._stages)]
        before = [len(each) for each in gone]
        moved = True
        while moved:
            moved = False
            for stage in range(self._stages):
                while len(final[stage]) < len(times[stage].cycles):
                    start = self._start(stage, final, depths, (gone, before))
                    if start < 0:
                        break
                    start = max(start, free[stage])
                    free[stage] = start + times[stage].cycles[len(final[stage])]
                    final[stage].append(free[stage] + times[stage].tail_cycles)
                    moved = True
        return final

    def _start(
        self,
        stage: int,
        final: list[list[int]],
        depths: Sequence[int],
        earlier: tuple[list[list[int]], list[int]],
    ) -> int:
        """Return when the next row of a stage has its input and room; -1 if that is not known yet."""
        row, start = len(final[stage]), 0
        if stage > 0:
            needed = self._reads[stage - 1].needs[row]
            if len(final[stage - 1]) < needed:
                return -1
            start = final[stage - 1][needed - 1] + 1 if needed else 0
        if stage < self._stages - 1:
            gone, before = earlier
            place = before[stage] + row - depths[stage]
            if 0 <= place < before[stage]:
                start = max(start, gone[stage][place] + 1)
            elif place >= 0:
                own = place - before[stage]
                held_for = self._reads[stage].held_for[own]
                rows = final[stage] if held_for < 0 else final[stage + 1]
                known = own if held_for < 0 else held_for
                if len(rows) <= known:
                    return -1
                start = max(start, rows[known] + 1)
        return start
