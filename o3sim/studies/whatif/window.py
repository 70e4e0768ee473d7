"""A stretch of cycles of one layer, and a run that shows just its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from o3sim.contract.events import EventWindow, Observer
from o3sim.errors import InputError
from o3sim.runs.engines import run_on_engine

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile

WATCHED_PE_CYCLES = 300_000
"""PE-cycles whose events are made by default: a second or two, and a few tens of megabytes."""


@dataclass(frozen=True)
class LayerWindow:
    """Cycles ``first_cycle <= c < end_cycle`` of an image, which all lie in one layer.

    Attributes
    ----------
    layer : int
        Counted from 0.
    name : str
    start_cycle, layer_cycles : int
        Of the whole layer.
    """

    layer: int
    name: str
    start_cycle: int
    layer_cycles: int
    first_cycle: int
    end_cycle: int

    @property
    def cycles(self) -> int:
        """Cycles in the window."""
        return self.end_cycle - self.first_cycle


def layer_window(layers: Sequence[LayerCounters], layer: int, first: int, end: int | None) -> LayerWindow:
    """Place cycles of a layer, counted from its start, in the image.

    Parameters
    ----------
    layers : sequence of LayerCounters
        Of one image.
    layer : int
    first, end : int
        Cycles ``first <= c < end``; no end, or one beyond the layer, is the layer's.

    Raises
    ------
    InputError
        If no cycle of the layer is in them.
    """
    start = sum(counters.cycles for counters in layers[:layer])
    name, cycles = layers[layer].name, layers[layer].cycles
    last = cycles if end is None else min(end, cycles)
    if not 0 <= first < last:
        raise InputError(f"layer {name} has cycles 0:{cycles}; there are none in {first}:{end}")
    return LayerWindow(layer, name, start, cycles, start + first, start + last)


def watch(
    architecture: Architecture,
    network: Network,
    profiles: Sequence[LayerProfile],
    window: LayerWindow,
    observer: Observer,
) -> None:
    """Run an image and show an observer the events of a window."""
    shown = EventWindow(window.layer, first_cycle=window.first_cycle, end_cycle=window.end_cycle)
    run_on_engine(architecture, network, profiles, (observer,), shown)
