"""Run architectures on one image and watch a layer, for the figures that are made of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from o3sim.contract.plan import plan_groups
from o3sim.errors import InputError
from o3sim.report.plot.timeline import TimelineData, TimelineObserver
from o3sim.runs.engines import run_on_engine
from o3sim.studies.whatif.measure import watched_cycles
from o3sim.studies.whatif.occupancy import Occupancy, OccupancyObserver
from o3sim.studies.whatif.window import LayerWindow, layer_window, watch

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.program import LayerProgram
    from o3sim.network.network import Network
    from o3sim.profile.profile import LayerProfile


MOST_TIMELINE_CYCLES = 20_000


@dataclass(frozen=True)
class Watched:
    """One image of a network, and the layer to watch on it, counted from 0."""

    title: str
    network: Network
    profiles: Sequence[LayerProfile]
    layer: int

    @property
    def layer_name(self) -> str:
        """Name of the layer to watch."""
        return self.network.layers[self.layer].name


def occupancies(
    watched: Watched, architectures: Sequence[Architecture], end_cycle: int | None
) -> dict[str, Occupancy]:
    """Count occupancy over the first cycles of the layer, by architecture."""
    found = {}
    for architecture in architectures:
        window = _window(watched, architecture, 0, end_cycle or watched_cycles(architecture))
        observer = OccupancyObserver(window.first_cycle, window.end_cycle)
        watch(architecture, watched.network, watched.profiles, window, observer)
        found[architecture.name] = observer.result()
    return found


def timelines(
    watched: Watched, architectures: Sequence[Architecture], first_cycle: int, end_cycle: int
) -> list[TimelineData]:
    """Draw up the timeline of each architecture, over as many cycles as the layer has of those asked for.

    Raises
    ------
    InputError
        If they are none, or more than can be seen.
    """
    found = []
    for architecture in architectures:
        window = _window(watched, architecture, first_cycle, end_cycle)
        if window.cycles > MOST_TIMELINE_CYCLES:
            raise InputError(
                f"{window.cycles:,} cycles of layer {window.name} asked for; at most "
                f"{MOST_TIMELINE_CYCLES:,} can be seen in a figure: --cycles A:B"
            )
        observer = TimelineObserver(window)
        program = _program(watched, architecture)
        watch(architecture, watched.network, watched.profiles, _until_decided(window, program), observer)
        found.append(observer.result(architecture.name, architecture.pe.count, program))
    return found


def _window(watched: Watched, architecture: Architecture, first: int, end: int) -> LayerWindow:
    layers = run_on_engine(architecture, watched.network, watched.profiles).layers
    return layer_window(layers, watched.layer, first, end)


def _until_decided(window: LayerWindow, program: LayerProgram) -> LayerWindow:
    """Lengthen a window so that ops in flight at its end are mostly seen to end too.

    The few that take more than four times as long as their words are taken to retire.
    """
    from dataclasses import replace

    longest = int(program.words.max())
    return replace(window, end_cycle=window.end_cycle + 4 * longest + 64)


def _program(watched: Watched, architecture: Architecture) -> LayerProgram:
    """Lay the layer's ops out as the machine does."""
    from o3sim.contract.program import build_program

    cuts = plan_groups(architecture, watched.network.layers)
    return build_program(watched.profiles[watched.layer], cuts[watched.layer], 0, architecture)
