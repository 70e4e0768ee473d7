"""Run one layer of one image as a stage of a pipeline, on the compiled engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.cycle import DONE, STOPPED, run_layer
from o3sim.compiled.memory import memory_of
from o3sim.compiled.run import Engine
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.gates import StageGates
from o3sim.contract.plan import StageRun
from o3sim.contract.weight_groups import all_channels

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.profile.profile import LayerProfile


def simulate_stage(
    architecture: Architecture,
    profile: LayerProfile,
    gates: StageGates,
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> StageRun:
    """Run one layer of one image on a stage that is empty.

    Same arguments, results, errors and events as :func:`o3sim.machine.stage.simulate_stage`.
    """
    groups = [all_channels(0, profile.geometry)]
    engine = Engine(architecture, groups, observers, window, gates)
    counters, output = engine.run_layer(profile, groups)
    return StageRun(counters, output, engine.rows_written, engine.last_active_cycle)


class OpenStage:
    """An image on a stage that does not know yet what all its ops wait for.

    As :class:`o3sim.machine.stage.OpenStage`.
    """

    def __init__(self, architecture: Architecture, profile: LayerProfile, gates: StageGates) -> None:
        self._profile, self._groups = profile, [all_channels(0, profile.geometry)]
        self._engine = Engine(architecture, self._groups, (), EVERY_EVENT, gates)
        self._memory = memory_of(
            profile, self._groups, 0, architecture, self._engine.stream, {}, gates, is_open=True
        )
        rows = self._memory.table("stage_rows.output")
        self.rows_final: NDArray[np.int64] = rows["final_cycle"]
        self.rows_ended: NDArray[np.int64] = rows["ended_cycle"]
        if not self._memory.record["layer"]["prunes_pooling"]:
            self.rows_final = self.rows_ended
        self.cycle = self.wake = 0
        self.done: StageRun | None = None

    def advance(self, limit_cycle: int) -> None:
        """Go on until a row is done with, or to the limit where the next op's gates are not known."""
        record = self._memory.record
        record["clock"]["limit_cycle"] = limit_cycle
        how, self.cycle = run_layer(record, 0)
        self.wake = int(record["clock"]["wake"])
        if how == STOPPED:
            return
        counters = self._engine.finished(self._memory, how, self.cycle, self._profile, self._groups)
        assert how == DONE  # noqa: S101 - anything else was raised
        output = self._engine.output_of(self._memory, self._profile)
        self.done = StageRun(counters, output, self._engine.rows_written, self._engine.last_active_cycle)
