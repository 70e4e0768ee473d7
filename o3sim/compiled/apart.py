"""Run a stretch of an image's layers apart from those before and after it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from o3sim.compiled.records.weight_stream import HALVES
from o3sim.compiled.run import Engine
from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.events import EVERY_EVENT
from o3sim.contract.stretches import StretchRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from o3sim.compiled.allocation import Allocation
    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.profile.profile import LayerProfile


def run_stretch(
    architecture: Architecture,
    cuts: list[list[WeightGroup]],
    stretch: range,
    profiles: Sequence[LayerProfile],
) -> StretchRun:
    """Run a stretch; one that is not the first as if both halves of the weight buffer were full before it.

    Parameters
    ----------
    cuts : list of lists of WeightGroup
        Of all layers of the image.
    stretch : range
        One of :func:`o3sim.contract.stretches.stretches`.
    profiles : sequence of LayerProfile
        Of its layers.

    Raises
    ------
    MachineError
        If an invariant of the machine does not hold; cycles count from the stretch's first.
    """
    own = [cuts[number] for number in stretch]
    after = (group for cut in cuts[stretch.stop :] for group in cut if not group.stays)
    groups = [*(group for cut in own for group in cut), *islice(after, HALVES)]
    engine = _engine_of(architecture)(architecture, groups, (), EVERY_EVENT)
    if stretch.start > 0:
        _fill_halves(engine.stream)
    layers = [engine.run_layer(profile, cut) for profile, cut in zip(profiles, own, strict=True)]
    arrivals = engine.stream.table("transfers")["arrival_cycle"][: len(groups)]
    return StretchRun(layers, max(0, int(arrivals.max(initial=0)) - engine.start_cycle))


def _engine_of(architecture: Architecture) -> type[Engine]:
    if architecture.scheduler.dispatch == CAROUSEL:
        from o3sim.compiled.carousel.run import CarouselEngine

        return CarouselEngine
    return Engine


def _fill_halves(stream: Allocation) -> None:
    """Let the first groups that stream have arrived, as far as there are halves for them."""
    record, transfers = stream.record, stream.table("transfers")
    groups = int(record["groups"])
    while record["passed"] < groups:
        transfer = transfers[int(record["passed"])]
        if transfer["bits"] > 0:
            if record["halves_filled"] == record["halves_freed"]:
                return
            transfer["start_cycle"] = transfer["arrival_cycle"] = 0
            record["halves_filled"] += 1
        record["passed"] += 1
