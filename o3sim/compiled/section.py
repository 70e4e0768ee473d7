"""Run a section of a layer: windows that follow one another in program order, on a machine that is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from o3sim.compiled.cycle import DONE, STOPPED
from o3sim.compiled.fast.run import FastLayer
from o3sim.compiled.records.weight_stream import weight_stream_of
from o3sim.compiled.run import counters_of, failure, map_of
from o3sim.contract.invariants import check_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from o3sim.compiled.allocation import Allocation
    from o3sim.config.architecture import Architecture
    from o3sim.contract.counters import LayerCounters
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.profile.profile import LayerProfile


class SectionRun(NamedTuple):
    """What a machine did with a section.

    Attributes
    ----------
    counters : LayerCounters
        Up to its end, but for what follows from the layer's shape.
    marks : list of LayerCounters
        The same up to each mark.
    output : ndarray of uint8, shape (pooled_height, pooled_width, out_channels)
        Output bits of its windows; 0 of others.
    """

    counters: LayerCounters
    marks: list[LayerCounters]
    output: NDArray[np.uint8]


def run_section(
    architecture: Architecture,
    profile: LayerProfile,
    group: WeightGroup,
    section: range,
    marks: Sequence[int] = (),
    stream: Allocation | None = None,
) -> SectionRun:
    """Run a section of a layer that runs fast, and whose weights are all there.

    Parameters
    ----------
    group : WeightGroup
        All channels.
    section : range
        Windows, by their place in program order; it begins and ends with a group of windows where these are
        walked member by member.
    marks : sequence of int
        Numbers of ops, ascending: counts are looked at in the first cycle by whose end so many have ended.
    stream : Allocation, optional
        A weight stream that begins with the group, and goes on with what comes after the layer.

    Raises
    ------
    MachineError
        If an invariant of the machine does not hold.
    """
    layer = FastLayer(architecture, profile, [group], 0, stream or weight_stream_of([group]), section)
    seen, how, cycle = [], STOPPED, 0
    for mark in (*marks, layer.ops):
        if how == STOPPED and layer.ended_ops < mark:
            how, cycle = layer.run(pause_ops=mark)
        if how not in (DONE, STOPPED):
            raise failure(how, cycle, profile.name, layer.memory)
        seen.append(counters_of(profile.name, layer.memory))
    *seen, counters = seen
    check_layer(counters, architecture)
    return SectionRun(counters, seen, map_of(profile, layer.output()))
