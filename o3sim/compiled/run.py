"""Run one image through the compiled engine."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled import numbers as k
from o3sim.compiled.build import dram_of, dram_run, memory_of
from o3sim.compiled.cycle import run_layer
from o3sim.compiled.events import decode, in_order
from o3sim.compiled.memory import Memory
from o3sim.contract.counters import LayerCounters
from o3sim.contract.errors import MachineError, MachineStuckError
from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventWindow, Observer, counted_from
from o3sim.contract.invariants import check_layer
from o3sim.contract.plan import ImageRun, plan_groups
from o3sim.contract.weight_groups import WeightGroup, order_bits

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile

_CAUSES = {
    "useful": k.P_USEFUL,
    "wasted": k.P_WASTED,
    "squashed": k.P_SQUASHED,
    "operand_stall": k.P_OPERAND_STALL,
    "write_stall": k.P_WRITE_STALL,
    "verdict_wait": k.P_VERDICT_WAIT,
    "weight_wait": k.P_WEIGHT_WAIT,
    "issue_wait": k.P_ISSUE_WAIT,
    "no_ready_op": k.P_NO_READY_OP,
    "queue_empty": k.P_QUEUE_EMPTY,
    "input_wait": k.P_INPUT_WAIT,
    "drain": k.P_DRAIN,
}


def simulate_image(
    architecture: Architecture,
    network: Network,
    profiles: Iterable[LayerProfile],
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> ImageRun:
    """Run one image, layer after layer, on a machine that starts empty.

    Same arguments, results, errors and events as :func:`o3sim.machine.run.simulate_image`.
    """
    return run_layers(architecture, plan_groups(architecture, network.layers), profiles, observers, window)


def run_layers(
    architecture: Architecture,
    cuts: list[list[WeightGroup]],
    profiles: Iterable[LayerProfile],
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> ImageRun:
    """Run layers whose weights are already cut into groups, one list for each layer."""
    groups = [group for cut in cuts for group in cut]
    engine = Engine(architecture, groups, observers, window)
    run = ImageRun([], [])
    for cut, profile in zip(cuts, profiles, strict=True):
        counters, output = engine.run_layer(profile, cut)
        run.layers.append(counters)
        run.outputs.append(output)
    return run


EVENT_ROWS = 65_536
"""Events a layer may have before it is run again with room for all: few layers of few ops need more."""


class Engine:
    """What outlives a layer: the cycle, the weight stream, the observers.

    With ``row_cycles`` its one layer is a stage of a pipeline, and ``rows_written`` and
    ``last_active_cycle`` are those of :class:`o3sim.contract.plan.StageRun`.
    """

    rows_written: NDArray[np.int64]
    last_active_cycle: int

    def __init__(
        self,
        architecture: Architecture,
        groups: list[WeightGroup],
        observers: tuple[Observer, ...],
        window: EventWindow,
        row_cycles: NDArray[np.int64] | None = None,
    ) -> None:
        self.architecture = architecture
        self.window = window
        self.row_cycles = row_cycles
        self.dram = dram_of(groups)
        self.observers = observers
        self.start_cycle = 0
        self.layer = 0
        self.first_group = 0
        self._shown_groups = 0

    def run_layer(
        self, profile: LayerProfile, groups: list[WeightGroup]
    ) -> tuple[LayerCounters, NDArray[np.uint8]]:
        """Run the next layer; return its counts and its output bits."""
        trace = bool(self.observers) and self.window.shows_layer(self.layer)
        before = self.dram.copy()
        x, how, cycle = self._run(profile, groups, EVENT_ROWS if trace else 0, trace)
        if x.m[k.EVENTS] > len(x.events):
            self.dram[:] = before
            x, how, cycle = self._run(profile, groups, int(x.m[k.EVENTS]), trace)
        if how != k.DONE:
            raise _failure(how, cycle, profile.name, x)
        counters = _counters(profile.name, x, cycle - self.start_cycle + 1)
        if self.row_cycles is not None:
            rows = int(x.m[k.AT_ROWS_WRITTEN])
            self.rows_written = x.m[rows : rows + profile.geometry.pooled_height].copy()
            self.last_active_cycle = int(x.m[k.LAST_ACTIVE])
        if profile.scores:
            counters.output_bits = 0  # scores have no next layer
        counters.dram_bits = sum(group.bits for group in groups)
        counters.order_bits = order_bits(profile.geometry, self.architecture, counters.words_executed)
        check_layer(counters, self.architecture)
        if self.observers:
            self._show_events(x, profile.name, cycle, trace)
        self.start_cycle = cycle + 1
        self.layer += 1
        self.first_group += len(groups)
        geometry = profile.geometry
        shape = geometry.pooled_height, geometry.pooled_width, geometry.out_channels
        return counters, x.output.reshape(shape)

    def _run(
        self, profile: LayerProfile, groups: list[WeightGroup], event_rows: int, trace: bool
    ) -> tuple[Memory, int, int]:
        """Run a layer with room for so many events; return its memory, how it ended and when."""
        origin = self.window.origin(self.start_cycle)
        noted = {
            k.S_TRACE: int(trace),
            k.S_FIRST_OP: self.window.first_op,
            k.S_END_OP: self.window.end_op,
            k.S_FIRST_CYCLE: self.window.first_cycle + origin,
            k.S_END_CYCLE: self.window.end_cycle + origin,
        }
        x = memory_of(
            profile,
            groups,
            self.first_group,
            self.architecture,
            self.dram,
            noted,
            event_rows,
            self.row_cycles,
        )
        how, cycle = run_layer(x, self.start_cycle)
        return x, how, cycle

    def _show_events(self, x: Memory, name: str, last_cycle: int, trace: bool) -> None:
        """Show a layer's events, with those of the weight stream that fall into it."""
        starts = dram_run(self.dram, k.D_START).tolist()
        arrivals = dram_run(self.dram, k.D_ARRIVAL).tolist()
        extra = [Event(self.start_cycle, EventKind.LAYER_START, self.layer, name)]
        while self._shown_groups < len(starts) and 0 <= starts[self._shown_groups] <= last_cycle:
            group = self._shown_groups
            extra.append(Event(starts[group], EventKind.WEIGHTS, group, "dram", arrivals[group]))
            self._shown_groups += 1
        extra.append(Event(last_cycle, EventKind.LAYER_END, self.layer, name))
        if not trace:
            return
        origin = self.window.origin(self.start_cycle)
        rows = in_order(x.events[: x.m[k.EVENTS]])
        rows[:, 0] -= origin
        counted = [counted_from(event, origin) for event in extra]
        shown = [event for event in counted if self.window.shows(event)]
        for event in merge(shown, decode(rows)):  # the few that the kernel does not make, among the others
            for observer in self.observers:
                observer.see(event)


