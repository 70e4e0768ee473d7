"""Run one image through the compiled carousel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from o3sim.compiled.carousel.cycle import run_carousel
from o3sim.compiled.carousel.memory import carousel_memory_of
from o3sim.compiled.cycle import DONE
from o3sim.compiled.records.trace import trace_of
from o3sim.compiled.run import Engine, LayerEnd
from o3sim.contract.carousel.program import build_carousel_program
from o3sim.contract.counters import LayerCounters
from o3sim.contract.events import EVERY_EVENT, EventWindow, Observer
from o3sim.contract.layer_runs import KnownLayers
from o3sim.contract.plan import ImageRun, plan_groups
from o3sim.contract.weight_groups import WeightGroup

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
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

    Same arguments, results, errors and events as :func:`o3sim.machine.carousel.run.simulate_image`. Layers
    that are known, and wait for no weights, do not run again.
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
    known: KnownLayers | None = None,
) -> ImageRun:
    """Run layers whose weights are already cut into groups, one list for each layer."""
    groups = [group for cut in cuts for group in cut]
    return CarouselEngine(architecture, groups, observers, window).run_all(profiles, cuts, known)


class CarouselEngine(Engine):
    """What outlives a layer that goes round."""

    output_table = "units.output"

    def _count_patches(self, counters: LayerCounters) -> None:
        """Leave it to the kernel: not all that is broadcast is a word of the buffer."""

    def _run(self, profile: LayerProfile, groups: list[WeightGroup], event_rows: int) -> LayerEnd:
        """Run a layer with room for so many events."""
        memory = carousel_memory_of(
            build_carousel_program(profile, groups, self.architecture),
            self.first_group,
            self.architecture,
            self.stream,
            trace_of(self.window, self.window.origin(self.start_cycle), event_rows) if event_rows else {},
            self.start_cycle,
        )
        last_cycle = int(run_carousel(memory.record))
        return LayerEnd(memory, memory.table(self.output_table)["bit"], DONE, last_cycle)
