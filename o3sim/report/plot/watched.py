"""Run an architecture on one image and watch a layer, for the figures that are made of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from o3sim.errors import InputError
from o3sim.report.plot.timeline import ProgramJudge, TimelineData, TimelineObserver
from o3sim.report.timeline_page.ops import OpsObserver, TimelineOps
from o3sim.runs.runner import runner_of
from o3sim.studies.whatif.occupancy import Occupancy, OccupancyObserver
from o3sim.studies.whatif.window import LayerWindow, layer_window, watch, watched_cycles

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.events import Observer
    from o3sim.contract.program import LayerProgram
    from o3sim.profile.profile import LayerProfile
    from o3sim.runs.case import AnyCase


MOST_TIMELINE_CYCLES = 20_000


@dataclass(frozen=True)
class Watched:
    """The first image of a case, and the layer to watch on it, counted from 0."""

    case: AnyCase
    layer: int
    _kept: dict[bool, list[LayerProfile]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.case.network.layers[self.layer].name

    def profiles(self, speculative: bool) -> list[LayerProfile]:
        """Return what machines need to run as far as the layer."""
        if speculative not in self._kept:
            image = self.case.at(0, speculative)
            self._kept[speculative] = list(islice(image.profiles(), self.layer + 1))
        return self._kept[speculative]


class WatchedMachine:
    """An architecture that runs the watched layer when a figure asks for it.

    Attributes
    ----------
    name : str
        Name of the architecture.
    """

    def __init__(self, architecture: Architecture, watched: Watched) -> None:
        self.name, self._watched = architecture.name, watched
        self._runner = runner_of(architecture, watched.case.network)
        self._machine = self._runner.machines[watched.layer]
        self._speculative = architecture.pruning.speculative

    def occupancy(self, end_cycle: int | None = None) -> Occupancy:
        """Count what queue and PEs hold over the first cycles of the layer."""
        cycles = end_cycle or watched_cycles(self._machine)
        observer = OccupancyObserver(cycles)
        profiles = self._watched.profiles(self._speculative)
        window = watch(self._runner, profiles, self._watched.layer, (0, cycles), observer)
        return observer.result(window.layer_cycles)

    def timeline(self, first_cycle: int, end_cycle: int) -> TimelineData:
        """Draw up the timeline, over as many cycles as the layer has of those asked for.

        What the queue holds is in it if the layer's begin is not far.

        The run looks somewhat further, so that ops in flight at the end of the window are mostly seen to
        end too; the few that take more than four times as long as their words are taken to retire.

        Raises
        ------
        InputError
            If the layer has none of those cycles, or more than can be seen.
        """
        observer = TimelineObserver(first_cycle, end_cycle)
        from_start, seen_from = self._seen_from(first_cycle)
        program, window = self._look(observer, first_cycle, end_cycle, seen_from)
        judge = ProgramJudge(program)
        return observer.result(self.name, self._machine.pe.count, window, judge, from_start)

    def ops(self, first_cycle: int, end_cycle: int) -> TimelineOps:
        """Follow the ops of those cycles, and what the queue holds if the layer's begin is not far.

        Raises
        ------
        InputError
            As for :meth:`timeline`.
        """
        observer = OpsObserver(first_cycle, end_cycle)
        from_start, seen_from = self._seen_from(first_cycle)
        program, window = self._look(observer, first_cycle, end_cycle, seen_from)
        judge = ProgramJudge(program)
        return observer.result(self.name, self._machine.pe.count, window, judge, program, from_start)

    def _seen_from(self, first_cycle: int) -> tuple[bool, int]:
        """Tell whether to look at the layer from its first cycle, and from which else: if that is not far."""
        from_start = first_cycle <= watched_cycles(self._machine)
        return from_start, 0 if from_start else first_cycle

    def _look(
        self, observer: Observer, first_cycle: int, end_cycle: int, seen_from: int
    ) -> tuple[LayerProgram, LayerWindow]:
        """Show an observer the layer from a cycle on; return its ops, and its cycles of those asked for."""
        layer, profiles = self._watched.layer, self._watched.profiles(self._speculative)
        program = self._runner.program(profiles[layer], layer)
        more = 4 * int(program.words.max()) + 64
        most = first_cycle + MOST_TIMELINE_CYCLES + 1  # one more than is drawn tells that there are too many
        seen = watch(self._runner, profiles, layer, (seen_from, min(end_cycle, most)), observer, more)
        window = layer_window(layer, seen.name, seen.layer_cycles, first_cycle, min(end_cycle, most))
        if window.cycles > MOST_TIMELINE_CYCLES:
            raise InputError(
                f"layer {window.name} has more cycles from {first_cycle:,} on than the "
                f"{MOST_TIMELINE_CYCLES:,} that can be seen in a figure: --cycles A:B"
            )
        return program, window
