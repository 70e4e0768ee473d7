"""The streams of a layer as arrays: large layers have tens of thousands, a channel of a tile each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from o3sim.contract.carousel.program import CarouselProgram


class StreamTable(NamedTuple):
    """What :meth:`~o3sim.contract.carousel.program.CarouselProgram.streams` lists, those of all groups.

    Attributes
    ----------
    passes, channels, banks : int32 array, shape (streams,)
        Of each stream, those of a group behind those of the one before.
    ends : int64 array, shape (groups,)
        Where those of each group end.
    """

    passes: NDArray[np.int32]
    channels: NDArray[np.int32]
    banks: NDArray[np.int32]
    ends: NDArray[np.int64]


def stream_table_of(program: CarouselProgram) -> StreamTable:
    """List the streams of a layer."""
    tiles, banks = program.tiles.number, program.sizes.banks
    passes, channels, held, sizes = [], [], [], []
    for group in range(program.groups):
        for number, weights in enumerate(program.weight_groups):
            own = np.arange(weights.first_channel + group, weights.last_channel, program.groups)
            passes.append(np.repeat(number * tiles + np.arange(tiles), len(own)))
            channels.append(np.tile(own, tiles))
            of_group = (own - weights.first_channel) // program.groups
            held.append(np.tile(of_group % banks if banks else np.full(len(own), -1), tiles))
            sizes.append(tiles * len(own))
    ends = np.cumsum(np.reshape(sizes, (program.groups, -1)).sum(axis=1))
    joined = [np.concatenate(part).astype(np.int32) for part in (passes, channels, held)]
    return StreamTable(joined[0], joined[1], joined[2], ends)
