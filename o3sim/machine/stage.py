"""Run one layer of one image as a stage of a pipeline: on units of its own, fed row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.machine.counters import LayerCounters
from o3sim.machine.events import EVERY_EVENT, EventWindow, Observer
from o3sim.machine.machine import Machine
from o3sim.machine.program import build_program
from o3sim.machine.weight_groups import WeightGroup

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry
    from o3sim.profile.profile import LayerProfile


@dataclass(frozen=True, eq=False)
class StageRun:
    """What a stage did with one image; cycles count from the one in which it could first dispatch.

    Attributes
    ----------
    counters : LayerCounters
        Counts from cycle 0 to that of the last write.
    output : uint8 array, shape (pooled_height, pooled_width, out_channels)
        The stage's own output bits.
    rows_written : int64 array, shape (pooled_height,)
        Cycle of the last write to each row of the output.
    last_active_cycle : int
        The last cycle in which a PE held something or an op was still to be dispatched or issued:
        after it there are only outcomes on their way to the output buffer.
    """

    counters: LayerCounters
    output: NDArray[np.uint8]
    rows_written: NDArray[np.int64]
    last_active_cycle: int


def resident_weights(geometry: Geometry) -> WeightGroup:
    """Return the one weight group of a stage: all channels, which are on the chip already."""
    return WeightGroup(0, 0, geometry.out_channels, 0)


def simulate_stage(
    architecture: Architecture,
    profile: LayerProfile,
    row_cycles: NDArray[np.int64],
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> StageRun:
    """Run one layer of one image on a stage that is empty.

    Parameters
    ----------
    architecture : Architecture
        The stage's units; its DRAM is ideal, for its weights are there.
    profile : LayerProfile
    row_cycles : int64 array, shape (out_height,)
        First cycle in which the neurons of each output row, before pooling, can be dispatched.
    observers : tuple of Observer
        Are shown every event of the window.
    window : EventWindow

    Raises
    ------
    MachineError
        If an invariant does not hold, or no unit can move.
    """
    groups = [resident_weights(profile.geometry)]
    program = build_program(profile, groups, 0, architecture, row_cycles)
    machine = Machine(architecture, groups, iter([program]), observers, window)
    machine.run()
    rows_written = np.array(machine.rows_written, np.int64)
    return StageRun(machine.layers[0], machine.outputs[0], rows_written, machine.last_active_cycle)
