"""A stream of images through a pipeline of stages.

Images run one after another, each stage taking one up where it left the last. Where any number of rows
can wait between stages these are coupled forwards only: a stage hands rows on when they are done, and
never waits for the next one to take them. So an image can be run stage after stage, each with the
cycles in which its rows arrived. Where some FIFO has a depth, all stages run an image together
(:mod:`o3sim.runs.pipeline.coupled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventWindow, Observer
from o3sim.contract.gates import StageGates
from o3sim.contract.plan import ImageRun
from o3sim.contract.weight_groups import all_channels
from o3sim.runs.engines import blaming_custom_units, engine_name, open_stage_named, stage_engine_named
from o3sim.runs.pipeline.coupled import Working, run_coupled
from o3sim.runs.pipeline.fifo import RowFifo
from o3sim.runs.pipeline.figures import pipeline_figures
from o3sim.runs.pipeline.occupancy import first_cause, occupancy
from o3sim.runs.pipeline.rows import first_position, release_cycles
from o3sim.runs.pipeline.stages import Stage, stage_machines
from o3sim.runs.pipeline.stream_ends import InputEnd, OutputEnd

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.contract.layer_runs import KnownLayers
    from o3sim.contract.program import LayerProgram
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile
    from o3sim.results.pipeline import PipelineFigures


class Pipeline:
    """All stages of a pipelined architecture, and the images that have gone through them.

    A :class:`o3sim.runs.runner.Runner` whose images are a stream: each finds the stages as those before
    it have left them.

    Parameters
    ----------
    architecture : Architecture
    network : Network
        Shapes suffice.
    engine : str, optional
        As for :func:`o3sim.runs.engines.engine_name`.

    Attributes
    ----------
    machines : sequence of Architecture
        By stage.
    stages : list of Stage
    runs_together : bool
        Whether stages wait for the next one to take rows, so that an image needs all of them.
    entries, exits : lists of int
        Cycle in which the first stage began with each image, and that of the last stage's last write.

    Raises
    ------
    InputError
        If the network does not fit the stages, or the engine cannot run them.
    """

    def __init__(self, architecture: Architecture, network: Network, engine: str | None = None) -> None:
        self._engine = engine_name(architecture, engine)
        self.architecture = architecture
        self.machines: Sequence[Architecture] = stage_machines(architecture, network.layers)
        self._shapes = [layer.geometry for layer in network.layers]
        self.stages = [Stage.of(*each) for each in zip(self.machines, self._shapes, strict=True)]
        self.entries: list[int] = []
        self.exits: list[int] = []
        clock_mhz, begin, end = architecture.clock_mhz, architecture.input_end, architecture.output_end
        self._input = None if begin is None else InputEnd(begin, clock_mhz, self._shapes[0])
        self._output = None if end is None else OutputEnd(end, clock_mhz, self._shapes[-1])
        self._begun = 0  # cycle in which the first stage began with the image before
        sides = zip(self._shapes[:-1], self.machines[1:], strict=True)
        self._fifos = [RowFifo.between(writer, reader) for writer, reader in sides]
        self.runs_together = any(fifo.is_bounded for fifo in self._fifos)

    def run_image(
        self,
        profiles: Iterable[LayerProfile],
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
        known: KnownLayers | None = None,  # noqa: ARG002 - a stage depends on its neighbours
    ) -> ImageRun:
        """Run the next image of the stream through all stages.

        Parameters
        ----------
        profiles : iterable of LayerProfile
            One entry for each layer, in order; asked for one at a time.
        observers : tuple of Observer
            Are shown the events of one stage after the other.
        window : EventWindow
            Cycles of a layer count from the first in which its stage could dispatch, those of the image
            from the start of the stream.

        Returns
        -------
        ImageRun
            Counts of each stage over the cycles in which it was occupied with the image, and outputs.
        """
        run = ImageRun([], [])
        rows_there = self._image_there()
        with blaming_custom_units(self.architecture):
            if self.runs_together:
                return self._run_coupled(profiles, rows_there, observers, window)
            for number, (stage, profile) in enumerate(zip(self.stages, profiles, strict=True)):
                shown = observers if window.shows_layer(number) else ()
                counters, output, rows_there = self._run_stage(
                    number, stage, profile, rows_there, (shown, window)
                )
                run.layers.append(counters)
                run.outputs.append(output)
        return replace(run, latency_cycles=self.exits[-1] - self.entries[-1] + 1)

    def _run_coupled(
        self,
        profiles: Iterable[LayerProfile],
        rows_there: NDArray[np.int64],
        observers: tuple[Observer, ...],
        window: EventWindow,
    ) -> ImageRun:
        """Run an image on all stages together, then show what each did."""
        run = ImageRun([], [])
        open_stage = open_stage_named(self._engine)
        image = run_coupled(self.stages, self._fifos, profiles, open_stage, rows_there)
        self._note_entry(image[0].start)
        for number, working in enumerate(image):
            done, stage = working.result(), working.stage
            if observers and window.shows_layer(number):
                shown = _with_rows(observers, working, window)
                watched = _of_stage(shown, window, number, working.start)
                simulate_stage = stage_engine_named(self._engine)
                done = simulate_stage(stage.machine, working.profile, working.gates, *watched)
            if working.before is not None:
                stage.rows_there.append(working.before.there)
                stage.rows_released.append(working.before.released)
            stage.next_start = working.start + done.last_active_cycle
            cause = first_cause(*working.first_gates)
            run.layers.append(occupancy(done, cause, stage.machine.pe.count))
            run.outputs.append(done.output)
        self._note_exit(image[-1].start + done.counters.cycles - 1)
        return replace(run, latency_cycles=self.exits[-1] - self.entries[-1] + 1)

    def _image_there(self) -> NDArray[np.int64]:
        """Tell when the rows of the next image are there for the first stage."""
        if self._input is None:
            return np.zeros(self._shapes[0].in_height, np.int64)
        entry, there = self._input.bring(self._begun)
        self.entries.append(entry)
        return there

    def _note_entry(self, start: int) -> None:
        """Note when the first stage began with an image: without an input end that is when it came."""
        self._begun = start
        if self._input is None:
            self.entries.append(start)

    def _note_exit(self, written: int) -> None:
        """Note the last write of an image, or when its scores have left."""
        self.exits.append(written if self._output is None else self._output.send(written))

    def program(self, profile: LayerProfile, layer: int) -> LayerProgram:
        """Lay out the ops of a stage."""
        from o3sim.contract.program import build_program

        return build_program(profile, [all_channels(0, profile.geometry)], 0, self.machines[layer])

    def figures(self, layers: Sequence[LayerCounters]) -> PipelineFigures:
        """Return the figures of the stream so far; ``layers`` are the counts of its stages, summed."""
        return pipeline_figures(self.stages, (self.entries, self.exits), layers, self._shapes)

    def _run_stage(
        self,
        number: int,
        stage: Stage,
        profile: LayerProfile,
        rows_there: NDArray[np.int64],
        watched: tuple[tuple[Observer, ...], EventWindow],
    ) -> tuple[LayerCounters, NDArray[np.uint8], NDArray[np.int64]]:
        """Run an image on one stage; return its counts, its bits and when its rows can be read."""
        geometry = profile.geometry
        may_dispatch = stage.windows_there(geometry, rows_there)
        first = int(may_dispatch[first_position(geometry)])
        start = first if stage.next_start is None else stage.next_start
        simulate_stage = stage_engine_named(self._engine)
        gates = StageGates(np.maximum(may_dispatch - start, 0), np.zeros(len(may_dispatch), np.int64))
        done = simulate_stage(stage.machine, profile, gates, *_of_stage(*watched, number, start))
        stage.next_start = start + done.last_active_cycle
        written = done.rows_written + start
        handed_on = stage.handed_on(written + 1)
        stage.end_image()
        if number == 0:
            self._note_entry(start)
        else:
            stage.rows_there.append(rows_there)
            stage.rows_released.append(release_cycles(geometry, rows_there, written))
        if number == len(self.stages) - 1:
            self._note_exit(start + done.counters.cycles - 1)
        counters = occupancy(done, first_cause(first - start, 0), stage.machine.pe.count)
        return counters, done.output, handed_on


def _of_stage(
    observers: tuple[Observer, ...], window: EventWindow, number: int, start: int
) -> tuple[tuple[Observer, ...], EventWindow]:
    """Turn a window of the network, and who looks through it, into those of a stage by itself."""
    if not observers:
        return (), EVERY_EVENT
    origin = 0 if window.of_layer else start
    alone = replace(
        window,
        layer=None,
        first_cycle=max(0, window.first_cycle - origin),
        end_cycle=max(0, window.end_cycle - origin),
    )
    return tuple(_StageObserver(observer, number, origin) for observer in observers), alone


def _with_rows(
    observers: tuple[Observer, ...], working: Working, window: EventWindow
) -> tuple[Observer, ...]:
    """Let observers see too how many rows wait before a stage, if their number is limited."""
    fifo = working.before
    if fifo is None or not fifo.is_bounded:
        return observers
    came, went = fifo.there, fifo.released + 1
    cycles = np.unique(np.concatenate([came, went]))
    rows = [
        Event(int(cycle), EventKind.ROWS, int((came <= cycle).sum()), "fifo", int(held))
        for cycle in cycles
        for held in [(came <= cycle).sum() - (went <= cycle).sum()]
    ]
    origin = working.start if window.of_layer else 0
    counted = [row._replace(cycle=row.cycle - origin) for row in rows if row.cycle >= working.start]
    shown = [row for row in counted if window.shows(row)]
    return tuple(_RowsObserver(observer, shown) for observer in observers)


class _RowsObserver:
    """Shows events of rows among the others, each behind those of its cycle."""

    def __init__(self, observer: Observer, rows: list[Event]) -> None:
        self._observer, self._rows = observer, rows[::-1]

    def see(self, event: Event) -> None:
        """Pass an event on, after the rows of cycles before."""
        while self._rows and self._rows[-1].cycle < event.cycle:
            self._observer.see(self._rows.pop())
        self._observer.see(event)


class _StageObserver:
    """Shows the events of a stage, which to its engine is all there is, as those of a layer in a stream."""

    def __init__(self, observer: Observer, number: int, origin: int) -> None:
        self._observer, self._number, self._origin = observer, number, origin

    def see(self, event: Event) -> None:
        """Pass an event on; weights, which are on the chip already, are not seen to arrive."""
        if event.kind is EventKind.WEIGHTS:
            return
        of_layer = event.kind in (EventKind.LAYER_START, EventKind.LAYER_END)
        op = self._number if of_layer else event.op
        self._observer.see(event._replace(cycle=event.cycle + self._origin, op=op))
