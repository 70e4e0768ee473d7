"""A layer of one image as it goes round: all that timing needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.carousel.plan import tiles_for
from o3sim.contract.carousel.sizes import CarouselSizes, sizes_of
from o3sim.contract.carousel.tiles import Tiles
from o3sim.contract.errors import MachineError
from o3sim.contract.output_addresses import first_output_word
from o3sim.contract.program_order import window_members
from o3sim.profile.word_matches import WordEdges, WordMatches, word_edges

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.network.layer import Geometry
    from o3sim.profile.profile import LayerProfile


@dataclass(frozen=True, eq=False)
class CarouselProgram:
    """A layer and what a carousel makes of it.

    An op's number is ``channel * neurons + window * members + member``, windows in raster order: channel by
    channel, window by window.

    Attributes
    ----------
    sizes : CarouselSizes
    groups : int
        Groups of PEs.
    tiles : Tiles
    members : int32 array, shape (windows, members)
        Positions of each pooled position's window, in the order of evaluation.
    words : int
        Words that pass in a round of a channel.
    edges : WordEdges
    outcome : uint8 array, shape (positions, out_channels)
        Each neuron's bit.
    matches : WordMatches or None
        None where words are not checked against bounds.
    weight_groups : list of WeightGroup
    prunes_pooling : bool
    first_output_word : int or None
        Where the output map lies in the activation buffer; None where its bits go elsewhere.
    """

    name: str
    geometry: Geometry
    scores: bool
    sizes: CarouselSizes
    groups: int
    tiles: Tiles
    members: NDArray[np.int32]
    words: int
    edges: WordEdges
    outcome: NDArray[np.uint8]
    matches: WordMatches | None
    weight_groups: list[WeightGroup]
    prunes_pooling: bool
    first_output_word: int | None

    @property
    def ops(self) -> int:
        """Number of ops."""
        return int(self.members.size) * self.geometry.out_channels

    @property
    def total_edges(self) -> int:
        """Edges of all ops."""
        edges = self.edges.edges.sum(axis=1, dtype=np.int64)[self.edges.pattern_of[self.members]]
        return int(edges.sum()) * self.geometry.out_channels

    @property
    def fills(self) -> int:
        """How often a tile is filled: once for each weight group, unless the only one stays."""
        return 1 if self.tiles.number == 1 else self.tiles.number * len(self.weight_groups)

    def streams(self, group: int) -> list[tuple[int, int]]:
        """List what a group of PEs streams: (pass, channel), weight group by weight group and tile by tile.

        A *pass* is a tile under the channels of a weight group. These are dealt out to the groups in turns.
        """
        return [
            (number * self.tiles.number + tile, channel)
            for number, weights in enumerate(self.weight_groups)
            for tile in range(self.tiles.number)
            for channel in range(weights.first_channel + group, weights.last_channel, self.groups)
        ]

    def bank_of(self, number: int, channel: int) -> int:
        """Return the bank of its group that holds a channel of a weight group of the layer."""
        local = (channel - self.weight_groups[number].first_channel) // self.groups
        return local % self.sizes.banks if self.sizes.banks else -1


def build_carousel_program(
    profile: LayerProfile, groups: list[WeightGroup], architecture: Architecture
) -> CarouselProgram:
    """Lay out a layer for a carousel.

    Parameters
    ----------
    profile : LayerProfile
    groups : list of WeightGroup
        The layer's weight groups, in order.
    architecture : Architecture

    Raises
    ------
    MachineError
        If the profile does not have the matches of every word.
    """
    geometry, width = profile.geometry, architecture.pe.width_edges
    matches = None
    if architecture.pruning.threshold and not profile.scores:
        if profile.matches_of is None:
            raise MachineError(f"layer {profile.name}: the profile lacks the matches of every word")
        matches = profile.matches_of(width)
    edges = word_edges(geometry, width)
    return CarouselProgram(
        name=profile.name,
        geometry=geometry,
        scores=profile.scores,
        sizes=sizes_of(geometry, architecture),
        groups=architecture.scheduler.groups,
        tiles=tiles_for(profile.name, geometry, architecture),
        members=window_members(geometry).owned,
        words=edges.edges.shape[1],
        edges=edges,
        outcome=profile.outcome.reshape(-1, geometry.out_channels),
        matches=matches,
        weight_groups=groups,
        prunes_pooling=architecture.pruning.pooling and geometry.pool is not None and not profile.scores,
        first_output_word=None if profile.scores else first_output_word(geometry, width),
    )
