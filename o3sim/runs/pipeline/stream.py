"""A stream of images through a pipeline of stages.

Stages are coupled forwards only: a stage hands rows on when they are done, and never waits for the
next one to take them. So an image can be run stage after stage, each with the cycles in which its
rows arrived, and images one after another, each stage taking one up where it left the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventWindow, Observer
from o3sim.contract.plan import ImageRun
from o3sim.contract.weight_groups import all_channels
from o3sim.runs.engines import blaming_custom_units, engine_name, stage_engine_named
from o3sim.runs.pipeline.figures import pipeline_figures
from o3sim.runs.pipeline.occupancy import occupancy
from o3sim.runs.pipeline.rows import dispatch_cycles, first_row, release_cycles
from o3sim.runs.pipeline.stages import Stage, stage_machines

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
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
        self.stages = [Stage(machine) for machine in self.machines]
        self.entries: list[int] = []
        self.exits: list[int] = []
        self._shapes = [layer.geometry for layer in network.layers]

    def run_image(
        self,
        profiles: Iterable[LayerProfile],
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
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
        rows_there: NDArray[np.int64] | None = None
        with blaming_custom_units(self.architecture):
            for number, (stage, profile) in enumerate(zip(self.stages, profiles, strict=True)):
                shown = observers if window.shows_layer(number) else ()
                counters, output, rows_there = self._run_stage(
                    number, stage, profile, rows_there, (shown, window)
                )
                run.layers.append(counters)
                run.outputs.append(output)
        return replace(run, latency_cycles=self.exits[-1] - self.entries[-1] + 1)

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
        rows_there: NDArray[np.int64] | None,
        watched: tuple[tuple[Observer, ...], EventWindow],
    ) -> tuple[LayerCounters, NDArray[np.uint8], NDArray[np.int64]]:
        """Run an image on one stage; return its counts, its bits and when its rows can be read."""
        geometry = profile.geometry
        may_dispatch = np.zeros(geometry.out_height, np.int64)
        if rows_there is not None:
            may_dispatch = dispatch_cycles(geometry, rows_there)
        first = int(may_dispatch[first_row(geometry)])
        start = first if stage.next_start is None else stage.next_start
        simulate_stage = stage_engine_named(self._engine)
        done = simulate_stage(
            stage.machine, profile, np.maximum(may_dispatch - start, 0), *_of_stage(*watched, number, start)
        )
        stage.next_start = start + done.last_active_cycle
        written = done.rows_written + start
        if rows_there is None:
            self.entries.append(start)
        else:
            stage.rows_there.append(rows_there)
            stage.rows_released.append(release_cycles(geometry, rows_there, written))
        if number == len(self.stages) - 1:
            self.exits.append(start + done.counters.cycles - 1)
        counters = occupancy(done, first > start, stage.machine.pe.count)
        return counters, done.output, written + 1


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
