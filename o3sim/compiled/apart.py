"""Run a stretch of an image's layers apart from those before and after it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from o3sim.compiled.records.weight_stream import HALVES, weight_stream_of
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
    engine = _engine_of(architecture)(architecture, _groups_from(cuts, stretch), (), EVERY_EVENT)
    if stretch.start > 0:
        _fill_halves(engine.stream)
    layers = [engine.run_layer(profile, cut) for profile, cut in zip(profiles, own, strict=True)]
    return StretchRun(layers, max(0, arrival_cycle(engine.stream) - engine.start_cycle))


def _groups_from(cuts: list[list[WeightGroup]], stretch: range) -> list[WeightGroup]:
    """List the weight groups of a stretch, and the first that stream behind it."""
    after = (group for cut in cuts[stretch.stop :] for group in cut if not group.stays)
    return [*(group for number in stretch for group in cuts[number]), *islice(after, HALVES)]


def stream_from(cuts: list[list[WeightGroup]], layer: int) -> Allocation:
    """Return a weight stream that begins with a layer, nothing of it being asked for."""
    return weight_stream_of(_groups_from(cuts, range(layer, layer + 1)))


def arrival_cycle(stream: Allocation) -> int:
    """Return the cycle from which all that was asked for is there."""
    arrivals = stream.table("transfers")["arrival_cycle"][: int(stream.record["groups"])]
    return int(arrivals.max(initial=0))


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
