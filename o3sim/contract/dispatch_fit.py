"""Whether a machine without a queue can take a layer, checked before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.config.dispatch import CAROUSEL, CENTRAL, QUEUED
from o3sim.contract.carousel.plan import check_goes_round
from o3sim.contract.patch import least_patch_bits
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry


def check_dispatch_fits(name: str, geometry: Geometry, architecture: Architecture) -> None:
    """Refuse a layer whose sums a machine knows nothing of, that counters cannot hand out, or no PE can hold.

    Raises
    ------
    InputError
        If it makes sums, windows overlap, or the memories are too small for a window or cannot gather its
        edges.
    """
    dispatch = architecture.scheduler.dispatch
    if geometry.makes_sums:
        _check_sums_fit(name, architecture)
    if dispatch in QUEUED:
        return
    if dispatch == CAROUSEL:
        check_goes_round(name, geometry, architecture)
        return
    who, pool = f"architecture {architecture.name}", geometry.pool
    if pool is not None and pool.stride < pool.size:
        raise InputError(
            f"{who}: scheduler.dispatch: windows of layer {name} overlap (pool of {pool.size} every "
            f"{pool.stride}), and `{dispatch}` gives each to one PE; take `{CENTRAL}`"
        )
    patch_kbit = architecture.activation_buffer.patch_kbit
    if patch_kbit is None:
        return
    if geometry.edge_order is not None:
        raise InputError(
            f"{who}: activation_buffer.patch_kbit: layer {name} has an edge order, and a patch memory "
            "reads one word a cycle; leave the key out, so that edges are gathered from banks"
        )
    needed = -(-least_patch_bits(geometry, architecture) // 1024)
    if needed > patch_kbit:
        raise InputError(
            f"{who}: activation_buffer.patch_kbit: a window of layer {name} reads {needed} kbit of the map, "
            f"and a patch memory holds {patch_kbit}; give at least {needed}"
        )


def _check_sums_fit(name: str, architecture: Architecture) -> None:
    """Refuse a layer that makes sums on a machine whose units know of bits only."""
    who = f"architecture {architecture.name}"
    dispatch = architecture.scheduler.dispatch
    if dispatch not in QUEUED:
        raise InputError(
            f"{who}: scheduler.dispatch: layer {name} makes sums, and `{dispatch}` knows of bits only; take "
            f"`{CENTRAL}` or `banked`"
        )


def check_is_measured(name: str, geometry: Geometry, architecture: Architecture) -> None:
    """Refuse a layer whose channels are to be balanced by work that nobody measured.

    Raises
    ------
    InputError
        With what to do.
    """
    if architecture.scheduler.assignment == "channel_balanced" and not geometry.channel_work:
        raise InputError(
            f"architecture {architecture.name}: scheduler.assignment: nobody measured the work of the "
            f"channels of layer {name}; take a workload that `o3sim balance` wrote from training images, or "
            "`channel`"
        )
