"""A stream of images through a pipeline of stages.

Stages are coupled forwards only: a stage hands rows on when they are done, and never waits for the
next one to take them. So an image can be run stage after stage, each with the cycles in which its
rows arrived, and images one after another, each stage taking one up where it left the last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.plan import ImageRun
from o3sim.runs.engines import blaming_custom_units, engine_name, stage_engine_named
from o3sim.runs.pipeline.occupancy import occupancy
from o3sim.runs.pipeline.rows import dispatch_cycles, first_row, most_at_once, release_cycles
from o3sim.runs.pipeline.stages import stage_machines

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile


@dataclass(eq=False)
class Stage:
    """A stage and what it has done so far; cycles count from the start of the stream.

    Attributes
    ----------
    machine : Architecture
    next_start : int or None
        Cycle in which it can begin with the next image: the last one in which it was occupied. None
        before the first image.
    rows_there, rows_released : lists of int64 arrays, shape (in_rows,)
        For each image the first and the last cycle in which each input row was held; none in the
        first stage, to which images come whole.
    """

    machine: Architecture
    next_start: int | None = None
    rows_there: list[NDArray[np.int64]] = field(default_factory=list)
    rows_released: list[NDArray[np.int64]] = field(default_factory=list)

    @property
    def rows_at_once(self) -> int:
        """Input rows held at a time at most, so far."""
        return most_at_once(self.rows_there, self.rows_released) if self.rows_there else 0


class Pipeline:
    """All stages of a pipelined architecture, and the images that have gone through them.

    Parameters
    ----------
    architecture : Architecture
    network : Network
    engine : str, optional
        As for :func:`o3sim.runs.engines.engine_name`.

    Attributes
    ----------
    stages : list of Stage
    entries, exits : lists of int
        Cycle in which the first stage began with each image, and that of the last stage's last write.

    Raises
    ------
    InputError
        If the network does not fit the stages, or the engine cannot run them.
    """

    def __init__(self, architecture: Architecture, network: Network, engine: str | None = None) -> None:
        self.architecture = architecture
        self.stages = [Stage(machine) for machine in stage_machines(architecture, network.layers)]
        self.entries: list[int] = []
        self.exits: list[int] = []
        self._simulate_stage = stage_engine_named(engine_name(architecture, engine))

    def run_image(self, profiles: Iterable[LayerProfile]) -> ImageRun:
        """Run the next image of the stream through all stages.

        Parameters
        ----------
        profiles : iterable of LayerProfile
            One entry for each layer, in order; asked for one at a time.

        Returns
        -------
        ImageRun
            Counts of each stage over the cycles in which it was occupied with the image, and outputs.
        """
        run = ImageRun([], [])
        rows_there: NDArray[np.int64] | None = None
        with blaming_custom_units(self.architecture):
            for number, (stage, profile) in enumerate(zip(self.stages, profiles, strict=True)):
                counters, output, rows_there = self._run_stage(number, stage, profile, rows_there)
                run.layers.append(counters)
                run.outputs.append(output)
        return replace(run, latency_cycles=self.exits[-1] - self.entries[-1] + 1)

    def _run_stage(
        self, number: int, stage: Stage, profile: LayerProfile, rows_there: NDArray[np.int64] | None
    ) -> tuple[LayerCounters, NDArray[np.uint8], NDArray[np.int64]]:
        """Run an image on one stage; return its counts, its bits and when its rows can be read."""
        geometry = profile.geometry
        may_dispatch = np.zeros(geometry.out_height, np.int64)
        if rows_there is not None:
            may_dispatch = dispatch_cycles(geometry, rows_there)
        first = int(may_dispatch[first_row(geometry)])
        start = first if stage.next_start is None else stage.next_start
        done = self._simulate_stage(stage.machine, profile, np.maximum(may_dispatch - start, 0))
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
