"""How much work each output channel is on calibration images: what groups of PEs are balanced by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from o3sim.network.network import Network
from o3sim.profile.profile import LayerProfile, profile_layers


def measure_channel_work(
    network: Network, images: Sequence[NDArray[np.uint8]]
) -> dict[str, NDArray[np.int64]]:
    """Count the edges that the neurons of each channel need, over some images.

    Returns
    -------
    dict of str to int64 array, shape (out_channels,)
        By the name of the layer, scores included.
    """
    work: dict[str, NDArray[np.int64]] = {}
    for image in images:
        for profile, _ in profile_layers(network, image):
            found = edges_by_channel(profile)
            work[profile.name] = work.get(profile.name, np.zeros_like(found)) + found
    return work


def edges_by_channel(profile: LayerProfile) -> NDArray[np.int64]:
    """Count the edges needed by channel: up to the decision, of members up to the first 1 of their window."""
    geometry = profile.geometry
    needed = np.broadcast_to(profile.n_edges[:, :, None], profile.decision.shape) if profile.scores else None
    edges = (profile.decision if needed is None else needed).astype(np.int64)
    pool = geometry.pool
    if pool is None:
        total: NDArray[np.int64] = edges.sum(axis=(0, 1))
        return total
    height, width = geometry.pooled_height, geometry.pooled_width
    work = np.zeros(geometry.out_channels, np.int64)
    is_open = np.ones((height, width, geometry.out_channels), np.bool_)
    for place in geometry.member_order or range(pool.size**2):
        y, x = divmod(place, pool.size)
        members = np.s_[
            y : y + (height - 1) * pool.stride + 1 : pool.stride,
            x : x + (width - 1) * pool.stride + 1 : pool.stride,
        ]
        work += (edges[members] * is_open).sum(axis=(0, 1))
        is_open &= profile.outcome[members] == 0
    return work
