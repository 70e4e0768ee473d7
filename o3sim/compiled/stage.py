"""Run one layer of one image as a stage of a pipeline, on the compiled engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.run import Engine
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.plan import StageRun
from o3sim.contract.weight_groups import all_channels

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

    Same arguments, results, errors and events as :func:`o3sim.machine.stage.simulate_stage`.
    """
    groups = [all_channels(0, profile.geometry)]
    engine = Engine(architecture, groups, observers, window, row_cycles)
    counters, output = engine.run_layer(profile, groups)
    return StageRun(counters, output, engine.rows_written, engine.last_active_cycle)
