"""How a layer's weights are cut into the groups of output channels that stream from DRAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from o3sim.config.dispatch import CAROUSEL
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.edge_order import EdgeOrder
    from o3sim.network.layer import Geometry


class WeightGroup(NamedTuple):
    """Output channels ``first_channel <= c < last_channel``.

    ``bits`` come from DRAM with every image: none of weights that stay on the chip.
    """

    layer: int
    first_channel: int
    last_channel: int
    bits: int

    @property
    def stays(self) -> bool:
        """Whether the weights stay on the chip between images."""
        return self.bits == 0


def weight_words(geometry: Geometry, width_edges: int) -> int:
    """Weight-buffer words one output channel takes; each channel starts a new word."""
    return -(-geometry.fan_in // width_edges)


def dram_bits(geometry: Geometry) -> int:
    """Count the bits of a layer's weights in DRAM, with the tables of its edge orders."""
    return geometry.out_channels * geometry.fan_in + _all_tables_bits(geometry)


def buffer_bits(geometry: Geometry, architecture: Architecture) -> int:
    """Count the bits that a layer's weights take on the chip as a whole: channels in whole words, tables.

    Where the buffer is divided among groups of PEs, or among banks of which each holds whole channels, that
    is what the fullest part takes, times their number.
    """
    width, sharers = architecture.pe.width_edges, sharers_of(architecture)
    held = -(-geometry.out_channels // (sharers if _deals_channels(architecture) else 1))
    return sharers * (held * weight_words(geometry, width) * width + _all_tables_bits(geometry))


def _all_tables_bits(geometry: Geometry) -> int:
    order = geometry.edge_order
    return 0 if order is None else len(set(order.order_of.tolist())) * order.table_bits


def all_channels(layer: int, geometry: Geometry) -> WeightGroup:
    """Return the one weight group of a layer whose weights stay on the chip."""
    return WeightGroup(layer, 0, geometry.out_channels, 0)


def cut_layer(layer: int, name: str, geometry: Geometry, architecture: Architecture) -> list[WeightGroup]:
    """Cut one layer's channels into groups that fit one of the two halves that weights stream into.

    Raises
    ------
    InputError
        If one half does not hold a single channel.
    """
    channel_bits = weight_words(geometry, architecture.pe.width_edges) * architecture.pe.width_edges
    share_bits, sharers = _share(architecture)
    if channel_bits > share_bits:
        raise no_channel_fits(architecture, name, channel_bits)
    order = geometry.edge_order
    if order is not None:
        return _cut_with_orders(layer, name, geometry, order, channel_bits, architecture)
    fits = share_bits // channel_bits * (sharers if _deals_channels(architecture) else 1)
    groups = []
    for first in range(0, geometry.out_channels, fits):
        last = min(first + fits, geometry.out_channels)
        groups.append(WeightGroup(layer, first, last, (last - first) * geometry.fan_in))
    return groups


def _share(architecture: Architecture) -> tuple[int, int]:
    """Return the bits of a half that a sharer has for itself, and among how many the half is shared."""
    sharers = sharers_of(architecture)
    return half_bits(architecture) // sharers, sharers


def sharers_of(architecture: Architecture) -> int:
    """Count the parts of the weight buffer: those of the groups of PEs, or the banks of a carousel."""
    if architecture.scheduler.dispatch == CAROUSEL:
        banks = architecture.weight_buffer.banks
        return 1 if isinstance(banks, str) else banks
    return architecture.scheduler.groups or 1


def _deals_channels(architecture: Architecture) -> bool:
    """Return whether these hold different channels; else each has a copy of all."""
    scheduler = architecture.scheduler
    return scheduler.dispatch == CAROUSEL or scheduler.assignment in ("channel", "channel_balanced")


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
    columns = sharers if _deals_channels(architecture) else 1
    rows = order.order_of.tolist()
    if channel_bits + order.table_bits > share_bits:
        raise no_channel_fits(architecture, name, channel_bits, order.table_bits)
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


def half_bits(architecture: Architecture) -> int:
    """Count the bits of one of the two halves that weights stream into."""
    buffer = architecture.weight_buffer
    return (buffer.size_kbit - buffer.resident_kbit) * 1024 // 2


def no_channel_fits(
    architecture: Architecture, name: str, channel_bits: int, table_bits: int = 0
) -> InputError:
    """Say that one half, or a part of it, does not hold a single channel, and what would."""
    buffer, sharers = architecture.weight_buffer, sharers_of(architecture)
    streams_kbit = buffer.size_kbit - buffer.resident_kbit
    what = f"one output channel of layer {name} ({channel_bits} bits)"
    if table_bits:
        what += f" and its edge order ({table_bits} bits)"
    needed_kbit = buffer.resident_kbit + -(-2 * sharers * (channel_bits + table_bits) // 1024)
    by = "banks" if architecture.scheduler.dispatch == CAROUSEL else "groups"
    asides = [
        f"besides {buffer.resident_kbit} of resident_kbit," if buffer.resident_kbit else "",
        f"shared by {sharers} {by}," if sharers > 1 else "",
    ]
    aside = " ".join(filter(None, asides))
    return InputError(
        f"architecture {architecture.name}: weight_buffer.size_kbit: half of {streams_kbit} kbit"
        f"{', ' + aside if aside else ''} cannot hold {what}; give at least {needed_kbit}"
    )


def order_bits(geometry: Geometry, architecture: Architecture, words: int) -> int:
    """Count the bits of edge-order tables that PEs read with so many words."""
    order = geometry.edge_order
    return 0 if order is None else words * order.word_bits(architecture.pe.width_edges)
