"""An image in a pipeline whose stages wait for each other: for rows, and for room to put rows out.

What a stage does in a cycle follows from what its neighbours did in cycles before. So each is run on by
itself as far as nothing that is not known yet can reach it, the one that has come least far first; when a
row is done with, its neighbours are told, and it is another's turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.errors import MachineError, MachineStuckError
from o3sim.contract.gates import NOT_YET, StageGates
from o3sim.runs.pipeline.fifo import RowFifo
from o3sim.runs.pipeline.rows import first_position, most_at_once, release_cycles

if TYPE_CHECKING:
    from o3sim.contract.plan import StageRun
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.engines import OpensStage, StageUnderWay
    from o3sim.runs.pipeline.stages import Stage

Cycles = NDArray[np.int64]


class Working:
    """A stage at work on an image; cycles count from the start of the stream.

    Parameters
    ----------
    stage : Stage
    profile : LayerProfile
    before, after : RowFifo or None
        The FIFOs that it reads and writes; the first stage reads none, the last writes none.
    images : int64 array, shape (rows,)
        When the rows of the image are there, for the first stage.

    Attributes
    ----------
    start : int
        Cycle in which it begins; ``NOT_YET`` before the first rows of a stream.
    wake : int
        Next cycle in which it may do something, unless a neighbour does.
    gates : StageGates
        Counted from the start.
    """

    def __init__(
        self,
        stage: Stage,
        profile: LayerProfile,
        before: RowFifo | None,
        after: RowFifo | None,
        images: Cycles,
    ) -> None:
        self.stage, self.profile, self.before, self.after = stage, profile, before, after
        self.images = images
        self.geometry = profile.geometry
        positions = self.geometry.out_height * self.geometry.out_width
        self.gates = StageGates(np.full(positions, NOT_YET), np.full(positions, NOT_YET))
        self.start = NOT_YET if stage.next_start is None else stage.next_start
        self.wake = self.start
        self.is_held = False
        self.open: StageUnderWay | None = None

    @property
    def done(self) -> StageRun | None:
        """What came of the image; None as long as it is under way."""
        return None if self.open is None else self.open.done

    @property
    def first_gates(self) -> tuple[int, int]:
        """When rows and room for the first op in program order are there, from the start on."""
        position = first_position(self.geometry)
        return int(self.gates.rows[position]), int(self.gates.room[position])

    def result(self) -> StageRun:
        """Return what came of the image, which has left the stage."""
        assert self.done is not None  # noqa: S101 - a caller's mistake, not a user's
        return self.done

    def see(self, cycle: int, open_stage: OpensStage) -> None:
        """Take over what is known of rows and room, of which the newest came by a cycle."""
        windows = self.stage.windows_there(self.geometry, self._rows_there())
        if self.start == NOT_YET:  # the first image of the stream
            self.start = int(windows[first_position(self.geometry)])
        if self.start == NOT_YET:
            return
        places = np.zeros(len(windows), np.int64)
        if self.after is not None:
            places = self._room_of_neurons(self.after.room())
        for gates, cycles in ((self.gates.rows, windows), (self.gates.room, places)):
            gates[:] = np.where(cycles == NOT_YET, NOT_YET, np.maximum(cycles - self.start, 0))
        if self.open is None:
            self.open = open_stage(self.stage.machine, self.profile, self.gates)
            self.wake = self.start
        self.wake = max(self.start + self.open.cycle, min(self.wake, cycle + 1))
        self.is_held = False

    def _rows_there(self) -> Cycles:
        """Return the first cycle in which each row of the input is there."""
        return self.images if self.before is None else self.before.there

    def _room_of_neurons(self, room: Cycles) -> Cycles:
        """Return when there is room for all that each neuron, by its place before pooling, puts out to."""
        geometry = self.geometry
        found = np.zeros((geometry.out_height, geometry.out_width), np.int64)
        size, stride = (1, 1) if geometry.pool is None else (geometry.pool.size, geometry.pool.stride)
        rows, columns = stride * geometry.pooled_height, stride * geometry.pooled_width
        for y, x in np.ndindex(size, size):
            own = found[y : y + rows : stride, x : x + columns : stride]
            np.maximum(own, room, out=own)
        return found.ravel()

    def advance(self, limit_cycle: int) -> bool:
        """Run on, and tell if a row was done with; gates that are not known open after the limit."""
        assert self.open is not None  # noqa: S101 - one that has no start has no turn
        final, ended = self.open.rows_final.copy(), self.open.rows_ended.copy()
        self.open.advance(min(limit_cycle - self.start, NOT_YET - 1))
        if self.done is not None:
            self.wake, self.is_held = NOT_YET, False
        else:
            wake = self.open.wake
            self.wake = NOT_YET if wake >= NOT_YET else self.start + wake
        has_news = not np.array_equal(final, self.open.rows_final)
        has_news = has_news or not np.array_equal(ended, self.open.rows_ended)
        self.is_held = not has_news and self.done is None
        if has_news:
            self._hand_on(self.open)
        return has_news

    def _hand_on(self, opened: StageUnderWay) -> None:
        """Let the neighbours know which rows are there, and which go."""
        if self.after is not None:
            self.after.there[:] = self.stage.handed_on(self._counted(opened.rows_final, 1))
        if self.before is not None:
            ended = self._counted(opened.rows_ended, 0)
            self.before.released[:] = release_cycles(self.geometry, self.before.there, ended)

    def _counted(self, cycles: Cycles, later: int) -> Cycles:
        return np.where(cycles == NOT_YET, NOT_YET, cycles + self.start + later)


def run_coupled(
    stages: Sequence[Stage],
    fifos: Sequence[RowFifo],
    profiles: Iterable[LayerProfile],
    open_stage: OpensStage,
    images: Cycles,
) -> list[Working]:
    """Run an image through stages, each fed and emptied by its neighbours.

    Parameters
    ----------
    stages : sequence of Stage
    fifos : sequence of RowFifo
        That before each stage but the first; at the image that is to come.
    profiles : iterable of LayerProfile
    open_stage : callable
        The engine's.
    images : int64 array, shape (rows,)
        First cycle in which each row of the image is there for the first stage.

    Raises
    ------
    MachineError
        If stages wait for each other for ever, or rows are not conserved.
    """
    links = [None, *fifos, None]
    for fifo in fifos:
        fifo.begin_image()
    image = [
        Working(stage, profile, links[number], links[number + 1], images)
        for number, (stage, profile) in enumerate(zip(stages, profiles, strict=True))
    ]
    for working in image:
        working.see(-1, open_stage)
    while not all(working.done for working in image):
        number = min(range(len(image)), key=lambda each: image[each].wake)
        working = image[number]
        if working.wake == NOT_YET:
            raise MachineStuckError(_deadlock(image))
        limit = min(_bound(image, number - 1, number), _bound(image, number + 1, number))
        if working.advance(limit):
            cycle = working.start + working.open.cycle - 1  # type: ignore[union-attr]  # it has just run
            for neighbour in image[max(0, number - 1) : number + 2]:
                if neighbour is not working and neighbour.done is None:
                    neighbour.see(cycle, open_stage)
    for stage in stages:
        stage.end_image()
    for fifo, stage in zip(fifos, stages[1:], strict=True):
        _check_conserved(fifo, stage)
    return image


def _bound(image: Sequence[Working], number: int, asking: int) -> int:
    """Return the first cycle in which a stage may be done with a row, unless the one that asks is before."""
    if not 0 <= number < len(image) or image[number].done is not None:
        return NOT_YET
    working = image[number]
    if working.open is not None and not working.is_held:
        return working.wake
    beyond = 2 * number - asking
    return min(working.wake, _bound(image, beyond, number) + 1)


def _deadlock(image: Sequence[Working]) -> str:
    """Name the stages that wait for each other."""
    waiting = [
        f"{writer.profile.name} and {reader.profile.name} ({reader.before.depth} between)"
        for writer, reader in pairwise(image)
        if reader.before is not None
        and reader.before.is_bounded
        and reader.done is None
        and writer.done is None
    ]
    return f"deadlock: stages wait for each other for ever: {'; '.join(waiting)}"


def _check_conserved(fifo: RowFifo, stage: Stage) -> None:
    """Assert that every row came, went after it came, and had a place of its own meanwhile.

    Raises
    ------
    MachineError
    """
    there, released = [*stage.rows_there, fifo.there], [*stage.rows_released, fifo.released]
    came_and_went = (fifo.there < NOT_YET).all() and (fifo.there <= fifo.released).all()
    most = most_at_once(there[-2:], released[-2:])
    if not came_and_went or most > fifo.most_rows:
        raise MachineError(f"rows before a stage are not conserved: {most} at once, room for {fifo.depth}")
