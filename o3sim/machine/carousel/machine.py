"""The carousel: wires its units and says in which order they act within a cycle.

The phases of :meth:`CarouselMachine.tick` are section 14 of ``docs/machine.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import simpy
from numpy.typing import NDArray

from o3sim.contract.carousel.program import CarouselProgram
from o3sim.contract.counters import LayerCounters
from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventStream, EventWindow, Observer
from o3sim.contract.invariants import check_layer
from o3sim.contract.weight_groups import WeightGroup
from o3sim.machine.carousel.broadcast import Broadcast
from o3sim.machine.carousel.context import Bounds, Context, Result, Running
from o3sim.machine.carousel.ledger import CarouselLedger
from o3sim.machine.carousel.output import OutputPort
from o3sim.machine.carousel.streams import StreamGroup
from o3sim.machine.clock import Clock
from o3sim.machine.output_bits import OutputBits
from o3sim.machine.weight_stream import WeightStream

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


class CarouselMachine:
    """An accelerator whose PEs hear weight words go round, running the layers of one image.

    Parameters
    ----------
    architecture : Architecture
    groups : list of WeightGroup
        The weight groups of all layers, in order.
    programs : iterator of CarouselProgram
        The layers, asked for one at a time.
    observers : tuple of Observer
        Are shown every event of the window.
    window : EventWindow

    Attributes
    ----------
    layers : list of LayerCounters
        One entry for each layer that ended.
    outputs : list of uint8 arrays, shape (pooled_height, pooled_width, out_channels)
        Output bits of those layers.
    """

    def __init__(
        self,
        architecture: Architecture,
        groups: list[WeightGroup],
        programs: Iterator[CarouselProgram],
        observers: tuple[Observer, ...] = (),
        window: EventWindow = EVERY_EVENT,
    ) -> None:
        self.architecture = architecture
        self.env = simpy.Environment()
        self.stream = EventStream(observers, window) if observers else None
        self.clock = Clock(self.env, self.tick)
        self.bits = OutputBits(architecture.activation_buffer.banks, architecture.pe.width_edges)
        self.weights = WeightStream(self.env, architecture.dram, groups, self._weights_requested)
        self.layers: list[LayerCounters] = []
        self.outputs: list[NDArray[np.uint8]] = []
        self._programs = programs
        self._sharing = architecture.activation_buffer.share_patch_reads
        self._first_group = 0
        self._cycle = 0

    def run(self) -> None:
        """Run all layers.

        Raises
        ------
        MachineError
            If an invariant does not hold.
        """
        if self._begin_layer(0):
            self.env.run()

    def tick(self, cycle: int) -> int | None:
        """Run one cycle, phase by phase; return the next, or None when all layers have ended."""
        self._cycle = cycle
        for streams in self.streams:
            streams.begin_cycle(cycle, self._arrived)
        turn, pes = cycle - self._start_cycle, self.program.sizes.pes
        for group in range(len(self.streams)):
            for place in range(pes):
                self._take_turn(group * pes + (turn + place) % pes, turn)
        self.broadcast.step(cycle, self.bits.writing)
        for place in () if self.bits.are_held else self.output.write():
            self._write(place)
        self.bits.step()
        if self.stream is not None:
            self.stream.flush()
        if self._windows_left or self.bits.are_held or self.bits.writing:
            return cycle + 1
        self._end_layer(cycle)
        return cycle + 1 if self._begin_layer(cycle + 1) else None

    def _take_turn(self, pe: int, turn: int) -> None:
        """Let the context of a PE whose turn it is act; book the PE-cycle."""
        contexts = self.program.sizes.contexts
        place = pe * contexts + turn % contexts
        context = self.contexts[place]
        running = context.running
        if running is not None and running.known_cycle is not None and running.known_cycle <= self._cycle:
            self._take_verdict(context, running, pe, turn % contexts)
        if context.ended is not None:
            if context.result is not None:
                self._book("write_stall")
                return
            context.result, context.ended = context.ended, None
            self.output.offer(place)
        if context.stream is None and (cause := self._take_window(context, pe, turn % contexts)):
            self._book(cause)
            return
        self._listen(context, pe, turn // contexts)

    def _take_verdict(self, context: Context, running: Running, pe: int, number: int) -> None:
        """Take note of an outcome, and begin the next member, unless the window has ended."""
        self._emit(EventKind.DECIDE, running.op, f"pe{pe}", running.outcome)
        context.bit |= running.outcome
        settled = running.outcome == 1 and self.program.prunes_pooling
        if settled or context.member + 1 == self.bounds.members:
            self._end_window(context, running, pe)
            return
        self._retire(running, f"pe{pe}")
        context.member += 1
        self._begin(context, pe, self._cycle, number)

    def _end_window(self, context: Context, running: Running, pe: int) -> None:
        """End a context's window, and drop the members that are left."""
        stream = context.stream
        assert stream is not None  # noqa: S101 - an op runs for a window
        for member in range(context.member + 1, self.bounds.members):
            self.ledger.dropped(self.bounds.edges_of(context, member))
            self._emit(EventKind.SQUASH, self.bounds.op_of(context, member), "window")
        self.streams[pe // self.program.sizes.pes].window_ended(stream)
        self.broadcast.window_ended(stream.pass_number, self._cycle)
        self._weights_left[stream.weight_group] -= 1
        if not self._weights_left[stream.weight_group]:
            self.weights.release_half(self._first_group + stream.weight_group)
        window = self.bounds.pooled_position(context.window)
        context.end(Result(running, stream.channel, window, context.bit))

    def _take_window(self, context: Context, pe: int, number: int) -> str | None:
        """Take the next window of the group, or say why there is none."""
        group = pe // self.program.sizes.pes
        wanted = self._last_window.get(pe) if self._sharing == "aligned" else None
        found = self.streams[group].hand_out(pe, self._cycle, self.broadcast.filled, self._arrived, wanted)
        if isinstance(found, str):
            return found
        context.take(*found)
        self._last_window[pe] = context.window
        self.ledger.handed_out(self.bounds.members)
        for member in range(self.bounds.members):
            self._emit(EventKind.DISPATCH, self.bounds.op_of(context, member), f"counter{group}")
        self._begin(context, pe, self._cycle + self.architecture.scheduler.issue_latency_cycles, number)
        return None

    def _begin(self, context: Context, pe: int, ready_cycle: int, number: int) -> None:
        """Begin the next member of a context's window."""
        running = self.bounds.begin(context, ready_cycle)
        self.ledger.issued()
        self._emit(EventKind.ISSUE, running.op, f"pe{pe}.{number}")

    def _listen(self, context: Context, pe: int, passing: int) -> None:
        """Hear the word that passes, unless the op cannot take it; book the PE-cycle."""
        running, stream = context.running, context.stream
        assert running is not None and stream is not None  # noqa: S101, PT018 - it holds a window
        if running.is_constant or running.words == self.program.words:
            self._book("verdict_wait")
            return
        if self._cycle < running.ready_cycle:
            self._book("issue_wait")
            return
        self._emit(EventKind.WORD, running.op, f"pe{pe}", running.words)
        self.bounds.hear(context, passing % self.program.words, self._cycle)
        self._read_patch(pe, (passing, running.position))
        if stream.heard_round != passing:
            stream.heard_round = passing
            self.ledger.counters.weight_reads += 1

    def _read_patch(self, pe: int, word: tuple[int, int]) -> None:
        """Read a word, by its round and position, unless the PE has kept it."""
        if self._sharing == "none" or self._last_read.get(pe) != word:
            self._last_read[pe] = word
            self.ledger.counters.patch_reads += 1

    def _write(self, place: int) -> None:
        """Write the outcome of a window."""
        context = self.contexts[place]
        assert context.result is not None  # noqa: S101 - it waits to be written
        running, channel, window, bit = context.result
        context.result = None
        self._retire(running, "output")
        self._output[window, channel] = bit
        self.bits.take([window * self._output.shape[1] + channel])
        self.ledger.counters.scoreboard_writes += 1
        self._windows_left -= 1

    def _retire(self, running: Running, unit: str) -> None:
        self.ledger.retired(running)
        self._emit(EventKind.RETIRE, running.op, unit, running.outcome)

    def _book(self, cause: str) -> None:
        self.ledger.counters.pe_cycles[cause] += 1

    def _arrived(self, weight_group: int) -> bool:
        """Return whether the weights of a group of the layer are there."""
        return self.weights.arrived(self._first_group + weight_group, self._cycle)

    def _begin_layer(self, cycle: int) -> bool:
        """Start the next layer in this cycle; tell if there is one."""
        program = next(self._programs, None)
        if program is None:
            return False
        architecture, sizes = self.architecture, program.sizes
        self.program, self._start_cycle = program, cycle
        self.ledger = CarouselLedger(program)
        self.bounds = Bounds(program, architecture.pe.latency_cycles)
        self.broadcast = Broadcast(program, architecture.activation_buffer)
        self.streams = [
            StreamGroup(program, group, architecture.scheduler) for group in range(program.groups)
        ]
        self.contexts = [Context() for _ in range(architecture.pe.count * sizes.contexts)]
        self.bits.begin_layer(program.first_output_word)
        self._last_read: dict[int, tuple[int, int]] = {}
        self._last_window: dict[int, int] = {}
        self.output = OutputPort(self.contexts, architecture.output_buffer.write_width_ops)
        windows = len(program.members)
        self._weights_left = [windows * (g.last_channel - g.first_channel) for g in program.weight_groups]
        self._windows_left = windows * program.geometry.out_channels
        self._output = np.zeros((windows, program.geometry.out_channels), np.uint8)
        if self.stream is not None:
            self.stream.begin_layer(cycle)
        self._emit_at(cycle, EventKind.LAYER_START, len(self.layers), program.name)
        return True

    def _end_layer(self, cycle: int) -> None:
        """Finish the counts of a layer."""
        program = self.program
        counters = self.ledger.counters
        counters.cycles = cycle - self._start_cycle + 1
        counters.activation_reads = self.broadcast.reads
        counters.patch_writes = self.broadcast.writes * program.groups
        counters.write_conflicts = self.broadcast.write_conflicts
        counters.output_bits = 0 if program.scores else self._output.size  # scores have no next layer
        counters.dram_bits = sum(group.bits for group in program.weight_groups)
        self.ledger.finish()
        check_layer(counters, self.architecture)
        geometry = program.geometry
        shape = geometry.pooled_height, geometry.pooled_width, geometry.out_channels
        self.outputs.append(self._output.reshape(shape))
        self._emit_at(cycle, EventKind.LAYER_END, len(self.layers), program.name)
        if self.stream is not None:
            self.stream.flush()
        self.layers.append(counters)
        self._first_group += len(program.weight_groups)

    def _emit(self, kind: EventKind, op: int, unit: str, value: int = 0) -> None:
        self._emit_at(self._cycle, kind, op, unit, value)

    def _emit_at(self, cycle: int, kind: EventKind, op: int, unit: str, value: int = 0) -> None:
        if self.stream is not None:
            self.stream.emit(Event(cycle, kind, op, unit, value), len(self.layers))

    def _weights_requested(self, group: int, cycle: int, arrival_cycle: int) -> None:
        self._emit_at(cycle, EventKind.WEIGHTS, group, "dram", arrival_cycle)

    def __repr__(self) -> str:
        return "\n".join(repr(unit) for unit in (self.clock, self.weights, *self.streams, self.broadcast))
