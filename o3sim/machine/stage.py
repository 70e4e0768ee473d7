"""Run one layer of one image as a stage of a pipeline: on units of its own, fed row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.gates import StageGates
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
    gates: StageGates,
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> StageRun:
    """Run one layer of one image on a stage that is empty.

    Parameters
    ----------
    architecture : Architecture
        The stage's units; its DRAM is ideal, for its weights are there.
    profile : LayerProfile
    gates : StageGates
        From which cycle on each neuron can be dispatched; all of it is known.
    observers : tuple of Observer
        Are shown every event of the window.
    window : EventWindow

    Raises
    ------
    MachineError
        If an invariant does not hold, or no unit can move.
    """
    groups = [all_channels(0, profile.geometry)]
    program = build_program(profile, groups, 0, architecture, gates)
    machine = Machine(architecture, groups, iter([program]), observers, window)
    machine.run()
    return _run_of(machine)


def _run_of(machine: Machine) -> StageRun:
    """Return what came of a layer that has ended."""
    rows_written = np.array(machine.rows.written_cycle, np.int64)
    return StageRun(machine.layers[0], machine.outputs[0], rows_written, machine.last_active_cycle)


class OpenStage(Machine):
    """An image on a stage that does not know yet what all its ops wait for.

    Whoever connects stages writes into the gates what becomes known, and lets each go on for a while.

    Parameters
    ----------
    architecture : Architecture
    profile : LayerProfile
    gates : StageGates
        Its arrays are read again in every cycle.

    Attributes
    ----------
    cycle : int
        What it has come to: it has done all that it does before this cycle.
    wake : int
        Next cycle, from that on, in which it does something by itself; ``NOT_YET`` if it only waits.
    rows_final, rows_ended : int64 arrays, shape (pooled_height,)
        Cycle of the write after which no bit of an output row changes, and the one in which the last op
        that it is computed from ended; ``NOT_YET`` before.
    done : StageRun or None
        What came of the image, once it is done.
    """

    def __init__(self, architecture: Architecture, profile: LayerProfile, gates: StageGates) -> None:
        groups = [all_channels(0, profile.geometry)]
        program = build_program(profile, groups, 0, architecture, gates)
        super().__init__(architecture, groups, iter([program]))
        self._begin_layer(0)
        self.rows_ended: NDArray[np.int64] = self.rows.ended_cycle
        self.rows_final = self.rows.final_cycle if program.prunes_pooling else self.rows_ended
        self.cycle = self.wake = 0
        self.done: StageRun | None = None
        self._asleep: dict[str, int] | None = None

    def advance(self, limit_cycle: int) -> None:
        """Go on until a row is done with, or to the limit where the next op's gates are not known.

        Parameters
        ----------
        limit_cycle : int
            No gate that is not known opens in this cycle or before.
        """
        self.rows.has_news = False
        while self.done is None and not self.rows.has_news:
            if self._asleep is None:
                if self.cycle > limit_cycle and self.sequencer.may_run_ahead(self.cycle):
                    self.wake = self.cycle
                    return
                self._awake()
            else:
                self.wake = self._next_change(self.cycle)
                if self.wake > limit_cycle and self.sequencer.is_held:
                    return
                self._go_on(self._asleep, self.wake)

    def _awake(self) -> None:
        """Run a cycle; if nothing moves in it, fall asleep."""
        causes, moved = self._act(self.cycle)
        if self._has_ended:
            self._let_pass(causes, self.cycle, self.cycle + 1)
            self._end_layer(self.cycle)
            self.done = _run_of(self)
        elif moved:
            self._go_on(causes, self.cycle + 1)
        else:
            self._asleep = causes

    def _go_on(self, causes: dict[str, int], wake: int) -> None:
        """Let time pass up to a cycle."""
        self._let_pass(causes, self.cycle, wake)
        self.cycle, self._asleep = wake, None
        self.wake = wake
