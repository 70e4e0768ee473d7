"""Trace one layer of one image: the layers before it run too, those after it do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from o3sim.config.ranges import NO_END
from o3sim.contract.events import Event, EventWindow
from o3sim.errors import InputError
from o3sim.runs.engines import engine_name
from o3sim.runs.progress import edges_of_layers
from o3sim.runs.runner import runner_of
from o3sim.runs.watch import watch_layer
from o3sim.trace.writer import MakeWriter, TracedLayer, Writer

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.case import AnyCase
    from o3sim.runs.progress import Progress
    from o3sim.runs.runner import Runner

MOST_EVENTS = 20_000_000
"""Events that the compiled engine may keep: it sorts a layer's, at about 100 bytes each."""


def trace_layer(
    architecture: Architecture,
    case: AnyCase,
    window: EventWindow,
    make_writer: MakeWriter,
    stream: BinaryIO,
    engine: str | None = None,
    progress: Progress | None = None,
) -> int:
    """Write the events of a window of one layer, on the first image of a case.

    Parameters
    ----------
    architecture : Architecture
        In a pipeline, which the image finds empty, a layer is a stage.
    case : Case or StoredCase
    window : EventWindow
        What to show of one layer, with cycles that count from its first
        (:func:`o3sim.trace.window.event_window`).
    make_writer : callable
        From :func:`o3sim.trace.registry.load_writer`.
    stream : binary file
        Open for writing; stays open.
    engine : str, optional
        ``compiled`` or ``simpy``; they show the same events.
    progress : callable, optional
        Told of every layer that begins.

    Returns
    -------
    int
        Events written.

    Raises
    ------
    InputError
        If the network does not fit the machine, or the window is empty or too large for memory.
    """
    session = _Session(runner_of(architecture, case.network, engine), case, window, make_writer, stream)
    session.compiled = engine_name(architecture, engine) == "compiled"
    watch_layer(session.runner, session.profiles(progress), window, session)
    return session.finish()


class _Session:
    """Watch the machine reach the traced layer, and put a writer there."""

    def __init__(
        self,
        runner: Runner,
        case: AnyCase,
        window: EventWindow,
        make_writer: MakeWriter,
        stream: BinaryIO,
    ) -> None:
        assert window.layer is not None  # noqa: S101 - a caller's mistake, not a user's
        self.runner, self.case, self.window = runner, case, window
        self.layer = window.layer
        self.compiled = True
        self._make_writer, self._stream = make_writer, stream
        self._writer: Writer | None = None
        self._events = 0

    def profiles(self, progress: Progress | None) -> Iterator[LayerProfile]:
        """Yield layer after layer as the machine asks for them; at the traced one a file begins."""
        edges = edges_of_layers(self.case.network)[: self.layer + 1]
        image = self.case.at(0, self.runner.architecture.pruning.speculative)
        for number, profile in enumerate(image.profiles()):
            if progress is not None:
                progress(profile.name, sum(edges[:number]), sum(edges))
            if number == self.layer:
                self._begin(profile)
            yield profile

    def see(self, event: Event) -> None:
        """Hand an event on."""
        assert self._writer is not None  # noqa: S101 - the window shows one layer only
        self._writer.see(event)
        self._events += 1

    def finish(self) -> int:
        """End the file; tell how many events went into it."""
        if not self._events:
            name = self.case.network.layers[self.layer].name
            raise InputError(
                f"layer {name}: nothing happens in that window: the layer ends before cycle "
                f"{self.window.first_cycle}, or its ops are not at work in those cycles"
            )
        assert self._writer is not None  # noqa: S101 - there were events
        self._writer.close()
        return self._events

    def _begin(self, profile: LayerProfile) -> None:
        """Make the writer, now that the layer's shape and decisions are known."""
        traced = TracedLayer(
            self.runner.machines[self.layer],
            self.case.network.name,
            profile.name,
            self.layer,
            self.window,
            lambda: self.runner.program(profile, self.layer),
        )
        check_window(traced, profile, self.compiled)
        self._writer = self._make_writer(self._stream, traced)


def check_window(layer: TracedLayer, profile: LayerProfile, compiled: bool) -> None:
    """Refuse a window of no op, or of more events than memory should have to hold.

    Raises
    ------
    InputError
        With what can be asked for instead.
    """
    window = layer.window
    n_ops = int(profile.geometry.pooled_mask().sum()) * profile.geometry.out_channels
    if window.first_op >= n_ops:
        raise InputError(
            f"layer {layer.name} has {n_ops} ops, from 0 on; the window begins at {window.first_op}"
        )
    most = most_events(layer.architecture, window, profile, n_ops)
    if compiled and most > MOST_EVENTS:
        raise InputError(
            f"layer {layer.name}: this window holds up to {most:,} events, more than the {MOST_EVENTS:,} "
            "that are kept in memory; narrow it with --ops A:B or --cycles A:B, or take "
            "--engine simpy, which is slow and keeps none"
        )


def most_events(architecture: Architecture, window: EventWindow, profile: LayerProfile, n_ops: int) -> int:
    """Bound the events of a window: stalls are not foreseen, and taken to be as many as words."""
    width = architecture.pe.width_edges
    words = -(-int(profile.n_edges.max()) // width)
    by_ops = (min(window.end_op, n_ops) - window.first_op) * (4 + 2 * words)
    if window.end_cycle == NO_END:
        return by_ops
    per_cycle = most_events_a_cycle(architecture, profile)
    return min(by_ops, (window.end_cycle - window.first_cycle) * per_cycle)


def most_events_a_cycle(architecture: Architecture, profile: LayerProfile) -> int:
    """Bound the events of a cycle."""
    a = architecture
    if a.scheduler.has_queue:
        ports = 2 * a.sequencer.width_ops + a.scheduler.most_selected
        return 3 * a.pe.count + ports + a.output_buffer.write_width_ops
    pool = profile.geometry.pool
    members = (a.scheduler.bundle_positions or 1) if pool is None else pool.size**2
    # Each context can have a verdict, that ends a member, lets another begin or drops the rest.
    return a.pe.count * (1 + a.pe.contexts * (3 + 2 * members)) + a.output_buffer.write_width_ops
