"""The ops of a layer that goes round, as those see them who show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from o3sim.contract.output_addresses import first_output_word
from o3sim.contract.program import LayerProgram
from o3sim.contract.program_order import window_members
from o3sim.contract.weight_groups import WeightGroup, weight_words
from o3sim.contract.word_addresses import word_addresses
from o3sim.profile.word_matches import word_edges

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.profile.profile import LayerProfile


def layer_ops(
    profile: LayerProfile, groups: list[WeightGroup], first_group: int, architecture: Architecture
) -> LayerProgram:
    """List a layer's ops by their numbers: channel by channel, window by window.

    Each has as many words as go round; after which its outcome is known depends on where it joins, and
    ``decided_words`` is all of them.

    Parameters
    ----------
    profile : LayerProfile
    groups : list of WeightGroup
        The layer's weight groups, in order.
    first_group : int
        Number of the first of them among the groups of the whole network.
    architecture : Architecture
    """
    geometry, width = profile.geometry, architecture.pe.width_edges
    members = window_members(geometry).owned
    channel = np.repeat(np.arange(geometry.out_channels, dtype=np.int32), members.size)
    position = np.tile(members.ravel(), geometry.out_channels)
    window = np.tile(np.repeat(np.arange(len(members)), members.shape[1]), geometry.out_channels)
    words = np.full(len(channel), word_edges(geometry, width).edges.shape[1], np.int32)
    sizes = [(group.last_channel - group.first_channel) * members.size for group in groups]
    numbers = range(first_group, first_group + len(groups))
    addresses = word_addresses(geometry, width, architecture.activation_buffer.one_access_a_word)
    return LayerProgram(
        name=profile.name,
        geometry=geometry,
        scores=profile.scores,
        channel=channel,
        position=position,
        n_edges=addresses.n_edges[addresses.border_of[position]],
        words=words,
        decided_words=words,
        outcome=profile.outcome.reshape(-1, geometry.out_channels)[position, channel],
        windows=(window * geometry.out_channels + channel)[:, None].astype(np.int32),
        group_of=np.repeat(np.array(numbers, np.int32), sizes),
        group_ops=dict(zip(numbers, sizes, strict=True)),
        first_channel_of={number: g.first_channel for number, g in zip(numbers, groups, strict=True)},
        addresses=addresses,
        weight_words=weight_words(geometry, width),
        prunes_threshold=architecture.pruning.threshold and not profile.scores,
        prunes_pooling=architecture.pruning.pooling and geometry.pool is not None and not profile.scores,
        race=None,
        first_output_word=None if profile.scores else first_output_word(geometry, width),
    )
