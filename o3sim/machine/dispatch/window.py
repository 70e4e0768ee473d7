"""Dispatch by windows: counters hand the next ones of one list, in program order, to their ranges of PEs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from o3sim.contract.errors import MachineStuckError
from o3sim.contract.events import EVERY_EVENT, EventKind, EventWindow, Observer
from o3sim.contract.program import LayerProgram
from o3sim.contract.weight_groups import WeightGroup
from o3sim.machine.dispatch.counters import Counters
from o3sim.machine.dispatch.ledger import WindowLedger
from o3sim.machine.dispatch.patch import PatchMemory
from o3sim.machine.dispatch.patch_supply import PatchSupply
from o3sim.machine.dispatch.pe_array import WindowPEArray
from o3sim.machine.dispatch.states import WindowStates
from o3sim.machine.dispatch.task import Member, Task
from o3sim.machine.machine import Machine

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

UNITS = "weights", "clock", "supply", "output", "bits", "patch", "pes", "counters"
"""Names of the machine's units, in an order in which they can be made."""


class WindowMachine(Machine):
    """An accelerator without an issue queue: windows go to contexts, their members take turns there.

    Parameters
    ----------
    architecture, groups, programs, observers, window
        As of :class:`~o3sim.machine.machine.Machine`.
    creation_order : tuple of str
        The ``UNITS`` in the order in which they are made.
    """

    units = UNITS
    pes: WindowPEArray
    ledger: WindowLedger

    def __init__(
        self,
        architecture: Architecture,
        groups: list[WeightGroup],
        programs: Iterator[LayerProgram],
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
        creation_order: tuple[str, ...] = UNITS,
    ) -> None:
        super().__init__(architecture, groups, programs, observers, window, creation_order)
        self.pes.on_leave = lambda task: self.patch.leave(task.number)

    def lists(self) -> list[int]:
        """Return which of a layer's lists each counter takes from: all from the only one."""
        return [0] * self.architecture.scheduler.counters

    def _create(self, unit: str, groups: list[WeightGroup]) -> None:
        """Make one unit and connect it to those it acts on."""
        architecture = self.architecture
        match unit:
            case "supply" if architecture.activation_buffer.patch_kbit is not None:
                self.supply = PatchSupply(architecture.weight_buffer.banks)
            case "patch":
                self.patch = PatchMemory(architecture)
            case "pes":
                self.pes = WindowPEArray(architecture, self.supply, len(self.lists()))
            case "counters":
                self.counters = Counters(
                    architecture.scheduler, self.lists(), self.weights, self.patch, self.pes
                )
            case _:
                super()._create(unit, groups)

    def tick(self, cycle: int) -> int | None:
        """Run one cycle, phase by phase; return the next in which anything can change."""
        self._cycle = cycle
        before = self._position()
        self._broadcast()
        self._pass_on(cycle)
        self._take_verdicts(cycle)
        self.counters.step(cycle, self._handed_out)
        buffered = self.architecture.activation_buffer.line_buffer  # then PEs leave the banks alone
        writing = () if buffered else self.bits.writing
        causes = self.pes.move_words_of(cycle, self.counters.idle_causes(cycle), writing)
        self._write()
        if self.stream is not None:
            self.stream.flush()
        if self.ledger.ended == self.program.ops and not self.bits.are_held and not self.bits.writing:
            self.ledger.pe_cycles(causes, 1)
            self._end_layer(cycle)
            return cycle + 1 if self._begin_layer(cycle + 1) else None
        waits = "word" not in causes and before == self._position()
        wake = self._next_change(cycle) if waits else cycle + 1
        self.ledger.pe_cycles(causes, wake - cycle)
        return wake

    def _position(self) -> tuple[int, int, int, int]:
        """How far the layer is; a cycle that does not move this, and in which no PE asks, changes nothing."""
        counters, moved = self.ledger.counters, self.bits.words_written + self.patch.turns
        return self.counters.handed_out, counters.issued, self.ledger.ended, moved

    def _broadcast(self) -> None:
        """Fill the patches."""
        words, conflicts = self.patch.words, self.patch.write_conflicts
        self.patch.step(len(self.bits.writing))
        self.supply.activation_reads += self.patch.words - words
        self.supply.write_conflicts += self.patch.write_conflicts - conflicts

    def _pass_on(self, cycle: int) -> None:
        """Let the next member of a bundle begin where the one before had its last word in the last cycle."""
        passing, self.pes.passing = self.pes.passing, []
        for op, context in passing:
            self._begin(op.task, op.pe, context, cycle)

    def _take_verdicts(self, cycle: int) -> None:
        """Take outcomes that are known from this cycle on, and go on to the next members."""
        for known in self.pes.take_verdicts(cycle):
            op = cast("Member", known)
            self._emit(EventKind.DECIDE, op, f"pe{op.pe}", op.outcome)
            if op.task.prunes and op.outcome:
                self._drop(op)
            is_last = not op.task.has_more
            if op.task.is_window and not is_last:
                self._fold(op)
            else:
                self.output.offer(op)
            if op.context < 0:
                continue
            if is_last:
                self.pes.leave(op)
            else:
                self._begin(op.task, op.pe, op.context, cycle)

    def _drop(self, op: Member) -> None:
        """Drop the members that a window's 1 makes needless."""
        for dropped in op.task.drop():
            self.ledger.dropped(dropped)
            self._emit(EventKind.SQUASH, dropped, "window")
            self._ended(dropped)

    def _fold(self, op: Member) -> None:
        """Let an outcome go into the state of its window, in the PE."""
        self.scoreboard.retire(op, self._cycle)
        self.ledger.folded(op)
        self._emit(EventKind.RETIRE, op, f"pe{op.pe}", op.outcome)
        self._ended(op)

    def _begin(self, task: Task, pe: int, context: int, cycle: int) -> None:
        """Let the next member of a task begin in its context."""
        op = task.begin()
        self.pes.begin(op, pe, context, cycle)
        self._issued(op)

    def _handed_out(self, task: Task, counter: int, first: Member) -> None:
        self.ledger.handed_out(task)
        for op in task.members:
            self._emit(EventKind.DISPATCH, op, f"counter{counter}")
        self._issued(first)

    def _begin_units(self, program: LayerProgram, cycle: int) -> None:
        """Let the units that know of layers start on one."""
        self.pes.begin_layer(program, program.prunes_threshold, cycle)
        if program.tasks is not None:  # there are, where the machine has no queue
            self.patch.begin_layer(program, program.tasks)
            self.counters.begin_layer(program, program.tasks, cycle)

    def _ledger_of(self, program: LayerProgram, cycle: int) -> WindowLedger:
        """Make what counts a layer."""
        return WindowLedger(program, self.architecture.pe.width_edges, cycle)

    def _scoreboard_of(self, program: LayerProgram) -> WindowStates:
        """Make what holds the output of a layer."""
        return WindowStates(program.n_windows)

    def _next_change(self, cycle: int) -> int:
        """Next cycle in which a unit that waits can go on."""
        groups = self.counters.waits_for(cycle)
        wakes = [self.pes.next_move(cycle), *(self.weights.next_change(group) for group in groups)]
        known = [wake for wake in wakes if wake is not None and wake > cycle]
        if not known:
            raise MachineStuckError(f"cycle {cycle}: no unit can move and ops are left\n{self!r}")
        return min(known)
