"""Run an architecture, and the same with one unit's limits taken away at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from o3sim.contract.counters import LayerCounters
from o3sim.errors import InputError
from o3sim.network.layer_names import layer_number
from o3sim.runs.engines import run_on_engine
from o3sim.studies.whatif.depths import Depths, depths_of
from o3sim.studies.whatif.occupancy import Occupancy, OccupancyObserver
from o3sim.studies.whatif.relief import ALL_AT_ONCE, TWICE_THE_PES, Relief, reliefs_for, relieved
from o3sim.studies.whatif.source import Source
from o3sim.studies.whatif.window import WATCHED_PE_CYCLES, LayerWindow, layer_window, watch

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.profile.profile import LayerProfile

NOTEWORTHY = 0.02
"""Saving of a relief, as a share of cycles, from which on a unit is called limiting."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Relieved:
    """Cycles of every layer with a relief, over all images."""

    relief: Relief
    cycles: tuple[int, ...]

    @property
    def total(self) -> int:
        """Cycles of all layers."""
        return sum(self.cycles)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where the cycles of a run went.

    Attributes
    ----------
    source : Source
    layers : list of LayerCounters
        Of the run itself, each summed over the images.
    relieved : list of Relieved
        One for each relief that changes the architecture.
    depths : list of Depths
        Of each layer, over the images.
    window : LayerWindow
        What the occupancy is of, in the first image.
    occupancy : Occupancy
    """

    source: Source
    layers: list[LayerCounters]
    relieved: list[Relieved]
    depths: list[Depths]
    window: LayerWindow
    occupancy: Occupancy

    def limit(self, layer: int | None = None) -> tuple[str, float]:
        """Name what limits a layer, or the whole run, and the share of cycles that its relief saves.

        One unit, if relieving it alone saves :data:`NOTEWORTHY`; else several at once, if relieving
        all of them does; else the PEs, with what twice as many save.
        """
        savings = {run.relief.unit: self.saving(run, layer) for run in self.relieved}
        twice = savings.pop(TWICE_THE_PES, 0.0)
        together = savings.pop(ALL_AT_ONCE.unit, 0.0)
        unit = max(savings, key=savings.__getitem__, default="")
        if unit and savings[unit] >= NOTEWORTHY:
            return unit, savings[unit]
        return ("several at once", together) if together >= NOTEWORTHY else (TWICE_THE_PES, twice)

    def saving(self, run: Relieved, layer: int | None = None) -> float:
        """Share of a layer's cycles, or of the run's, that a relief saves; negative if it costs some."""
        if layer is None:
            return 1 - run.total / sum(counters.cycles for counters in self.layers)
        return 1 - run.cycles[layer] / self.layers[layer].cycles


def explain(source: Source, layer: str | None = None, progress: Progress | None = None) -> Explanation:
    """Run everything.

    Parameters
    ----------
    source : Source
    layer : str, optional
        Whose occupancy to watch, in the first image; the one with most cycles if not given.
    progress : callable, optional
        Told ``(what, runs done, runs in all)``.

    Raises
    ------
    InputError
        If there is no such layer, or the run is not the saved one.
    """
    names = [each.name for each in source.network.layers]
    watched = None if layer is None else layer_number(layer, names)
    reliefs = reliefs_for(source.architecture)
    machines = [source.architecture, *(relieved(source.architecture, relief) for relief in reliefs)]
    steps = ["as it is", *(f"{relief.unit} relieved" for relief in reliefs)]
    books = [[LayerCounters(name) for name in names] for _ in machines]
    depths: list[Depths] = []
    for number, image in enumerate(source.images):
        profiles = _profiles(source, image)
        found = [depths_of(profile) for profile in profiles]
        depths = [a.plus(b) for a, b in zip(depths, found, strict=True)] if depths else found
        for place, machine in enumerate(machines):
            if progress is not None:
                progress(steps[place], number * len(machines) + place, len(source.images) * len(machines))
            _add(books[place], run_on_engine(machine, source.network, profiles).layers)
    _check_repeats(source, books[0])
    runs = [Relieved(relief, _cycles(book)) for relief, book in zip(reliefs, books[1:], strict=True)]
    return Explanation(source, books[0], runs, depths, *_watched(source, watched))


def _profiles(source: Source, image: NDArray[Any]) -> list[LayerProfile]:
    from o3sim.profile.profile import profile_layers

    return [profile for profile, _ in profile_layers(source.network, image)]


def _add(book: list[LayerCounters], layers: Sequence[LayerCounters]) -> None:
    for total, counters in zip(book, layers, strict=True):
        total.add(counters)


def _cycles(book: Sequence[LayerCounters]) -> tuple[int, ...]:
    return tuple(counters.cycles for counters in book)


def _watched(source: Source, layer: int | None) -> tuple[LayerWindow, Occupancy]:
    """Watch the queue and the PEs over the first cycles of a layer, in the first image."""
    profiles = _profiles(source, source.images[0])
    layers = run_on_engine(source.architecture, source.network, profiles).layers
    if layer is None:
        layer = max(range(len(layers)), key=lambda number: layers[number].cycles)
    window = layer_window(layers, layer, 0, watched_cycles(source.architecture))
    observer = OccupancyObserver(window.first_cycle, window.end_cycle)
    watch(source.architecture, source.network, profiles, window, observer)
    return window, observer.result()


def watched_cycles(architecture: Architecture) -> int:
    """Cycles of a layer whose events are made by default."""
    return max(1000, WATCHED_PE_CYCLES // architecture.pe.count)


def _check_repeats(source: Source, layers: Sequence[LayerCounters]) -> None:
    """Refuse a result that the run does not repeat: then the images, or o3sim, are not the same."""
    if source.saved is None:
        return
    names = [counters.name for counters in layers]
    if names != [saved.name for saved in source.saved.layers]:
        raise InputError(f"the result has other layers than the network, which has: {', '.join(names)}")
    for counters, saved in zip(layers, source.saved.layers, strict=True):
        if counters.cycles != saved.cycles:
            raise InputError(
                f"layer {counters.name} takes {counters.cycles:,} cycles, in the result {saved.cycles:,}: "
                "it is of other images (name them: --image-file) or of another version of o3sim"
            )
