"""A pipeline row by row: quick enough to try hundreds of depths, close enough to know which to simulate.

Each stage works on one output row after another, for as long as it took between the last writes to them
when all its input was there. It begins a row when the one before is done, its input rows and those that it
adds are there and all who take its rows have room. The machine itself overlaps the end of a row with the
beginning of the next, so what is chosen here is simulated before anything is said of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from o3sim.runs.pipeline.rows import release_cycles, rows_taken

if TYPE_CHECKING:
    from o3sim.contract.plan import StageRun
    from o3sim.network.layer import Geometry
    from o3sim.runs.pipeline.links import Connection


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
    """The end of the rows of a FIFO that each output row needs, and the last output row for each of these."""

    writer: int
    reader: int
    needs: tuple[int, ...]
    held_for: tuple[int, ...]


def _reading(connection: Connection, geometry: Geometry, in_rows: int) -> _Reading:
    _, ends = rows_taken(geometry, in_rows, connection.adds)
    size, stride = (1, 1) if geometry.pool is None else (geometry.pool.size, geometry.pool.stride)
    rows = np.arange(geometry.pooled_height)
    needs = np.array([ends[row * stride : row * stride + size].max() for row in rows])
    held_for = release_cycles(geometry, np.full(in_rows, -1), rows, connection.adds)
    return _Reading(connection.writer, connection.reader, tuple(needs.tolist()), tuple(held_for.tolist()))


class RowModel:
    """Stages and what connects them, with the times of the rows of some images.

    Parameters
    ----------
    shapes : sequence of Geometry
        Of the layers, by stage.
    links : sequence of Connection
    times : sequence of sequences of RowTimes
        For each image those of all stages.
    """

    def __init__(
        self, shapes: Sequence[Geometry], links: Sequence[Connection], times: Sequence[Sequence[RowTimes]]
    ) -> None:
        self._reads = [
            _reading(link, shapes[link.reader], shapes[link.writer].pooled_height) for link in links
        ]
        stages = range(len(shapes))
        self._inputs = [[at for at, link in enumerate(links) if link.reader == stage] for stage in stages]
        self._outputs = [[at for at, link in enumerate(links) if link.writer == stage] for stage in stages]
        self._times = times
        self._stages = len(shapes)

    def interval_cycles(self, depths_rows: Sequence[int]) -> float:
        """Return the mean cycles between the ends of two images.

        Parameters
        ----------
        depths_rows : sequence of int
            Of each FIFO.
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
                own, after = final[reads.writer], final[reads.reader]
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
                    there = self._there(stage, final)
                    room = -1 if there < 0 else self._room(stage, final, depths, (gone, before))
                    if room < 0:
                        break
                    start = max(there, room, free[stage])
                    free[stage] = start + times[stage].cycles[len(final[stage])]
                    final[stage].append(free[stage] + times[stage].tail_cycles)
                    moved = True
        return final

    def _there(self, stage: int, final: list[list[int]]) -> int:
        """Return when the next row of a stage has all that it takes; -1 if that is not known yet."""
        row, there = len(final[stage]), 0
        for place in self._inputs[stage]:
            reads = self._reads[place]
            needed, rows = reads.needs[row], final[reads.writer]
            if len(rows) < needed:
                return -1
            if needed:
                there = max(there, rows[needed - 1] + 1)
        return there

    def _room(
        self,
        stage: int,
        final: list[list[int]],
        depths: Sequence[int],
        earlier: tuple[list[list[int]], list[int]],
    ) -> int:
        """Return when there is room for the next row of a stage; -1 if that is not known yet."""
        (gone, before), row, room = earlier, len(final[stage]), 0
        for place in self._outputs[stage]:
            taken = before[place] + row - depths[place]
            if 0 <= taken < before[place]:
                room = max(room, gone[place][taken] + 1)
            elif taken >= 0:
                own = taken - before[place]
                reads = self._reads[place]
                held_for = reads.held_for[own]
                rows = final[stage] if held_for < 0 else final[reads.reader]
                known = own if held_for < 0 else held_for
                if len(rows) <= known:
                    return -1
                room = max(room, rows[known] + 1)
        return room
