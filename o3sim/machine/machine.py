"""The machine: wires the units and says in which order they act within a cycle.

The phases of :meth:`Machine.tick` are the contract of ``docs/machine.md``: every unit acts on what
the others had decided by the end of the last cycle, and only the hand-over scheduler -> PE ->
operand supply happens within one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import simpy
from numpy.typing import NDArray

from o3sim.config.constant_time import WORST_CASE
from o3sim.contract.counters import LayerCounters
from o3sim.contract.errors import MachineStuckError
from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventStream, EventWindow, Observer
from o3sim.contract.invariants import check_layer
from o3sim.contract.line_buffer import count_reads
from o3sim.contract.patch import count_patches
from o3sim.contract.program import LayerProgram
from o3sim.contract.sums import count_sums
from o3sim.contract.weight_groups import WeightGroup, order_bits
from o3sim.machine.argmax_pruning import ArgmaxPruning, argmax_pruning_of
from o3sim.machine.clock import Clock
from o3sim.machine.issue_queue import IssueQueue
from o3sim.machine.ledger import Ledger
from o3sim.machine.op import Op
from o3sim.machine.operand_supply import OperandSupply
from o3sim.machine.output_bits import OutputBits
from o3sim.machine.output_buffer import OutputBuffer
from o3sim.machine.output_rows import OutputRows
from o3sim.machine.pe_array import PEArray
from o3sim.machine.scheduler import Scheduler
from o3sim.machine.scoreboard import Scoreboard
from o3sim.machine.sequencer import Sequencer
from o3sim.machine.units import pe_class
from o3sim.machine.weight_stream import WeightStream

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

UNITS = "weights", "clock", "queue", "supply", "output", "bits", "pes", "scheduler", "sequencer"
"""Names of the machine's units, in an order in which they can be made."""


