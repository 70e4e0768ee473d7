"""The lists of tasks without a row for each task: tables by place and by channel say what there is to know.

A large layer has millions of tasks, and a network is swept with the lists of all its layers at hand. One
list is in program order, so nothing is written down of it; of several, each task's place and channel are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.tasks import bind, members_at, walk
from o3sim.contract.weight_groups import WeightGroup, weight_words

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry


class TaskLists(NamedTuple):
    """What :class:`o3sim.contract.tasks.LayerTasks` says of each task, to be found by place and channel.

    Attributes
    ----------
    members : int32 array, shape (places,)
        Members of a task there.
    ops_before : int64 array, shape (places,)
        Ops of a channel at the places before.
    ops_of_channel : int
    weight_base : int64 array, shape (out_channels,)
        Address of the first word of the channel's weights in the share of the first group of PEs; that in
        another's lies as many words behind it as the number of its list.
    listed : int32 array
        Place * out_channels + channel of each task, list by list. Empty if there is one list only.
    list_start : int64 array, shape (lists + 1,)
        Where each list begins; the last entry is the number of tasks.
    """

    members: NDArray[np.int32]
    ops_before: NDArray[np.int64]
    ops_of_channel: int
    weight_base: NDArray[np.int64]
    listed: NDArray[np.int32]
    list_start: NDArray[np.int64]


def task_lists(geometry: Geometry, groups: list[WeightGroup], architecture: Architecture) -> TaskLists:
    """List a layer's tasks, weight group by weight group."""
    channels = tuple((group.first_channel, group.last_channel) for group in groups)
    scheduler, width = architecture.scheduler, architecture.pe.width_edges
    by_channel = architecture.sequencer.outermost == "channel"
    units, assignment = scheduler.groups or 1, scheduler.assignment
    return _task_lists(geometry, channels, width, scheduler.bundle_positions, by_channel, units, assignment)


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def _task_lists(
    geometry: Geometry,
    channels: tuple[tuple[int, int], ...],
    width_edges: int,
    bundle_positions: int,
    by_channel: bool,
    units: int,
    assignment: str | None,
) -> TaskLists:
    members = (members_at(geometry, bundle_positions) >= 0).sum(axis=1).astype(np.int32)
    places, local, counts, windows, unit_of = len(members), [], np.zeros(units, np.int64), [], []
    for first, end in channels:
        work = geometry.channel_work[first:end] if assignment == "channel_balanced" else ()
        binding = end - first, units, assignment, work
        each = np.arange(end - first, dtype=np.int32)
        local.append(bind(np.zeros_like(each), each, *binding)[1])
        if units == 1:
            counts += places * (end - first)
            continue
        place, channel = walk(places, end - first, by_channel)
        unit = bind(place, channel, *binding)[0]
        counts += np.bincount(unit, minlength=units)
        unit_of.append(unit.astype(np.min_scalar_type(units)))  # so that sorting is by digits
        windows.append(place * np.int32(geometry.out_channels) + (channel + np.int32(first)))
    listed = np.zeros(0, np.int32)
    if units > 1:
        listed = np.concatenate(windows)[np.argsort(np.concatenate(unit_of), kind="stable")]
    return TaskLists(
        members=members,
        ops_before=np.cumsum(members, dtype=np.int64) - members,
        ops_of_channel=int(members.sum()),
        weight_base=np.concatenate(local).astype(np.int64) * (weight_words(geometry, width_edges) * units),
        listed=listed,
        list_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )
