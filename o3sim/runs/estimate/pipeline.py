"""What an image of a stream takes a pipeline: the cycles between two images, bounded and sampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from o3sim.runs.engines import stage_engine_named
from o3sim.runs.estimate.bounds import CycleBounds, cycle_bounds, words_of
from o3sim.runs.estimate.sample import SAMPLE_WORDS, MachineCost, first_rows
from o3sim.runs.pipeline.stages import stage_machines

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Layer
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile


def interval_bounds(architecture: Architecture, layers: Sequence[Layer]) -> CycleBounds:
    """Bound the cycles between two images of a long stream: those of the slowest stage.

    Raises
    ------
    InputError
        If the layers do not fit the stages.
    """
    machines = stage_machines(architecture, layers)
    bounds = [cycle_bounds(machine, [layer]) for machine, layer in zip(machines, layers, strict=True)]
    return CycleBounds(max(each.least for each in bounds), max(each.most for each in bounds))


class StageSample:
    """What has been simulated of a pipeline, stage by stage, each with all rows there.

    Parameters
    ----------
    architecture : Architecture
    network : Network
    engine : str
    """

    def __init__(self, architecture: Architecture, network: Network, engine: str) -> None:
        self._machines = stage_machines(architecture, network.layers)
        self._simulate_stage = stage_engine_named(engine)
        self._most_words = SAMPLE_WORDS[engine]
        self._edges = 0
        self.cycles: list[float] = []
        self.seconds = 0.0

    def take(self, profile: LayerProfile, clock: Callable[[], float]) -> None:
        """Simulate the first rows of the next layer and take it that the others are like them."""
        machine = self._machines[len(self.cycles)]
        width = machine.pe.width_edges
        part = first_rows(profile, self._most_words, width)
        start = clock()
        run = self._simulate_stage(machine, part, np.zeros(part.geometry.out_height, np.int64))
        scale = words_of(profile.geometry, width) / words_of(part.geometry, width)
        self.seconds += (clock() - start) * scale
        self.cycles.append(run.last_active_cycle * scale)
        self._edges += words_of(profile.geometry, 1)

    def scaled(self, network: Network) -> MachineCost:
        """Take the slowest stage; those not sampled count as dense, with PEs that never wait."""
        left = zip(self._machines[len(self.cycles) :], network.layers[len(self.cycles) :], strict=True)
        dense = [words_of(layer.geometry, m.pe.width_edges) / m.pe.count for m, layer in left]
        edges = sum(words_of(layer.geometry, 1) for layer in network.layers)
        return MachineCost(max(*self.cycles, *dense, 0), self.seconds * edges / self._edges)
