"""A bench for the machine: architectures by override, layers with made-up outcomes, and runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.architecture import Architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.events import EVERY_EVENT, Event, EventKind, EventWindow, Observer
from o3sim.contract.plan import ImageRun, cut_layers
from o3sim.contract.program import LayerProgram, build_program
from o3sim.machine.dispatch.machines import machine_class
from o3sim.machine.machine import Machine
from o3sim.machine.op import Op
from o3sim.network.layer import Geometry, Pool
from o3sim.profile.profile import LayerProfile

BASE: dict[str, Any] = {
    "name": "bench",
    "clock_mhz": 200.0,
    "organization": "layer_sequential",
    "pe": {
        "unit": "standard",
        "count": 4,
        "width_edges": 8,
        "latency_cycles": 1,
        "contexts": 1,
        "speculate": True,
    },
    "sequencer": {"width_ops": 16, "order": "window_major", "outermost": "channel", "group_windows": 8},
    "issue_queue": {"depth_ops": 32},
    "scheduler": {
        "policy": "out_of_order",
        "issue_width_ops": 16,
        "issue_latency_cycles": 0,
        "window_in_flight_ops": 1,
    },
    "activation_buffer": {"banks": "ideal", "size_kbit": 100_000},
    "weight_buffer": {"banks": "ideal", "size_kbit": 100_000},
    "dram": {"bits_per_cycle": "ideal", "latency_cycles": 0},
    "output_buffer": {"write_width_ops": 64},
    "pruning": {"threshold": True, "pooling": True, "squash_latency_cycles": 1},
    "energy": {"table": "asic-45nm"},
}


QUEUELESS: dict[str, Any] = {
    "pe": {"pick": "oldest"},
    "sequencer": {"outermost": "position"},
    "scheduler": {"issue_latency_cycles": 0, "windows_per_cycle": 1, "bundle_positions": 1},
    "pruning": {"threshold": True, "pooling": True},
}
"""Units of a bench without a queue, where they differ."""

BINDINGS: dict[str, dict[str, Any]] = {
    "window": {"counters": 2},
    "group": {"groups": 2, "assignment": "channel"},
}


def architecture(**changes: Any) -> Architecture:
    """Make an architecture: the bench's own, with ``unit__key=value`` changes."""
    return _made(BASE, changes)


def queueless(dispatch: str, **changes: Any) -> Architecture:
    """Make an architecture that dispatches without a queue: the bench's, changed likewise."""
    base = {key: value for key, value in BASE.items() if key != "issue_queue"}
    units = {**base, **QUEUELESS, "pe": {**BASE["pe"], **QUEUELESS["pe"]}}
    units["scheduler"] = {**QUEUELESS["scheduler"], "dispatch": dispatch, **BINDINGS[dispatch]}
    return _made(units, changes)


def _made(units: dict[str, Any], changes: dict[str, Any]) -> Architecture:
    data = {key: dict(value) if isinstance(value, dict) else value for key, value in units.items()}
    for name, value in changes.items():
        unit, _, key = name.partition("__")
        if key:
            data[unit][key] = value
            if value is None:  # a key that this machine has not
                del data[unit][key]
        else:
            data[unit] = value
    return Architecture.model_validate(data)


def conv(
    height: int,
    width: int,
    channels: int,
    out_channels: int,
    kernel: int = 3,
    pool: Pool | None = None,
    **more: Any,
) -> Geometry:
    """Make the shape of a square convolution."""
    return Geometry("conv", height, width, channels, out_channels, kernel, kernel, pool=pool, **more)


def dense(features: int, outputs: int) -> Geometry:
    """Make the shape of a dense layer."""
    return Geometry("dense", 1, 1, features, outputs)


def profile(geometry: Geometry, decision: Any = None, outcome: Any = 0, scores: bool = False) -> LayerProfile:
    """Make a profile with given decisions and outcomes (scalars or arrays); by default none is early."""
    n_edges = geometry.n_edges_map()
    shape = geometry.out_height, geometry.out_width, geometry.out_channels
    full = np.broadcast_to(n_edges[:, :, None], shape)
    decisions = full if decision is None else np.minimum(np.broadcast_to(decision, shape), full)
    return LayerProfile(
        "layer",
        geometry,
        np.array(decisions, dtype=np.int32),
        np.array(np.broadcast_to(outcome, shape), dtype=np.uint8),
        n_edges,
        scores,
    )


