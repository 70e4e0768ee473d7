"""Run one image through the compiled engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled import kernels as k
from o3sim.compiled.events import decode, in_order
from o3sim.compiled.layout import Dram, Store, dram_of, setting_of, store_of, work_of
from o3sim.machine.counters import LayerCounters
from o3sim.machine.errors import MachineError, MachineStuckError
from o3sim.machine.events import Event, EventKind, EventWindow, Observer
from o3sim.machine.invariants import check_layer
from o3sim.machine.run import ImageRun, plan_groups
from o3sim.machine.weight_groups import WeightGroup

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
    "drain": k.P_DRAIN,
}


def simulate_image(
    architecture: Architecture,
    network: Network,
    profiles: Iterable[LayerProfile],
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EventWindow(),
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
    window: EventWindow = EventWindow(),
) -> ImageRun:
    """Run layers whose weights are already cut into groups, one list for each layer."""
    groups = [group for cut in cuts for group in cut]
    engine = _Engine(architecture, groups, observers, window)
    run = ImageRun([], [])
    for cut, profile in zip(cuts, profiles, strict=True):
        counters, output = engine.run_layer(profile, cut)
        run.layers.append(counters)
        run.outputs.append(output)
    return run


EVENT_ROWS = 65_536
"""Events a layer may have before it is run again with room for all: few layers of few ops need more."""


class _Engine:
    """What outlives a layer: the cycle, the weight stream, the observers."""

    def __init__(
        self,
        architecture: Architecture,
        groups: list[WeightGroup],
        observers: tuple[Observer, ...],
        window: EventWindow,
    ) -> None:
        self.architecture = architecture
        self.window = window
        self.setting = setting_of(architecture, window)
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
        geometry = profile.geometry
        work = work_of(profile, groups, self.first_group, self.architecture)
        trace = bool(self.observers) and self.window.shows_layer(self.layer)
        setting = self.setting._replace(trace=trace)
        event_rows = EVENT_ROWS if trace else 0
        before = Dram(*(array.copy() for array in self.dram))
        store = store_of(setting, work, geometry, event_rows)
        how, cycle = k.run_layer(setting, work, store, self.dram, self.start_cycle)
        if store.numbers[k.EVENTS] > event_rows:
            for array, saved in zip(self.dram, before, strict=True):
                array[:] = saved
            store = store_of(setting, work, geometry, int(store.numbers[k.EVENTS]))
            how, cycle = k.run_layer(setting, work, store, self.dram, self.start_cycle)
        if how != k.DONE:
            raise _failure(how, cycle, profile.name, store)
        counters = _counters(profile.name, store, work.n_ops, cycle - self.start_cycle + 1)
        counters.output_bits = len(store.output)
        counters.dram_bits = sum(group.bits for group in groups)
        check_layer(counters, self.architecture)
        if self.observers:
            self._show_events(store, profile.name, cycle, trace)
        self.start_cycle = cycle + 1
        self.layer += 1
        self.first_group += len(groups)
        shape = geometry.pooled_height, geometry.pooled_width, geometry.out_channels
        return counters, store.output.reshape(shape)

    def _show_events(self, store: Store, name: str, last_cycle: int, trace: bool) -> None:
        """Show a layer's events, with those of the weight stream that fall into it."""
        starts = self.dram.start.tolist()
        extra = [Event(self.start_cycle, EventKind.LAYER_START, self.layer, name)]
        if self.setting.dram_bits:
            while self._shown_groups < len(starts) and 0 <= starts[self._shown_groups] <= last_cycle:
                group = self._shown_groups
                arrival = int(self.dram.arrival[group])
                extra.append(Event(starts[group], EventKind.WEIGHTS, group, "dram", arrival))
                self._shown_groups += 1
        extra.append(Event(last_cycle, EventKind.LAYER_END, self.layer, name))
        if not trace:
            return
        rows = in_order(store.events[: store.numbers[k.EVENTS]])
        for event in _merge([event for event in extra if self.window.shows(event)], rows):
            for observer in self.observers:
                observer.see(event)


def _merge(extra: list[Event], rows: NDArray[np.int64]) -> list[Event]:
    """Put the few events that the kernel does not make among the others."""
    return sorted([*extra, *decode(rows)])


def _failure(how: int, cycle: int, name: str, store: Store) -> MachineError:
    """Explain why a layer did not end."""
    if how == k.STUCK:
        busy = int(store.numbers[k.BUSY])
        queued = int(store.numbers[k.QUEUED])
        return MachineStuckError(
            f"cycle {cycle}, layer {name}: no unit can move and ops are left: op {store.numbers[k.NEXT_OP]} is next, "
            f"{queued} ops queued, {busy} PEs busy; run with --engine simpy to see every unit"
        )
    return MachineError(f"cycle {cycle}, layer {name}: the compiled engine ran out of op rows")


def _counters(name: str, store: Store, n_ops: int, cycles: int) -> LayerCounters:
    """Read a layer's counts out of the store."""
    n = [int(count) for count in store.counts]
    return LayerCounters(
        name,
        cycles=cycles,
        ops=n_ops,
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
    )
