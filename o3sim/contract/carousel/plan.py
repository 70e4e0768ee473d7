"""Whether a layer can go round on a machine, and how its weights are cut for the banks of the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.contract.carousel.columns import are_bound, columns_of
from o3sim.contract.carousel.tiles import Tiles, tiles_of
from o3sim.contract.weight_groups import WeightGroup, half_bits, no_channel_fits, weight_words
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry


def cut_for_banks(layer: int, name: str, geometry: Geometry, architecture: Architecture) -> list[WeightGroup]:
    """Cut a layer's channels into groups that fit one half of the weight buffer, each in one bank.

    Raises
    ------
    InputError
        If the half of a bank does not hold a single channel.
    """
    width, buffer = architecture.pe.width_edges, architecture.weight_buffer
    channel_bits = weight_words(geometry, width) * width
    banks = 1 if isinstance(buffer.banks, str) else buffer.banks
    fits = half_bits(architecture) // banks // channel_bits * banks
    if fits == 0:
        raise no_channel_fits(architecture, name, channel_bits)
    ends = [*range(fits, geometry.out_channels, fits), geometry.out_channels]
    firsts = [0, *ends[:-1]]
    return [
        WeightGroup(layer, first, end, (end - first) * geometry.fan_in)
        for first, end in zip(firsts, ends, strict=True)
    ]


def check_goes_round(name: str, geometry: Geometry, architecture: Architecture) -> None:
    """Refuse a layer that cannot: its windows overlap, its edges have an order, the memories are too small.

    Raises
    ------
    InputError
    """
    who, pool = f"architecture {architecture.name}", geometry.pool
    if pool is not None and pool.stride < pool.size:
        raise InputError(
            f"{who}: scheduler.dispatch: windows of layer {name} overlap (pool of {pool.size} every "
            f"{pool.stride}), and a carousel gives each to one PE; take `central`"
        )
    if geometry.edge_order is not None:
        raise InputError(
            f"{who}: scheduler.dispatch: layer {name} has an edge order, and a carousel takes words as "
            "they pass; leave the order out, or take `central`"
        )
    tiles_for(name, geometry, architecture)


def tiles_for(name: str, geometry: Geometry, architecture: Architecture) -> Tiles:
    """Return the tiles of a layer on a machine.

    Raises
    ------
    InputError
        If half of a PE's memory does not hold what one window reads, or a tile of as few as there can be.
    """
    buffer, scheduler, pe = architecture.activation_buffer, architecture.scheduler, architecture.pe
    pes, bits = pe.count // scheduler.groups, buffer.patch_kbit * 1024
    bound = scheduler.tiles == "columns" and are_bound(geometry, pes)
    if bound:
        tiles = columns_of(geometry, pe.width_edges, bits, pes, scheduler.take_from_neighbour)
    else:
        tiles = tiles_of(geometry, pe.width_edges, bits, pes)
    if isinstance(tiles, Tiles):
        return tiles
    what = "a tile of the columns of a PE" if bound else "a window"
    raise InputError(
        f"architecture {architecture.name}: activation_buffer.patch_kbit: half of {buffer.patch_kbit} kbit "
        f"cannot hold what {what} of layer {name} reads; give at least {-(-tiles // 1024)}"
    )