def random_profile(geometry: Geometry, seed: int, ones: float = 0.3, constant: float = 0.1) -> LayerProfile:
    """Make a profile with random decisions and outcomes, some of them constant channels."""
    draw = np.random.default_rng(seed)
    shape = geometry.out_height, geometry.out_width, geometry.out_channels
    n_edges = geometry.n_edges_map()[:, :, None]
    decision = np.ceil(n_edges * (1 - 0.5 * draw.random(shape) ** 3)).astype(np.int32)
    decision[:, :, draw.random(shape[2]) < constant] = 0
    return profile(geometry, decision, draw.random(shape) < ones)


class Log:
    """An observer that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def see(self, event: Event) -> None:
        """Keep one event."""
        self.events.append(event)


def machine(
    arch: Architecture,
    profiles: Iterable[LayerProfile],
    observers: tuple[Observer, ...] = (),
    creation_order: tuple[str, ...] | None = None,
    window: EventWindow = EVERY_EVENT,
) -> Machine:
    """Build a machine for these layers."""
    layers = list(profiles)
    cuts = cut_layers(arch, layers)

    def programs() -> Iterator[LayerProgram]:
        first = 0
        for cut, layer in zip(cuts, layers, strict=True):
            yield build_program(layer, cut, first, arch)
            first += len(cut)

    groups = [group for cut in cuts for group in cut]
    made = machine_class(arch)
    if creation_order is None:
        return made(arch, groups, programs(), observers, window)
    return made(arch, groups, programs(), observers, window, creation_order)


def run(
    arch: Architecture,
    *profiles: LayerProfile,
    observers: tuple[Observer, ...] = (),
    window: EventWindow = EVERY_EVENT,
) -> ImageRun:
    """Run layers one after another."""
    built = machine(arch, profiles, observers, window=window)
    built.run()
    return ImageRun(built.layers, built.outputs)


def run_one(arch: Architecture, layer: LayerProfile) -> LayerCounters:
    """Run one layer and return its counts."""
    return run(arch, layer).layers[0]


def trace(arch: Architecture, *profiles: LayerProfile) -> list[Event]:
    """Run layers and return every event."""
    log = Log()
    run(arch, *profiles, observers=(log,))
    return log.events


def cycles_of(events: Iterable[Event], kind: EventKind) -> dict[int, int]:
    """Tell in which cycle an event of this kind befell each op (the last, if there were several)."""
    return {event.op: event.cycle for event in events if event.kind == kind}


def ops_at(events: Iterable[Event], kind: EventKind, cycle: int) -> list[int]:
    """List the ops that an event of this kind befell in a cycle."""
    return [event.op for event in events if event.kind == kind and event.cycle == cycle]


def pooled_or(layer: LayerProfile) -> NDArray[np.uint8]:
    """Pool a layer's outcomes the slow way; zeros for the scores layer, whose bits mean nothing."""
    geometry = layer.geometry
    if geometry.pool is None:
        return layer.outcome
    size, stride = geometry.pool.size, geometry.pool.stride
    shape = geometry.pooled_height, geometry.pooled_width, geometry.out_channels
    bits = np.zeros(shape, dtype=np.uint8)
    for y, x, channel in np.ndindex(shape):
        window = layer.outcome[y * stride : y * stride + size, x * stride : x * stride + size, channel]
        bits[y, x, channel] = window.any()
    return bits


def op_of(index: int, words: int = 4, **more: Any) -> Op:
    """Make an op by hand: full words of 8 edges, decided by the last, alone in window ``index``."""
    values: dict[str, Any] = {
        "n_edges": 8 * words,
        "words": words,
        "decided_words": words,
        "outcome": 0,
        "windows": (index,),
        "group": 0,
        "table_row": 0,
        "activation_base": 0,
        "weight_base": 0,
    }
    return Op(index=index, **{**values, **more})
