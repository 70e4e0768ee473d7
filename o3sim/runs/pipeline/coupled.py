"""An image in a pipeline whose stages wait for each other: for rows, and for room to put rows out.

What a stage does in a cycle follows from what its neighbours did in cycles before. So each is run on by
itself as far as nothing that is not known yet can reach it, the one that has come least far first; when a
row is done with, its neighbours are told, and it is another's turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.errors import MachineError, MachineStuckError
from o3sim.contract.gates import NOT_YET, StageGates
from o3sim.contract.program_order import first_ops
from o3sim.runs.pipeline.rows import first_position, most_at_once

if TYPE_CHECKING:
    from o3sim.contract.plan import StageRun
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.engines import OpensStage, StageUnderWay
    from o3sim.runs.pipeline.links import Link
    from o3sim.runs.pipeline.stages import Stage

Cycles = NDArray[np.int64]


class Working:
    """A stage at work on an image; cycles count from the start of the stream.

    Parameters
    ----------
    stage : Stage
    profile : LayerProfile
    inputs, outputs : sequences of Link
        What it takes from other stages, and what others take from it.
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
        inputs: Sequence[Link],
        outputs: Sequence[Link],
        images: Cycles,
    ) -> None:
        self.stage, self.profile, self.inputs, self.outputs = stage, profile, inputs, outputs
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
        windows = self.stage.inputs_there(self.geometry, self.inputs, self.images)
        if self.start == NOT_YET:  # the first image of the stream
            self.start = int(windows[first_position(self.geometry)])
        if self.start == NOT_YET:
            return
        places = np.zeros(len(windows), np.int64)
        for link in self.outputs:
            np.maximum(places, self._room_of_neurons(link.fifo.room()), out=places)
        unknown = (windows == NOT_YET) | (places == NOT_YET)
        firsts = first_ops(self.geometry, self.stage.machine.sequencer)
        self.gates.known_ops[0] = firsts[unknown].min(initial=NOT_YET)
        for gates, cycles in ((self.gates.rows, windows), (self.gates.room, places)):
            gates[:] = np.where(cycles == NOT_YET, NOT_YET, np.maximum(cycles - self.start, 0))
        if self.open is None:
            self.open = open_stage(self.stage.machine, self.profile, self.gates)
            self.wake = self.start
        self.wake = max(self.start + self.open.cycle, min(self.wake, cycle + 1))
        self.is_held = False

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
        handed_on = self.stage.handed_on(self._counted(opened.rows_final, 1))
        for link in self.outputs:
            link.bring(handed_on)
        ended = self._counted(opened.rows_ended, 0)
        for link in self.inputs:
            link.release(ended)

    def _counted(self, cycles: Cycles, later: int) -> Cycles:
        return np.where(cycles == NOT_YET, NOT_YET, cycles + self.start + later)


def run_coupled(
    stages: Sequence[Stage],
    links: Sequence[Link],
    profiles: Iterable[LayerProfile],
    open_stage: OpensStage,
    images: Cycles,
) -> list[Working]:
    """Run an image through stages, each fed and emptied by its neighbours.

    Parameters
    ----------
    stages : sequence of Stage
    links : sequence of Link
        What connects them, with their FIFOs at the image that is to come.
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
    for link in links:
        link.begin_image()
    image = [
        Working(
            stage,
            profile,
            [link for link in links if link.connection.reader == number],
            [link for link in links if link.connection.writer == number],
            images,
        )
        for number, (stage, profile) in enumerate(zip(stages, profiles, strict=True))
    ]
    beside = [_beside(links, number) for number in range(len(image))]
    for working in image:
        working.see(-1, open_stage)
    while not all(working.done for working in image):
        number = min(range(len(image)), key=lambda each: image[each].wake)
        working = image[number]
        if working.wake == NOT_YET:
            raise MachineStuckError(_deadlock(image, links))
        if working.advance(_bound(image, beside, number)):
            cycle = working.start + working.open.cycle - 1  # type: ignore[union-attr]  # it has just run
            for each in (number, *beside[number]):  # a row that nobody reads makes room for its own stage
                if image[each].done is None:
                    image[each].see(cycle, open_stage)
    for stage in stages:
        stage.end_image()
    for link in links:
        _check_conserved(link)
        link.end_image()
    return image


def _beside(links: Sequence[Link], number: int) -> list[int]:
    """List the stages that a stage takes from, and those that take from it."""
    ends = {(link.connection.writer, link.connection.reader) for link in links}
    return sorted({other for end in ends if number in end for other in end} - {number})


def _bound(image: Sequence[Working], beside: Sequence[Sequence[int]], asking: int) -> int:
    """Return the first cycle in which a neighbour may be done with a row, unless the one that asks is before.

    A stage that is held may go on a cycle after one beside it is done with a row, and so on.
    """
    bound, later, seen = NOT_YET, 0, {asking}
    reached = list(beside[asking])
    while reached:
        seen.update(reached)
        beyond: set[int] = set()
        for number in reached:
            working = image[number]
            if working.done is None:
                bound = min(bound, working.wake + later)
                if working.open is None or working.is_held:
                    beyond.update(beside[number])
        reached, later = sorted(beyond - seen), later + 1
    return bound


def _deadlock(image: Sequence[Working], links: Sequence[Link]) -> str:
    """Name the stages that wait for each other."""
    waiting = []
    for link in links:
        writer, reader = image[link.connection.writer], image[link.connection.reader]
        if link.fifo.is_bounded and reader.done is None and writer.done is None:
            names = f"{writer.profile.name} and {reader.profile.name}"
            waiting.append(f"{names} ({link.fifo.depth} between)")
    return f"deadlock: stages wait for each other for ever: {'; '.join(waiting)}"


def _check_conserved(link: Link) -> None:
    """Assert that every row came, went after it came, and had a place of its own meanwhile.

    Raises
    ------
    MachineError
    """
    fifo = link.fifo
    there, released = [*link.rows_there, fifo.there], [*link.rows_released, fifo.released]
    came_and_went = (fifo.there < NOT_YET).all() and (fifo.there <= fifo.released).all()
    most = most_at_once(there[-2:], released[-2:])
    if not came_and_went or most > fifo.most_rows:
        raise MachineError(f"rows before a stage are not conserved: {most} at once, room for {fifo.depth}")
