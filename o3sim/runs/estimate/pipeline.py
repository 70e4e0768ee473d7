"""What an image of a stream takes a pipeline: the cycles between two images, bounded and sampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from o3sim.contract.gates import StageGates
from o3sim.network.finn.pooling import pool_cycles
from o3sim.network.finn.sliding_window import sliding_window_cycles
from o3sim.network.finn.stream_end import stream_cycles
from o3sim.runs.engines import stage_engine_named
from o3sim.runs.estimate.bounds import CycleBounds, cycle_bounds, words_of
from o3sim.runs.estimate.sample import SAMPLE_WORDS, MachineCost, first_rows
from o3sim.runs.pipeline.deadlock import Waits
from o3sim.runs.pipeline.stages import stage_machines

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Layer
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile


def interval_bounds(architecture: Architecture, layers: Sequence[Layer]) -> CycleBounds:
    """Bound the cycles between two images of a long stream: those of the slowest stage or unit.

    Where stages wait for room they may in the worst case work one after another.

    Raises
    ------
    InputError
        If the layers do not fit the stages.
    """
    machines = stage_machines(architecture, layers)
    sides = list(zip(machines, layers, strict=True))
    bounds = [cycle_bounds(machine, [layer]) for machine, layer in sides]
    units = [_unit_cycles(machine, layer.geometry) for machine, layer in sides]
    units.append(_end_cycles(architecture, layers))
    least = max(*(each.least for each in bounds), *units)
    if Waits(layers, machines).limits():
        return CycleBounds(least, sum(each.most for each in bounds) + sum(units))
    return CycleBounds(least, max(*(each.most for each in bounds), *units))


def _unit_cycles(machine: Architecture, geometry: Geometry) -> int:
    """Return what an image takes the slower of the units before and behind a stage."""
    cycles = 0
    if machine.sliding_window is not None and geometry.kind == "conv":
        cycles = sliding_window_cycles(geometry, machine.sliding_window.channels_per_cycle)
    if machine.pooling_unit is not None and geometry.pool is not None:
        cycles = max(cycles, pool_cycles(geometry, machine.pooling_unit.channels_per_cycle))
    return cycles


def _end_cycles(architecture: Architecture, layers: Sequence[Layer]) -> int:
    """Return what an image takes the slower of the ends."""
    first, last, cycles = layers[0].geometry, layers[-1].geometry, 0
    for end, values in (
        (architecture.input_end, first.in_height * first.in_width * first.in_channels),
        (architecture.output_end, last.out_channels),
    ):
        if end is not None:
            bits = values * end.value_bits
            taken = stream_cycles(bits, end.bits_per_cycle, end.clock_mhz, architecture.clock_mhz)
            cycles = max(cycles, taken)
    return cycles


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
        gates = StageGates.of_rows(part.geometry, np.zeros(part.geometry.out_height, np.int64))
        run = self._simulate_stage(machine, part, gates)
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
