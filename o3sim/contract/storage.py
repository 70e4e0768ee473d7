"""Memories whose size no key states: it follows from the network, and from the PEs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.declared import Declared, declared, names_of
from o3sim.contract.line_buffer import line_buffer_bits
from o3sim.contract.live_maps import live_bits
from o3sim.contract.resident import resident_weights
from o3sim.contract.sums import constant_table_bits
from o3sim.contract.weight_groups import all_channels, cut_layer, sharers_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Sized

OP_BITS = 48
"""Bits that name an op, those of an issue-queue entry: row, column, channel and window, 12 each."""

BITS_PER_KBIT = 1024


@dataclass(frozen=True)
class StorageKbit(Declared[float]):
    """Memories that no key sizes, in kbit (1024 bits); those of a pipeline are those of all its stages.

    The first three are memories of their own; the others lie in the buffer that is named.
    """

    line_buffer: float = declared(
        "of its own: with `activation_buffer.line_buffer` the rows of its input, and of what it adds,"
        " that one pooling window reads, of the layer with most"
    )
    thresholds: float = declared(
        "of its own: the table of thresholds of all layers, for each channel the bits that the widest takes,"
        " with the scales and shifts of those that make sums"
    )
    verdicts: float = declared(
        "of its own: outcomes that stalled PEs hold, `pe.latency_cycles + 1` a PE (on a carousel one a"
        " context), each a bit and its op's 48"
    )
    borders: float = declared(
        "in the activation buffer: padding around a layer's input and output, of the layer with most"
    )
    other_maps: float = declared(
        "in the activation buffer: sums, and bits of further layers that are still to be taken, of the layer"
        " with most"
    )
    edge_orders: float = declared(
        "in the weight buffer: tables of edge orders, the most that go with a group of weights"
    )

    @property
    def own(self) -> float:
        """Kbit of the memories that lie in no other."""
        return self.line_buffer + self.thresholds + self.verdicts


def storage_of(architecture: Architecture, layers: Sequence[Sized] = ()) -> StorageKbit:
    """Size the memories of a machine that runs these layers one after another.

    Parameters
    ----------
    architecture : Architecture
        A machine, or the machine of one stage of a pipeline.
    layers : sequence of Sized
        All layers, or the stage's one; with none only what follows from the PEs is there.
    """
    shapes = [layer.geometry for layer in layers]
    held = live_bits(layers)
    buffered = shapes if architecture.activation_buffer.line_buffer else []
    pe = architecture.pe
    bits = {
        "line_buffer": max(map(line_buffer_bits, buffered), default=0),
        "thresholds": threshold_bits(layers) * sum(shape.out_channels for shape in _with_thresholds(layers))
        + sum(map(constant_table_bits, shapes)),
        "verdicts": pe.count * _verdicts_held(architecture) * (OP_BITS + 1),
        "borders": max((live.borders for live in held), default=0),
        "other_maps": max((live.others for live in held), default=0),
        "edge_orders": max(_orders_bits(architecture, layers), default=0),
    }
    return StorageKbit(**{name: count / BITS_PER_KBIT for name, count in bits.items()})


def _verdicts_held(architecture: Architecture) -> int:
    """Count the outcomes that a PE holds at most while they wait to be written: on a carousel, of windows."""
    pe = architecture.pe
    return pe.contexts if architecture.scheduler.dispatch == CAROUSEL else pe.latency_cycles + 1


def total_of(parts: Sequence[StorageKbit]) -> StorageKbit:
    """Add up what the stages of a pipeline have."""
    return StorageKbit(**{name: sum(part[name] for part in parts) for name in names_of(StorageKbit)})


def threshold_bits(layers: Sequence[Sized]) -> int:
    """Count the bits of a threshold in matches, weighted by bit plane: 0 to one more than there are edges."""
    most = (shape.fan_in * (2**shape.planes - 1) for shape in _with_thresholds(layers))
    return max(((edges + 1).bit_length() for edges in most), default=0)


def _with_thresholds(layers: Sequence[Sized]) -> list[Geometry]:
    return [layer.geometry for layer in layers if not layer.scores]


def _orders_bits(architecture: Architecture, layers: Sequence[Sized]) -> Iterator[int]:
    """Count the bits of the tables that go with each group of weights, as often as the buffer holds them."""
    orders = [layer.geometry.edge_order for layer in layers]
    staying = resident_weights(architecture, layers).layers if any(orders) else ()
    for number, (layer, order) in enumerate(zip(layers, orders, strict=True)):
        if order is None:
            continue
        stays, shape = number in staying, layer.geometry
        groups = [all_channels(0, shape)] if stays else cut_layer(0, layer.name, shape, architecture)
        for group in groups:
            tables = set(order.order_of[group.first_channel : group.last_channel].tolist())
            yield sharers_of(architecture) * len(tables) * order.table_bits
