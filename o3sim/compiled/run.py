"""Run one image through the compiled engine."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.allocation import Allocation
from o3sim.compiled.cycle import DONE, STUCK, run_layer
from o3sim.compiled.dispatch.cycle import run_windows
from o3sim.compiled.events import decode, in_order
from o3sim.compiled.fast.choice import why_general
from o3sim.compiled.fast.run import run_fast
from o3sim.compiled.memory import memory_of
from o3sim.compiled.records.trace import trace_of
from o3sim.compiled.records.weight_stream import weight_stream_of
from o3sim.contract.counters import PE_CYCLE_CAUSES, LayerCounters
from o3sim.contract.errors import MachineError, MachineStuckError
from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventWindow, Observer, counted_from
from o3sim.contract.invariants import check_layer
from o3sim.contract.layer_runs import KnownLayers, LayerRun
from o3sim.contract.line_buffer import count_reads
from o3sim.contract.patch import count_patches
from o3sim.contract.plan import ImageRun, plan_groups
from o3sim.contract.reach import layer_timing_key, waits_for_no_weights
from o3sim.contract.sums import count_sums
from o3sim.contract.weight_groups import WeightGroup, order_bits

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.gates import StageGates
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile


def simulate_image(
    architecture: Architecture,
    network: Network,
    profiles: Iterable[LayerProfile],
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
    known: KnownLayers | None = None,
) -> ImageRun:
    """Run one image, layer after layer, on a machine that starts empty.

    Same arguments, results, errors and events as :func:`o3sim.machine.run.simulate_image`. Layers that are
    known, and wait for no weights, do not run again.
    """
    cuts = plan_groups(architecture, network.layers)
    return run_layers(architecture, cuts, profiles, observers, window, known=known)


def run_layers(
    architecture: Architecture,
    cuts: list[list[WeightGroup]],
    profiles: Iterable[LayerProfile],
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
    *,
    fast: bool = True,
    known: KnownLayers | None = None,
) -> ImageRun:
    """Run layers whose weights are already cut into groups, one list for each layer.

    Those that can run fast, unless that is not wanted; what comes out is the same.
    """
    groups = [group for cut in cuts for group in cut]
    return Engine(architecture, groups, observers, window, fast=fast).run_all(profiles, cuts, known)


EVENT_ROWS = 65_536
"""Events a layer may have before it is run again with room for all: few layers of few ops need more."""


class LayerEnd(NamedTuple):
    """How a layer ended: its memory with all counts, its output bits, how, and its last cycle."""

    memory: Allocation
    output: NDArray[np.uint8]
    how: int
    cycle: int


class Engine:
    """What outlives a layer: the cycle, the weight stream, the observers.

    With ``gates`` its one layer is a stage of a pipeline, and ``rows_written`` and
    ``last_active_cycle`` are those of :class:`o3sim.contract.plan.StageRun`.
    """

    rows_written: NDArray[np.int64]
    last_active_cycle: int
    output_table = "scoreboard.output"

    def __init__(
        self,
        architecture: Architecture,
        groups: list[WeightGroup],
        observers: tuple[Observer, ...],
        window: EventWindow,
        gates: StageGates | None = None,
        *,
        fast: bool = True,
    ) -> None:
        self.architecture = architecture
        self._fast = fast and gates is None
        self.window = window
        self.gates = gates
        self.stream = weight_stream_of(groups)
        self.observers = observers
        self._run_layer = run_layer if architecture.scheduler.has_queue else run_windows
        self.start_cycle = 0
        self.layer = 0
        self.first_group = 0
        self._shown_groups = 0

    def run_all(
        self,
        profiles: Iterable[LayerProfile],
        cuts: list[list[WeightGroup]],
        known: KnownLayers | None = None,
    ) -> ImageRun:
        """Run all layers, but for those that are known; observers see nothing of those."""
        streams = any(not group.stays for cut in cuts for group in cut)
        run = ImageRun([], [])
        for cut, profile in zip(cuts, profiles, strict=True):
            apart = waits_for_no_weights(self.architecture, cut)
            if self.layer == 0 and streams and self.architecture.dram.bits_per_cycle != "ideal":
                apart = False  # the first layer asks for the first weights that stream
            ran = (
                self._known_or_run(profile, cut, known)
                if known is not None and apart
                else self.run_layer(profile, cut)
            )
            run.layers.append(ran.counters)
            run.outputs.append(ran.output)
        return run

    def _known_or_run(self, profile: LayerProfile, groups: list[WeightGroup], known: KnownLayers) -> LayerRun:
        """Run a layer that waits for no weights, unless it is known."""
        layer = self.layer
        key = layer_timing_key(self.architecture, profile.geometry, groups, scores=profile.scores)
        found = known.find(layer, key)
        if found is None:
            found = self.run_layer(profile, groups)
            known.keep(layer, key, found)
        else:
            self._pass(found.counters.cycles, len(groups))
        return found

    def run_layer(self, profile: LayerProfile, groups: list[WeightGroup]) -> LayerRun:
        """Run the next layer; return its counts and its output bits."""
        trace = bool(self.observers) and self.window.shows_layer(self.layer)
        before = self.stream.state() if trace else None
        memory, output, how, cycle = self._run(profile, groups, EVENT_ROWS if trace else 0)
        n_events = int(memory.record["trace"]["n_events"]) if trace else 0
        if before is not None and n_events > EVENT_ROWS:
            self.stream.restore(before)
            memory, output, how, cycle = self._run(profile, groups, n_events)
        counters = self.finished(memory, how, cycle, profile, groups)
        if self.observers:
            self._show_events(memory, profile.name, cycle, trace)
        self._pass(cycle + 1 - self.start_cycle, len(groups))
        return LayerRun(counters, map_of(profile, output))

    def _pass(self, cycles: int, groups: int) -> None:
        """Go on to the next layer."""
        self.start_cycle += cycles
        self.layer += 1
        self.first_group += groups

    def finished(
        self,
        memory: Allocation,
        how: int,
        cycle: int,
        profile: LayerProfile,
        groups: list[WeightGroup],
    ) -> LayerCounters:
        """Return the checked counts of a layer that has ended in a cycle, or say why it did not."""
        if how != DONE:
            raise failure(how, cycle, profile.name, memory)
        counters = counters_of(profile.name, memory)
        if self.gates is not None:
            self.rows_written = memory.table("stage_rows.output")["cycle"].copy()
            self.last_active_cycle = int(memory.record["clock"]["last_active_cycle"])
        count_shape(counters, profile, groups, self.architecture)
        self._count_patches(counters)
        check_layer(counters, self.architecture)
        return counters

    def output_of(self, memory: Allocation, profile: LayerProfile) -> NDArray[np.uint8]:
        """Copy the output bits of a layer out of its memory."""
        return map_of(profile, memory.table(self.output_table)["bit"])

    def _count_patches(self, counters: LayerCounters) -> None:
        count_patches(counters, self.architecture)

    def _run(self, profile: LayerProfile, groups: list[WeightGroup], event_rows: int) -> LayerEnd:
        """Run a layer with room for so many events."""
        if self._fast and not event_rows and self._runs_fast(profile):
            return LayerEnd(
                *run_fast(self.architecture, profile, groups, self.first_group, self.stream, self.start_cycle)
            )
        memory = memory_of(
            profile,
            groups,
            self.first_group,
            self.architecture,
            self.stream,
            trace_of(self.window, self.window.origin(self.start_cycle), event_rows) if event_rows else {},
            self.gates,
        )
        how, cycle = self._run_layer(memory.record, self.start_cycle)
        return LayerEnd(memory, memory.table(self.output_table)["bit"], how, cycle)

    def _runs_fast(self, profile: LayerProfile) -> bool:
        """Return whether a layer can run fast."""
        races = profile.race is not None
        geometry, scores = profile.geometry, profile.scores
        return why_general(self.architecture, geometry, scores=scores, races=races) is None

    def _show_events(self, memory: Allocation, name: str, last_cycle: int, trace: bool) -> None:
        """Show a layer's events, with those of the weight stream that fall into it."""
        transfers = self.stream.table("transfers")[: self.stream.record["groups"]]
        starts, arrivals = transfers["start_cycle"].tolist(), transfers["arrival_cycle"].tolist()
        extra = [Event(self.start_cycle, EventKind.LAYER_START, self.layer, name)]
        asked_for = range(self._shown_groups, int(self.stream.record["passed"]))
        for group in asked_for:
            if starts[group] > last_cycle:
                break
            if starts[group] >= 0:
                extra.append(Event(starts[group], EventKind.WEIGHTS, group, "dram", arrivals[group]))
            self._shown_groups = group + 1
        extra.append(Event(last_cycle, EventKind.LAYER_END, self.layer, name))
        if not trace:
            return
        origin = self.window.origin(self.start_cycle)
        rows = in_order(memory.table("trace.events")[: memory.record["trace"]["n_events"]])
        rows["cycle"] -= origin
        counted = [counted_from(event, origin) for event in extra]
        shown = [event for event in counted if self.window.shows(event)]
        for event in merge(shown, decode(rows)):  # the few that the kernel does not make, among the others
            for observer in self.observers:
                observer.see(event)


