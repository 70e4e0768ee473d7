"""What counters hand to contexts: the tasks of a layer, and which group of PEs each is bound to.

A task is a window, whose members its context evaluates one after another; or, in a layer without a pool,
``scheduler.bundle_positions`` neighbouring positions of a channel, within a row of the map. Tasks come in
program order, window after window. ``window`` has one list of them, ``group`` one for each group of PEs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.program_order import WindowMembers, window_members
from o3sim.contract.weight_groups import WeightGroup, weight_words

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture, Scheduler
    from o3sim.network.layer import Geometry

SKEW = 7
"""Positions that ``assignment: skewed`` moves on from one channel to the next."""


@dataclass(frozen=True, eq=False)
class LayerTasks:
    """The tasks of a layer; arrays are indexed by the task's place in program order.

    Attributes
    ----------
    first_op : int64 array, shape (tasks + 1,)
        Op that each begins with; the last entry is the number of ops.
    place : int32 array
        Which of the layer's places it is at: row of :func:`task_members`.
    channel : int32 array
    weight_group : int32 array
        Weight group of the layer, from 0.
    unit : int32 array
        Group of PEs that it is bound to; 0 where all take what comes next.
    weight_base : int64 array
        Address of the first word of its channel's weights; the next one lies ``units`` behind it. So word
        address modulo banks gives each unit banks of its own.
    listed : int32 array
        Tasks, unit by unit.
    list_start : int64 array, shape (units + 1,)
        Where the list of each unit begins in ``listed``; the last entry is its length.
    """

    first_op: NDArray[np.int64]
    place: NDArray[np.int32]
    channel: NDArray[np.int32]
    weight_group: NDArray[np.int32]
    unit: NDArray[np.int32]
    weight_base: NDArray[np.int64]
    listed: NDArray[np.int32]
    list_start: NDArray[np.int64]


def task_members(geometry: Geometry, scheduler: Scheduler) -> WindowMembers:
    """List the members of every task at a channel, and which windows a position is in.

    What a queue dispatches from are windows; so it is with tasks, but for bundles.
    """
    members = window_members(geometry)
    return members._replace(owned=members_at(geometry, scheduler.bundle_positions))


def members_at(geometry: Geometry, bundle_positions: int | None) -> NDArray[np.int32]:
    """List the members of every task at a channel, with bundles of so many positions."""
    if bundle_positions is None or bundle_positions == 1 or geometry.pool is not None:
        return window_members(geometry).owned
    return _bundles(geometry, bundle_positions)


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def _bundles(geometry: Geometry, positions: int) -> NDArray[np.int32]:
    """Cut each row of the map into runs of so many positions; -1 where the last is shorter."""
    height, width = geometry.out_height, geometry.out_width
    size = min(positions, width)
    columns = np.full(-(-width // size) * size, -1, dtype=np.int32)
    columns[:width] = np.arange(width)
    rows = np.arange(height, dtype=np.int32)[:, None] * width
    raster = np.where(columns < 0, -1, rows + columns)
    return raster.reshape(-1, size).astype(np.int32)


def layer_tasks(geometry: Geometry, groups: list[WeightGroup], architecture: Architecture) -> LayerTasks:
    """List a layer's tasks, weight group by weight group."""
    channels = tuple((group.first_channel, group.last_channel) for group in groups)
    scheduler, width = architecture.scheduler, architecture.pe.width_edges
    by_channel = architecture.sequencer.outermost == "channel"
    units, assignment = scheduler.groups or 1, scheduler.assignment
    return _layer_tasks(geometry, channels, width, scheduler.bundle_positions, by_channel, units, assignment)


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def _layer_tasks(
    geometry: Geometry,
    channels: tuple[tuple[int, int], ...],
    width_edges: int,
    positions: int,
    by_channel: bool,
    units: int,
    assignment: str | None,
) -> LayerTasks:
    owned = members_at(geometry, positions)
    pieces = []
    for number, (first, end) in enumerate(channels):
        place, channel = walk(len(owned), end - first, by_channel)
        work = geometry.channel_work[first:end] if assignment == "channel_balanced" else ()
        unit, local = bind(place, channel, end - first, units, assignment, work)
        pieces.append((place, channel + np.int32(first), np.full(len(place), number, np.int32), unit, local))
    place, channel, group, unit, local = (_joined(column) for column in zip(*pieces, strict=True))
    first_op = np.zeros(len(place) + 1, np.int64)
    np.cumsum((owned >= 0).sum(axis=1)[place], out=first_op[1:])
    weight_base = local.astype(np.int64)
    weight_base *= weight_words(geometry, width_edges) * units
    weight_base += unit
    return LayerTasks(
        first_op=first_op,
        place=place,
        channel=channel,
        weight_group=group,
        unit=unit,
        weight_base=weight_base,
        listed=np.argsort(unit, kind="stable").astype(np.int32),
        list_start=np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=units))]).astype(np.int64),
    )


def _joined(pieces: tuple[NDArray[np.int32], ...]) -> NDArray[np.int32]:
    """Join arrays; one alone is not copied, for the tasks of a large layer are 100 MB."""
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def walk(places: int, channels: int, by_channel: bool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Put the tasks of a weight group into program order: their places, and channels from its first."""
    place, channel = np.arange(places, dtype=np.int32), np.arange(channels, dtype=np.int32)
    if by_channel:
        return np.tile(place, channels), np.repeat(channel, places)
    return np.repeat(place, channels), np.tile(channel, places)


def bind(
    place: NDArray[np.int32],
    channel: NDArray[np.int32],
    channels: int,
    units: int,
    assignment: str | None,
    work: tuple[int, ...],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Bind tasks to units; tell which of the channels in its unit's banks each is of.

    By channel they are dealt out in turns, or by their work; where there are fewer than units, as many units
    as there are for each take its places in turns.
    """
    if assignment == "position":
        return place % units, channel
    if assignment == "skewed":
        return (place + SKEW * channel) % units, channel
    if channels >= units and work:
        unit_of, local = _balanced(np.array(work), units)
        return unit_of[channel], local[channel]
    if channels >= units:
        return channel % units, channel // units
    each = units // channels
    return channel * each + place % each, np.zeros_like(channel)


def _balanced(work: NDArray[np.int64], units: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Give each channel, the one of most work first, to the unit that has least, and is not full.

    No unit holds more channels than if they were dealt out in turns. Return the unit of each channel, and
    which of the unit's it is.
    """
    unit_of, local = np.zeros(len(work), np.int32), np.zeros(len(work), np.int32)
    load, held = np.zeros(units, np.int64), np.zeros(units, np.int64)
    most = -(-len(work) // units)
    for channel in np.argsort(-work, kind="stable"):
        free = np.flatnonzero(held < most)
        unit = free[np.argmin(load[free])]
        unit_of[channel], local[channel] = unit, held[unit]
        load[unit] += work[channel]
        held[unit] += 1
    return unit_of, local