class Machine:
    """An out-of-order BNN accelerator that runs the layers of one image.

    Parameters
    ----------
    architecture : Architecture
    groups : list of WeightGroup
        The weight groups of all layers, in order.
    programs : iterator of LayerProgram
        The layers, asked for one at a time.
    observers : tuple of Observer
        Are shown every event of the window.
    window : EventWindow
    creation_order : tuple of str
        The ``UNITS`` in the order in which they are made, each after those it acts on. Nothing
        else depends on it.

    Attributes
    ----------
    units : tuple of str
        ``UNITS``, or those of another way to dispatch.
    layers : list of LayerCounters
        One entry for each layer that ended.
    outputs : list of uint8 arrays, shape (pooled_height, pooled_width, out_channels)
        Output bits of those layers, as the scoreboard holds them.
    rows : OutputRows
        When the rows of the output were done with, so far, of the layer in work.
    last_active_cycle : int
        The last cycle so far in which a PE held something or an op was still to be dispatched or issued.
    """

    units: ClassVar[tuple[str, ...]] = UNITS
    program: LayerProgram
    ledger: Ledger
    scoreboard: Scoreboard
    argmax_pruning: ArgmaxPruning | None

    def __init__(
        self,
        architecture: Architecture,
        groups: list[WeightGroup],
        programs: Iterator[LayerProgram],
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
        creation_order: tuple[str, ...] = UNITS,
    ) -> None:
        self.architecture = architecture
        self.env = simpy.Environment()
        self.stream = EventStream(observers, window) if observers else None
        for unit in creation_order:
            self._create(unit, groups)
        self.layers: list[LayerCounters] = []
        self.outputs: list[NDArray[np.uint8]] = []
        self._programs = programs
        self._cycle = 0
        self.last_active_cycle = 0
        if self.stream is not None:
            self.pes.on_word = self._word_went_in
            self.pes.on_stall = self._request_refused

    def _create(self, unit: str, groups: list[WeightGroup]) -> None:
        """Make one unit and connect it to those it acts on."""
        architecture = self.architecture
        match unit:
            case "clock":
                self.clock = Clock(self.env, self.tick)
            case "weights":
                self.weights = WeightStream(self.env, architecture.dram, groups, self._weights_requested)
            case "queue":
                self.queue = IssueQueue(architecture.issue_queue.depth_ops, architecture.scheduler.banks or 1)
            case "supply":
                banks = architecture.activation_buffer.banks, architecture.weight_buffer.banks
                self.supply = OperandSupply(*banks)
            case "output":
                pe_count = architecture.pe.count
                self.output = OutputBuffer(architecture.output_buffer.write_width_ops, pe_count)
            case "bits":
                self.bits = OutputBits(architecture.activation_buffer.banks, architecture.pe.width_edges)
            case "pes":
                make_pe, ranges = pe_class(architecture.pe.unit), architecture.scheduler.banks or 1
                self.pes = PEArray(architecture, self.supply, make_pe, ranges)
            case "scheduler":
                self.scheduler = Scheduler(architecture.scheduler, self.queue, self.pes)
            case "sequencer":
                self.sequencer = Sequencer(architecture.sequencer.width_ops, self.queue, self.weights)

    def run(self) -> None:
        """Run all layers.

        Raises
        ------
        MachineStuckError
            If ops are left and no unit can move.
        MachineError
            If an invariant does not hold.
        """
        if self._begin_layer(0):
            self.env.run()

    def tick(self, cycle: int) -> int | None:
        """Run one cycle; return the next in which anything can change."""
        causes, moved = self._act(cycle)
        if self._has_ended:
            self._let_pass(causes, cycle, cycle + 1)
            self._end_layer(cycle)
            return cycle + 1 if self._begin_layer(cycle + 1) else None
        wake = cycle + 1 if moved else self._next_change(cycle)
        self._let_pass(causes, cycle, wake)
        return wake

    def _act(self, cycle: int) -> tuple[dict[str, int], bool]:
        """Run one cycle, phase by phase; return its causes, and whether anything moved or PEs asked."""
        self._cycle = cycle
        before = self._position()
        settled = self.scoreboard.show(cycle)
        self._take_verdicts(cycle)
        if settled:
            self._squash_in_pes()
        if self.argmax_pruning is not None:
            self._eliminate(self.argmax_pruning, cycle)
        more_coming, idle_cause = self._look_ahead(cycle)
        self.sequencer.step(cycle, self._squashed_early, self._dispatched)
        if settled:
            self._squash_in_queue()
        self.scheduler.step(cycle, self.scoreboard, more_coming, self._issued)
        buffered = self.architecture.activation_buffer.line_buffer  # then PEs leave the banks alone
        causes = self.pes.move_words(cycle, self._refine(idle_cause), () if buffered else self.bits.writing)
        self._write()
        self.queue.end_cycle()
        if self.stream is not None:
            self.stream.flush()
        return causes, "word" in causes or before != self._position()

    @property
    def _has_ended(self) -> bool:
        """Whether the layer has."""
        return self.ledger.ended == self.program.ops and not self.bits.are_held

    def _let_pass(self, causes: dict[str, int], cycle: int, wake: int) -> None:
        """Book the causes of a cycle, up to the next in which anything changes."""
        self.ledger.pe_cycles(causes, wake - cycle)
        if causes != {"drain": self.architecture.pe.count}:
            self.last_active_cycle = wake - 1

    def _position(self) -> tuple[int, ...]:
        """How far the layer is; a cycle that does not move this, and in which no PE asks, changes nothing."""
        chosen = self.scheduler.selected, self.ledger.counters.issued
        return self.sequencer.next_op, *chosen, self.ledger.ended, self.bits.words_written

    def _take_verdicts(self, cycle: int) -> None:
        """Hand outcomes that are known from this cycle on to the output buffer."""
        for op in self.pes.take_verdicts(cycle):
            self.output.offer(op)
            self._emit(EventKind.DECIDE, op, f"pe{op.pe}", op.outcome)

    def _squash_in_pes(self) -> None:
        """Drop ops in contexts whose windows are seen to be 1 from this cycle on."""
        for op in self.pes.squash(self.scoreboard.is_settled):
            self._squashed(op, "pe", f"pe{op.pe}")

    def _eliminate(self, pruning: ArgmaxPruning, cycle: int) -> None:
        """Drop classes that are seen from this cycle on not to come out highest."""
        pruning.show(cycle)
        for op in self.pes.squash(lambda op: pruning.eliminates(op, cycle)):
            self.ledger.eliminated(op, pruning.words_needed(op))
            self._emit(EventKind.SQUASH, op, f"pe{op.pe}")
            self._ended(op)

    def _squash_in_queue(self) -> None:
        """Drop queued ops whose windows are seen to be 1 from this cycle on."""
        dropped = [op for op in self.queue.entries if self.scoreboard.is_settled(op)]
        if dropped:
            self.queue.remove({op.index for op in dropped})
            for op in dropped:
                if op.context >= 0:
                    self.pes.drop(op)
                self._squashed(op, "queue", "queue")

    def _look_ahead(self, cycle: int) -> tuple[bool, str]:
        """Tell, as of the start of a cycle, if more ops can come, and why a PE without one has none."""
        if self.sequencer.exhausted:
            return False, "drain"
        if self.sequencer.waits_for(cycle) is not None:
            return False, "weight_wait"
        rows_cycle, room_cycle = self.sequencer.gates
        if rows_cycle <= cycle < room_cycle:
            return False, "blocked"  # room may take what this stage hands on first: nothing to wait for
        if rows_cycle > cycle or 0 < rows_cycle == cycle:  # rows that came just now have been waited for
            return self.sequencer.fits, "input_wait"
        if 0 < room_cycle == cycle:
            return False, "blocked"
        return self.sequencer.fits, "queue_empty"

    def _refine(self, idle_cause: str) -> str:
        """Why idle PEs are idle, given what the scheduler did not select of the queue."""
        if all(op.context >= 0 for op in self.queue.entries):
            return idle_cause
        if self.scheduler.policy.whole_group and (self.pes.busy > 0 or idle_cause == "input_wait"):
            return "drain" if self.pes.busy > 0 else idle_cause
        return "no_ready_op"

    def _write(self) -> None:
        """Retire as many known outcomes as can be written; the PEs of the others stall."""
        for op in () if self.bits.are_held else self.output.write():
            if op.late:
                self.pes.verdict_written(op)
            final = self.scoreboard.retire(op, self._cycle)
            self.bits.take(final)
            self.rows.written(op, final, self._cycle)
            if self.argmax_pruning is not None:
                self.argmax_pruning.retire(op, self._cycle)
            self.ledger.retired(op)
            self._emit(EventKind.RETIRE, op, "output", op.outcome)
            self._ended(op)
        self.bits.step()
        for op in self.output.waiting():
            if not op.late:
                self.pes.hold_verdict(op)

    def _dispatched(self, op: Op) -> None:
        self.ledger.dispatched()
        self._emit(EventKind.DISPATCH, op, "queue")

    def _issued(self, op: Op) -> None:
        self.ledger.issued()
        self._emit(EventKind.ISSUE, op, f"pe{op.pe}.{op.context}")

    def _squashed_early(self, op: Op) -> None:
        self._squashed(op, "sequencer", "sequencer")

    def _squashed(self, op: Op, kind: str, unit: str) -> None:
        self.ledger.squashed(op, kind)
        self._emit(EventKind.SQUASH, op, unit)
        self._ended(op)

    def _ended(self, op: Op) -> None:
        """Count an op out; free the half of the weight buffer whose last op this was."""
        self.rows.ended(op, self._cycle)
        self._group_left[op.group] -= 1
        if not self._group_left[op.group]:
            self.weights.release_half(op.group)

    def _begin_layer(self, cycle: int) -> bool:
        """Start the next layer in this cycle; tell if there is one."""
        program = next(self._programs, None)
        if program is None:
            return False
        self.program = program
        self.ledger = self._ledger_of(program, cycle)
        self.scoreboard = self._scoreboard_of(program)
        self.argmax_pruning = argmax_pruning_of(program.race, self.architecture)
        self._group_left = dict(program.group_ops)
        self.rows = OutputRows(program.geometry)
        self._supplied = self._supply_counts()
        self.output.begin_layer()
        self.bits.begin_layer(program.first_output_word, program.first_sum_word, program.geometry.sum_bits)
        self._begin_units(program, cycle)
        if self.stream is not None:
            self.stream.begin_layer(cycle)
        self._emit_at(cycle, EventKind.LAYER_START, len(self.layers), program.name)
        return True

    def _ledger_of(self, program: LayerProgram, cycle: int) -> Ledger:
        """Make what counts a layer."""
        return Ledger(program, self.architecture.pe.width_edges, cycle)

    def _scoreboard_of(self, program: LayerProgram) -> Scoreboard:
        """Make what holds the windows of a layer."""
        latency_cycles = self.architecture.pruning.squash_latency_cycles
        window_ops = 1 if program.geometry.pool is None else program.geometry.pool.size**2
        waits_for_all = self.architecture.output_buffer.release == WORST_CASE
        return Scoreboard(
            program.n_windows, program.prunes_pooling, latency_cycles, window_ops, waits_for_all
        )

    def _begin_units(self, program: LayerProgram, cycle: int) -> None:
        """Let the units that know of ops start on a layer."""
        self.pes.begin_layer(program, program.prunes_threshold, cycle)
        self.sequencer.begin_layer(program, self.scoreboard)

    def _end_layer(self, cycle: int) -> None:
        """Finalize the statistics of a layer."""
        program, counters = self.program, self.ledger.counters
        counters.cycles = cycle - self.ledger.start_cycle + 1
        for name, count in self._supply_counts().items():
            setattr(counters, name, count - self._supplied[name])
        counters.output_bits = 0 if program.scores else program.n_windows  # scores have no next layer
        counters.dram_bits = sum(self.weights.groups[group].bits for group in program.group_ops)
        counters.order_bits = order_bits(program.geometry, self.architecture, counters.words_executed)
        groups = [self.weights.groups[group] for group in program.group_ops]
        count_reads(counters, program.geometry, groups, self.architecture)
        count_patches(counters, self.architecture)
        count_sums(counters, program.geometry)
        check_layer(counters, self.architecture)
        geometry = program.geometry
        shape = geometry.pooled_height, geometry.pooled_width, geometry.out_channels
        self.outputs.append(self.scoreboard.output.reshape(shape))
        self._emit_at(cycle, EventKind.LAYER_END, len(self.layers), program.name)
        if self.stream is not None:
            self.stream.flush()
        self.layers.append(counters)

    def _supply_counts(self) -> dict[str, int]:
        """Return what the operand supply has counted so far, by counter."""
        supply = self.supply
        return {
            "activation_reads": supply.activation_reads,
            "weight_reads": supply.weight_reads,
            "reads_unused": supply.reads_unused,
            "write_conflicts": supply.write_conflicts,
            "activation_requests": supply.granted,
            "weight_requests": supply.granted,
            "addend_words": self.pes.addend_words,
        }

    def _next_change(self, cycle: int) -> int:
        """Next cycle in which a unit that waits can go on."""
        group = self.sequencer.waits_for(cycle)
        wakes = [
            self.pes.next_move(cycle),
            self.scheduler.next_issue(),
            self.scoreboard.next_show(),
            None if self.argmax_pruning is None else self.argmax_pruning.next_show(),
            None if group is None else self.weights.next_change(group),
            *self.sequencer.gates,
            cycle + 1 if 0 < cycle in self.sequencer.gates else None,  # PEs wait for another thing then
        ]
        known = [wake for wake in wakes if wake is not None and wake > cycle]
        if not known:
            raise MachineStuckError(f"cycle {cycle}: no unit can move and ops are left\n{self!r}")
        return min(known)

    def _emit(self, kind: EventKind, op: Op, unit: str, value: int = 0) -> None:
        self._emit_at(self._cycle, kind, op.index, unit, value)

    def _emit_at(self, cycle: int, kind: EventKind, op: int, unit: str, value: int = 0) -> None:
        if self.stream is not None:
            self.stream.emit(Event(cycle, kind, op, unit, value), len(self.layers))

    def _word_went_in(self, op: Op, word: int) -> None:
        self._emit(EventKind.WORD, op, f"pe{op.pe}", word)

    def _request_refused(self, op: Op) -> None:
        self._emit(EventKind.STALL, op, f"pe{op.pe}")

    def _weights_requested(self, group: int, cycle: int, arrival_cycle: int) -> None:
        self._emit_at(cycle, EventKind.WEIGHTS, group, "dram", arrival_cycle)

    def __repr__(self) -> str:
        units = [getattr(self, unit) for unit in (*self.units, "scoreboard")]
        return "\n".join(repr(unit) for unit in units)
