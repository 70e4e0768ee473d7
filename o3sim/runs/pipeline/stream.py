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

from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.gates import StageGates
from o3sim.contract.plan import ImageRun
from o3sim.contract.weight_groups import all_channels
from o3sim.runs.engines import blaming_custom_units, engine_name, open_stage_named, stage_engine_named
from o3sim.runs.pipeline.coupled import run_coupled
from o3sim.runs.pipeline.figures import pipeline_figures
from o3sim.runs.pipeline.links import copies_of, links_of
from o3sim.runs.pipeline.occupancy import first_cause, occupancy
from o3sim.runs.pipeline.rows import first_position
from o3sim.runs.pipeline.stages import Stage, stage_machines
from o3sim.runs.pipeline.stream_ends import InputEnd, OutputEnd
from o3sim.runs.pipeline.watched import of_stage, with_rows

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.contract.layer_runs import KnownLayers
    from o3sim.contract.plan import StageRun
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
    links : list of Link
        What connects them, stage by stage.
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
        layers = network.layers
        self._shapes = [layer.geometry for layer in layers]
        self.stages = [Stage.of(*each) for each in zip(self.machines, self._shapes, strict=True)]
        self.links = links_of(layers, self.machines)
        self.runs_together = any(link.fifo.is_bounded for link in self.links)
        self._copies = copies_of(layers)
        self.entries: list[int] = []
        self.exits: list[int] = []
        clock_mhz, begin, end = architecture.clock_mhz, architecture.input_end, architecture.output_end
        self._input = None if begin is None else InputEnd(begin, clock_mhz, self._shapes[0])
        self._output = None if end is None else OutputEnd(end, clock_mhz, self._shapes[-1])
        self._begun = 0  # cycle in which the first stage began with the image before

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
            for number, profile in enumerate(profiles):
                shown = observers if window.shows_layer(number) else ()
                counters, output = self._run_stage(number, profile, rows_there, (shown, window))
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
        image = run_coupled(self.stages, self.links, profiles, open_stage, rows_there)
        self._note_entry(image[0].start)
        for number, working in enumerate(image):
            done, stage = working.result(), working.stage
            if observers and window.shows_layer(number):
                shown = with_rows(observers, working, window)
                watched = of_stage(shown, window, number, working.start)
                simulate_stage = stage_engine_named(self._engine)
                done = simulate_stage(stage.machine, working.profile, working.gates, *watched)
            stage.next_start = working.start + done.last_active_cycle
            cause = first_cause(*working.first_gates)
            run.layers.append(self._counted(number, done, cause))
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
        return pipeline_figures(self.stages, self.links, (self.entries, self.exits), layers)

    def _counted(self, number: int, done: StageRun, cause: str) -> LayerCounters:
        """Return the counts of a stage, whose bits and sums are written to every FIFO that takes them."""
        counters = occupancy(done, cause, self.machines[number].pe.count)
        bits, sums = self._copies[number]
        counters.output_bits *= bits
        counters.sum_bits *= sums
        return counters

    def _run_stage(
        self,
        number: int,
        profile: LayerProfile,
        image: NDArray[np.int64],
        watched: tuple[tuple[Observer, ...], EventWindow],
    ) -> tuple[LayerCounters, NDArray[np.uint8]]:
        """Run an image on one stage, behind those that it takes from; return its counts and its bits."""
        stage, geometry = self.stages[number], profile.geometry
        inputs = [link for link in self.links if link.connection.reader == number]
        may_dispatch = stage.inputs_there(geometry, inputs, image)
        first = int(may_dispatch[first_position(geometry)])
        start = first if stage.next_start is None else stage.next_start
        simulate_stage = stage_engine_named(self._engine)
        gates = StageGates(np.maximum(may_dispatch - start, 0), np.zeros(len(may_dispatch), np.int64))
        done = simulate_stage(stage.machine, profile, gates, *of_stage(*watched, number, start))
        stage.next_start = start + done.last_active_cycle
        written = done.rows_written + start
        handed_on = stage.handed_on(written + 1)
        stage.end_image()
        for link in self.links:
            if link.connection.writer == number:
                link.begin_image()
                link.bring(handed_on)
        for link in inputs:
            link.release(written)
            link.end_image()
        if number == 0:
            self._note_entry(start)
        if number == len(self.stages) - 1:
            self._note_exit(start + done.counters.cycles - 1)
        return self._counted(number, done, first_cause(first - start, 0)), done.output