def count_shape(
    counters: LayerCounters, profile: LayerProfile, groups: list[WeightGroup], architecture: Architecture
) -> None:
    """Count what follows from a layer's shape, its weights and its other counts."""
    if profile.scores:
        counters.output_bits = 0  # scores have no next layer
    counters.dram_bits = sum(group.bits for group in groups)
    counters.order_bits = order_bits(profile.geometry, architecture, counters.words_executed)
    count_reads(counters, profile.geometry, groups, architecture)
    count_sums(counters, profile.geometry)


def map_of(profile: LayerProfile, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Copy output bits as a map: the memory of the layer is let go."""
    geometry = profile.geometry
    return bits.reshape(geometry.pooled_height, geometry.pooled_width, geometry.out_channels).copy()


def failure(how: int, cycle: int, name: str, memory: Allocation) -> MachineError:
    """Explain why a layer did not end."""
    where = f"cycle {cycle}, layer {name}"
    x = memory.record
    if "sequencer" not in x.dtype.names:
        return MachineError(f"{where}: a context of the compiled engine is never free")
    if how == STUCK:
        return MachineStuckError(
            f"{where}: no unit can move and ops are left: op {x['sequencer']['next_op']} of "
            f"{x['layer']['ops']} is next, {x['issue_queue']['n_held']} ops queued, "
            f"{x['pe_array']['n_busy']} PEs busy; run with --engine simpy to see every unit"
        )
    return MachineError(f"{where}: the compiled engine ran out of op records")


def counters_of(name: str, memory: Allocation) -> LayerCounters:
    """Read a layer's counts out of its memory."""
    counts = memory.record["counts"]
    causes = memory.table("ledger.causes")["pe_cycles"].tolist()
    return LayerCounters(
        name,
        **dict(zip(counts.dtype.names, counts.tolist(), strict=True)),
        pe_cycles=dict(zip(PE_CYCLE_CAUSES, causes, strict=True)),
    )
