"""A stretch of cycles of one layer, and a run that shows just its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from o3sim.contract.events import Event, EventKind, EventWindow, Observer
from o3sim.errors import InputError
from o3sim.runs.watch import watch_layer

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.runner import Runner

WATCHED_PE_CYCLES = 300_000
"""PE-cycles whose events are made by default: a second or two, and a few tens of megabytes."""


@dataclass(frozen=True)
class LayerWindow:
    """Cycles ``first_cycle <= c < end_cycle`` of a layer, counted from its first.

    Attributes
    ----------
    layer : int
        Counted from 0.
    name : str
    layer_cycles : int
        Of the whole layer.
    """

    layer: int
    name: str
    layer_cycles: int
    first_cycle: int
    end_cycle: int

    @property
    def cycles(self) -> int:
        """Cycles in the window."""
        return self.end_cycle - self.first_cycle


def layer_window(layer: int, name: str, layer_cycles: int, first: int, end: int) -> LayerWindow:
    """Return the cycles that a layer has of those asked for.

    Raises
    ------
    InputError
        If it has none of them.
    """
    last = min(end, layer_cycles)
    if not 0 <= first < last:
        raise InputError(f"layer {name} has cycles 0:{layer_cycles}; there are none in {first}:{end}")
    return LayerWindow(layer, name, layer_cycles, first, last)


def watched_cycles(machine: Architecture) -> int:
    """Return how many cycles of a layer are watched by default."""
    return max(1000, WATCHED_PE_CYCLES // machine.pe.count)


def watch(
    runner: Runner,
    profiles: Iterable[LayerProfile],
    layer: int,
    cycles: tuple[int, int],
    observer: Observer,
    more_cycles: int = 0,
) -> LayerWindow:
    """Run the next image as far as a layer, and show an observer the events of a window, and its end.

    Parameters
    ----------
    layer : int
        Counted from 0.
    cycles : tuple of int
        First cycle, and the one behind the last, as far as the layer has them.
    more_cycles : int
        How far beyond them to look, for what becomes of the ops in them.

    Returns
    -------
    LayerWindow
        The cycles that the layer has of those asked for.

    Raises
    ------
    InputError
        If it has none of them.
    """
    end = LayerEnd(observer)
    first, behind = cycles
    shown = EventWindow(layer, first_cycle=first, end_cycle=behind + more_cycles, of_layer=True, ends=True)
    watch_layer(runner, profiles, shown, end)
    return layer_window(layer, end.name, end.layer_cycles, first, behind)


class LayerEnd:
    """Passes events on, and takes note of the last of a layer.

    Attributes
    ----------
    name : str
        Of the layer.
    layer_cycles : int
        Its cycles; 0 before its end has come.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.name, self.layer_cycles = "", 0

    def see(self, event: Event) -> None:
        """Take one event."""
        if event.kind is EventKind.LAYER_END:
            self.name, self.layer_cycles = event.unit, event.cycle + 1
        self._observer.see(event)