def _failure(how: int, cycle: int, name: str, x: Memory) -> MachineError:
    """Explain why a layer did not end."""
    where = f"cycle {cycle}, layer {name}"
    if how == k.STUCK:
        return MachineStuckError(
            f"{where}: no unit can move and ops are left: op {x.m[k.NEXT_OP]} of {x.m[k.L_OPS]} is next, "
            f"{x.m[k.QUEUED]} ops queued, {x.m[k.BUSY]} PEs busy; run with --engine simpy to see every unit"
        )
    return MachineError(f"{where}: the compiled engine ran out of op records")


def _counters(name: str, x: Memory, cycles: int) -> LayerCounters:
    """Read a layer's counts out of its memory."""
    n = x.m[: k.HEADER].tolist()
    return LayerCounters(
        name,
        cycles=cycles,
        ops=n[k.L_OPS],
        dispatched=n[k.N_DISPATCHED],
        issued=n[k.N_ISSUED],
        retired=n[k.N_RETIRED],
        squashed_sequencer=n[k.N_SQUASHED_SEQUENCER],
        squashed_queue=n[k.N_SQUASHED_QUEUE],
        squashed_pe=n[k.N_SQUASHED_PE],
        edges_total=n[k.N_EDGES],
        edges_executed=n[k.N_EXECUTED],
        edges_wasted=n[k.N_WASTED],
        edges_pruned_threshold=n[k.N_PRUNED_THRESHOLD],
        edges_pruned_pooling=n[k.N_PRUNED_POOLING],
        edges_pruned_argmax=n[k.N_PRUNED_ARGMAX],
        pe_cycles={cause: n[place] for cause, place in _CAUSES.items()},
        words_executed=n[k.N_WORDS],
        activation_reads=n[k.N_ACTIVATION_READS],
        weight_reads=n[k.N_WEIGHT_READS],
        activation_requests=n[k.N_WORDS],
        weight_requests=n[k.N_WORDS],
        queue_writes=n[k.N_DISPATCHED],
        queue_reads=n[k.N_ISSUED],
        scoreboard_reads=n[k.N_DISPATCHED] + n[k.N_SQUASHED_SEQUENCER],
        scoreboard_writes=n[k.N_RETIRED],
        threshold_compares=n[k.N_COMPARES],
        output_bits=len(x.output),
    )
