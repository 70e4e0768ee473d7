"""Traces of a small network on machines that differ in what a writer has to show."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from o3sim.config.architecture import Architecture
from o3sim.contract.events import Event, EventWindow
from o3sim.network.images import Images
from o3sim.runs.case import Case
from o3sim.trace.registry import load_writer
from o3sim.trace.session import trace_layer
from o3sim.trace.window import event_window
from o3sim.trace.writer import TracedLayer
from tests.sample_runs import architecture, images, network

NARROW: dict[str, dict[str, Any]] = {
    "pe": {"count": 4, "width_edges": 2},
    "activation_buffer": {"banks": 2},
    "output_buffer": {"write_width_ops": 1},
    "issue_queue": {"depth_ops": 16},
    "sequencer": {"width_ops": 8},
    "dram": {"bits_per_cycle": 4, "latency_cycles": 10},
}
LATE = {**NARROW, "scheduler": {"issue_latency_cycles": 2, "window_in_flight_ops": "unlimited"}}
LONG = {
    **LATE,
    "pe": {"count": 3, "width_edges": 2, "contexts": 1, "latency_cycles": 4},
    "pruning": {"squash_latency_cycles": 3},
    "sequencer": {"width_ops": 8, "order": "member_major", "group_windows": 96},
}

MACHINES: dict[str, Architecture] = {
    "plain": architecture(),
    "narrow": architecture("narrow", **NARROW),
    "late": architecture("late", **LATE),
    "long": architecture("long", **LONG),
}

WINDOWS: dict[str, EventWindow] = {
    "all": event_window(0),
    "cycles": EventWindow(0, first_cycle=40, end_cycle=90, of_layer=True),
    "ops": EventWindow(0, first_op=50, end_op=120, of_layer=True),
}


class Log:
    """A writer that keeps every event, and nothing else."""

    def __init__(self, _stream: Any, layer: TracedLayer) -> None:
        self.events: list[Event] = []
        self.layer = layer
        Log.last = self

    last: Log

    def see(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        pass


def case() -> Case:
    """The small network on an image."""
    return Case(network(), Images(images(1), None))


def log(machine: str, window: EventWindow, engine: str | None = None) -> Log:
    """Trace the small network and keep the events."""
    trace_layer(MACHINES[machine], case(), window, Log, BytesIO(), engine)
    return Log.last


def written(format_name: str, machine: str, window: EventWindow, engine: str | None = None) -> bytes:
    """Trace the small network in a format."""
    stream = BytesIO()
    trace_layer(MACHINES[machine], case(), window, load_writer(format_name), stream, engine)
    return stream.getvalue()
