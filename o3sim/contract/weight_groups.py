"""How a layer's weights are cut into the groups of output channels that stream from DRAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.edge_order import EdgeOrder
    from o3sim.network.layer import Geometry


class WeightGroup(NamedTuple):
    """Output channels ``first_channel <= c < last_channel`` and their bits in DRAM."""

    layer: int
    first_channel: int
    last_channel: int
    bits: int


def weight_words(geometry: Geometry, width_edges: int) -> int:
    """Weight-buffer words one output channel takes; each channel starts a new word."""
    return -(-geometry.fan_in // width_edges)


def cut_layer(layer: int, name: str, geometry: Geometry, architecture: Architecture) -> list[WeightGroup]:
    """Cut one layer's channels into groups that fit one half of the weight buffer.

    Raises
    ------
    InputError
        If one half does not hold a single channel.
    """
    channel_bits = weight_words(geometry, architecture.pe.width_edges) * architecture.pe.width_edges
    share_bits, sharers = _share(architecture)
    if channel_bits > share_bits:
        raise _too_small(architecture, name, sharers, channel_bits, f"({channel_bits} bits)")
    order = geometry.edge_order
    if order is not None:
        return _cut_with_orders(layer, name, geometry, order, channel_bits, architecture)
    fits = share_bits // channel_bits * (sharers if _shares_channels(architecture) else 1)
    groups = []
    for first in range(0, geometry.out_channels, fits):
        last = min(first + fits, geometry.out_channels)
        groups.append(WeightGroup(layer, first, last, (last - first) * geometry.fan_in))
    return groups


def _share(architecture: Architecture) -> tuple[int, int]:
    """Return the bits of a half that a group of PEs has for itself, and among how many the half is shared."""
    sharers = architecture.scheduler.groups or 1
    return architecture.weight_buffer.size_kbit * 1024 // 2 // sharers, sharers


def _shares_channels(architecture: Architecture) -> bool:
    """Return whether groups of PEs hold different channels; else each has a copy of all."""
    return architecture.scheduler.assignment in ("channel", "channel_balanced")


def _too_small(architecture: Architecture, name: str, sharers: int, bits: int, what: str) -> InputError:
    """Say that a half, or a group's share of it, cannot hold a channel."""
    shared = "" if sharers == 1 else f", shared by {sharers} groups,"
    return InputError(
        f"architecture {architecture.name}: weight_buffer.size_kbit: half of "
        f"{architecture.weight_buffer.size_kbit} kbit{shared} cannot hold one output channel of layer {name} "
        f"{what}; give at least {-(-2 * sharers * bits // 1024)}"
    )


def _cut_with_orders(
    layer: int,
    name: str,
    geometry: Geometry,
    order: EdgeOrder,
    channel_bits: int,
    architecture: Architecture,
) -> list[WeightGroup]:
    """Cut a layer whose channels follow edge orders: the table of each order lies beside the weights."""
    share_bits, sharers = _share(architecture)
    columns = sharers if _shares_channels(architecture) else 1
    rows = order.order_of.tolist()
    if channel_bits + order.table_bits > share_bits:
        bits = channel_bits + order.table_bits
        what = f"({channel_bits} bits) and its edge order ({order.table_bits} bits)"
        raise _too_small(architecture, name, sharers, bits, what)
    groups: list[WeightGroup] = []
    first, tables = 0, {rows[0]}
    for channel in range(1, geometry.out_channels + 1):
        with_it = tables | {rows[channel]} if channel < geometry.out_channels else tables
        held = -(-(channel + 1 - first) // columns)
        bits = held * channel_bits + len(with_it) * order.table_bits
        if channel == geometry.out_channels or bits > share_bits:
            streamed = (channel - first) * geometry.fan_in + len(tables) * order.table_bits
            groups.append(WeightGroup(layer, first, channel, streamed))
            first, with_it = channel, {rows[channel]} if channel < geometry.out_channels else set()
        tables = with_it
    return groups


def order_bits(geometry: Geometry, architecture: Architecture, words: int) -> int:
    """Count the bits of edge-order tables that PEs read with so many words."""
    order = geometry.edge_order
    return 0 if order is None else words * order.word_bits(architecture.pe.width_edges)


def check_activations_fit(name: str, geometry: Geometry, architecture: Architecture) -> None:
    """Refuse an activation buffer that cannot hold a layer's input and output together."""
    inputs = geometry.planes * geometry.in_height * geometry.in_width * geometry.in_channels
    outputs = geometry.pooled_height * geometry.pooled_width * geometry.out_channels
    needed = -(-(inputs + outputs) // 1024)
    if needed > architecture.activation_buffer.size_kbit:
        raise InputError(
            f"architecture {architecture.name}: activation_buffer.size_kbit: layer {name} needs "
            f"{needed} kbit for its input and output, there are {architecture.activation_buffer.size_kbit}"
        )
