"""Run one layer of one image as a stage of a pipeline: on units of its own, fed row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.plan import StageRun
from o3sim.contract.program import build_program
from o3sim.contract.weight_groups import all_channels
from o3sim.machine.machine import Machine

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.profile.profile import LayerProfile


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
    groups = [all_channels(0, profile.geometry)]
    program = build_program(profile, groups, 0, architecture, row_cycles)
    machine = Machine(architecture, groups, iter([program]), observers, window)
    machine.run()
    rows_written = np.array(machine.rows_written, np.int64)
    return StageRun(machine.layers[0], machine.outputs[0], rows_written, machine.last_active_cycle)
