"""The order in which the sequencer walks a layer's ops.

A pooling window is a (pooled position, channel) pair. Windows are listed position by position or
channel by channel (``sequencer.outermost``), within one weight group; each run of
``sequencer.group_windows`` of them is then emitted window after window (``window_major``) or
member after member (``member_major``). Without a pool every neuron is a window of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture, Sequencer
    from o3sim.network.layer import Geometry


class WindowMembers(NamedTuple):
    """Which positions the pooled positions own, and which windows a position is in.

    Attributes
    ----------
    owned : int32 array, shape (pooled, members)
        Positions ``y * out_width + x`` in the order of evaluation, which is raster order unless the
        layer has a member order; -1 where a window owns fewer. Where windows overlap, a position is
        owned by the first window (raster order) that holds it.
    windows_of : int32 array, shape (positions, overlap)
        Pooled positions that hold a position, -1 padded.
    """

    owned: NDArray[np.int32]
    windows_of: NDArray[np.int32]


@lru_cache(maxsize=32)  # the layers of a network, for every image again
def window_members(geometry: Geometry) -> WindowMembers:
    """List the members of every pooled position of a layer.

    Parameters
    ----------
    geometry : Geometry
        The layer; positions in no window (what a floor-mode pool leaves over) appear nowhere.
    """
    height, width = geometry.out_height, geometry.out_width
    if geometry.pool is None:
        each = np.arange(height * width, dtype=np.int32)[:, None]
        return WindowMembers(each, each.copy())
    size, stride = geometry.pool.size, geometry.pool.stride
    pooled = np.arange(geometry.pooled_height * geometry.pooled_width)
    rows, columns = np.divmod(pooled, geometry.pooled_width)
    ky, kx = np.divmod(np.array(geometry.member_order or range(size * size)), size)
    held = (rows[:, None] * stride + ky) * width + columns[:, None] * stride + kx
    overlap = (-(-size // stride)) ** 2
    windows_of = np.full((height * width, overlap), -1, dtype=np.int32)
    owned = np.full(held.shape, -1, dtype=np.int32)
    filled = np.zeros(height * width, dtype=np.int64)
    for member in range(held.shape[1]):  # per member all windows at once: positions differ
        positions = held[:, member]
        windows_of[positions, filled[positions]] = np.arange(len(positions))
        filled[positions] += 1
    windows_of = _sorted_rows(windows_of)
    first_owner = windows_of[:, 0]
    mine = first_owner[held] == np.arange(len(held))[:, None]
    slot = np.cumsum(mine, axis=1) - 1
    owned[np.nonzero(mine)[0], slot[mine]] = held[mine]
    return WindowMembers(owned, windows_of)


def _sorted_rows(table: NDArray[np.int32]) -> NDArray[np.int32]:
    """Sort each row ascending with the -1 padding last."""
    big = np.iinfo(np.int32).max
    ordered = np.sort(np.where(table < 0, big, table), axis=1)
    return np.where(ordered == big, -1, ordered).astype(np.int32)


def windows_in(geometry: Geometry) -> int:
    """Count the windows of a layer: the bits of its output."""
    return geometry.pooled_height * geometry.pooled_width * geometry.out_channels


def chunk_windows(architecture: Architecture, geometry: Geometry) -> int:
    """Return how many windows are walked member by member, before the next: 1 if each is by itself."""
    member_major = architecture.sequencer.order == "member_major"
    several = window_members(geometry).owned.shape[1] > 1
    return architecture.sequencer.group_windows if member_major and several else 1


def ops_in_order(
    members: WindowMembers, first_channel: int, last_channel: int, sequencer: Sequencer
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Put the ops of channels ``first_channel <= c < last_channel`` into program order.

    Returns
    -------
    positions, channels : int32 arrays, shape (ops,)
        Position (``y * out_width + x``) and output channel of each op.
    """
    pooled, most = members.owned.shape
    channels = np.arange(first_channel, last_channel)
    if sequencer.outermost == "channel":
        window_channel, window = np.repeat(channels, pooled), np.tile(np.arange(pooled), len(channels))
    else:
        window_channel, window = np.tile(channels, pooled), np.repeat(np.arange(pooled), len(channels))
    owned = members.owned[window]
    channel_of = np.broadcast_to(window_channel[:, None], owned.shape)
    if sequencer.order != "member_major" or most == 1:
        present = owned >= 0
        return owned[present], channel_of[present].astype(np.int32)
    return _member_major(owned, channel_of, sequencer.group_windows)


@lru_cache(maxsize=256)  # the stages of a pipeline, for every image again
def first_ops(geometry: Geometry, sequencer: Sequencer) -> NDArray[np.int64]:
    """Return the place in program order of the first op of each position; behind all where it has none."""
    positions = ops_in_order(window_members(geometry), 0, geometry.out_channels, sequencer)[0]
    found = np.full(geometry.out_height * geometry.out_width, len(positions), np.int64)
    np.minimum.at(found, positions, np.arange(len(positions)))
    return found


def _member_major(
    owned: NDArray[np.int32], channel_of: NDArray[np.int64], group_windows: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Emit member 0 of every window of a group, then member 1 of each, and so on."""
    window, member = np.nonzero(owned >= 0)
    chunk = window // group_windows
    order = np.lexsort((window, member, chunk))
    picked = window[order], member[order]
    return owned[picked], channel_of[picked].astype(np.int32)
