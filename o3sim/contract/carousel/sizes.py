"""How many channels and contexts a group of PEs works with in a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry

IDEAL = 0
"""Weight banks of a group that are never in each other's way."""


class CarouselSizes(NamedTuple):
    """What a group of PEs has in a layer.

    Attributes
    ----------
    pes : int
    contexts : int
        Contexts of a PE; also the cycles for which a word passes.
    open_channels : int
        Channels whose words pass at a time.
    banks : int
        Weight banks, each with the words of one open channel; ``IDEAL`` if there is no such limit.
    """

    pes: int
    contexts: int
    open_channels: int
    banks: int


def sizes_of(geometry: Geometry, architecture: Architecture) -> CarouselSizes:
    """Return what a group has in a layer.

    Where all open channels together have fewer windows than the group has contexts (dense layers), sharing
    words would leave contexts empty. Then a word passes in one cycle, a PE has one context, and as many
    channels are open as there are weight banks, or PEs if banks are ideal.
    """
    pe, scheduler, banks = architecture.pe, architecture.scheduler, architecture.weight_buffer.banks
    pes = pe.count // scheduler.groups
    of_group = IDEAL if isinstance(banks, str) else banks // scheduler.groups
    windows = geometry.pooled_height * geometry.pooled_width
    if windows * scheduler.open_channels >= pes * pe.contexts:
        return CarouselSizes(pes, pe.contexts, scheduler.open_channels, of_group)
    return CarouselSizes(pes, 1, of_group or pes, of_group)
