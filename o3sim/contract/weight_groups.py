"""How a layer's weights are cut into the groups of output channels that stream from DRAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


def buffer_bits(geometry: Geometry, width_edges: int) -> int:
    """Count the bits that a layer's weights take on the chip as a whole: channels in whole words, tables."""
    channel_bits = weight_words(geometry, width_edges) * width_edges
    return geometry.out_channels * channel_bits + _all_tables_bits(geometry)


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
    half_bits = _half_bits(architecture)
    fits = half_bits // channel_bits
    if fits == 0:
        raise _no_channel_fits(architecture, name, channel_bits)
    order = geometry.edge_order
    if order is not None:
        return _cut_with_orders(layer, name, geometry, order, channel_bits, architecture)
    groups = []
    for first in range(0, geometry.out_channels, fits):
        last = min(first + fits, geometry.out_channels)
        groups.append(WeightGroup(layer, first, last, (last - first) * geometry.fan_in))
    return groups


def _cut_with_orders(
    layer: int,
    name: str,
    geometry: Geometry,
    order: EdgeOrder,
    channel_bits: int,
    architecture: Architecture,
) -> list[WeightGroup]:
    """Cut a layer whose channels follow edge orders: the table of each order lies beside the weights."""
    half_bits = _half_bits(architecture)
    rows = order.order_of.tolist()
    if channel_bits + order.table_bits > half_bits:
        raise _no_channel_fits(architecture, name, channel_bits, order.table_bits)
    groups: list[WeightGroup] = []
    first, tables = 0, {rows[0]}
    for channel in range(1, geometry.out_channels + 1):
        with_it = tables | {rows[channel]} if channel < geometry.out_channels else tables
        bits = (channel + 1 - first) * channel_bits + len(with_it) * order.table_bits
        if channel == geometry.out_channels or bits > half_bits:
            streamed = (channel - first) * geometry.fan_in + len(tables) * order.table_bits
            groups.append(WeightGroup(layer, first, channel, streamed))
            first, with_it = channel, {rows[channel]} if channel < geometry.out_channels else set()
        tables = with_it
    return groups


def _half_bits(architecture: Architecture) -> int:
    """Count the bits of one of the two halves that weights stream into."""
    buffer = architecture.weight_buffer
    return (buffer.size_kbit - buffer.resident_kbit) * 1024 // 2


def _no_channel_fits(
    architecture: Architecture, name: str, channel_bits: int, table_bits: int = 0
) -> InputError:
    """Say that one half does not hold a single channel, and what would."""
    buffer = architecture.weight_buffer
    streams_kbit = buffer.size_kbit - buffer.resident_kbit
    what = f"one output channel of layer {name} ({channel_bits} bits)"
    if table_bits:
        what += f" and its edge order ({table_bits} bits)"
    needed_kbit = buffer.resident_kbit + -(-2 * (channel_bits + table_bits) // 1024)
    left = f", besides {buffer.resident_kbit} of resident_kbit," if buffer.resident_kbit else ""
    return InputError(
        f"architecture {architecture.name}: weight_buffer.size_kbit: half of {streams_kbit} kbit{left} "
        f"cannot hold {what}; give at least {needed_kbit}"
    )


def order_bits(geometry: Geometry, architecture: Architecture, words: int) -> int:
    """Count the bits of edge-order tables that PEs read with so many words."""
    order = geometry.edge_order
    return 0 if order is None else words * order.word_bits(architecture.pe.width_edges)


def check_activations_fit(
    name: str, geometry: Geometry, reader: Geometry | None, architecture: Architecture
) -> None:
    """Refuse an activation buffer that cannot hold a layer's input and output together.

    Each takes its padding too; the output that of the layer that reads it, ``reader``.
    """
    inputs = geometry.planes * geometry.in_height * geometry.in_width * geometry.in_channels
    outputs = geometry.pooled_height * geometry.pooled_width * geometry.out_channels
    needed = -(-(inputs + outputs + border_bits(geometry, reader)) // 1024)
    if needed > architecture.activation_buffer.size_kbit:
        raise InputError(
            f"architecture {architecture.name}: activation_buffer.size_kbit: layer {name} needs "
            f"{needed} kbit for its input and output with their padding, there are "
            f"{architecture.activation_buffer.size_kbit}"
        )


def border_bits(geometry: Geometry, reader: Geometry | None) -> int:
    """Count the bits of the padding around a layer's input, and around its output for its reader."""
    return _padding(geometry) + (0 if reader is None else _padding(reader))


def _padding(geometry: Geometry) -> int:
    """Count the bits of the padding around a layer's input."""
    pixels = 2 * geometry.padding_pixels
    padded = (geometry.in_height + pixels) * (geometry.in_width + pixels)
    return geometry.planes * (padded - geometry.in_height * geometry.in_width) * geometry.in_channels
