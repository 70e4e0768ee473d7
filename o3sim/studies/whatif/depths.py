"""How deep into its edges a neuron is decided: a property of network and image, not of the machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.program_order import window_members

if TYPE_CHECKING:
    from o3sim.profile.profile import LayerProfile

BINS = 100
"""One bin for each percent of a neuron's edges."""


@dataclass(frozen=True, eq=False)
class Depths:
    """Neurons of one layer by the share of their edges after which they are decided.

    Attributes
    ----------
    layer : str
    counts : int64 array, shape (BINS + 1,)
        Entry ``k`` counts neurons that need more than ``k - 1`` and at most ``k`` percent of their
        edges; entry 0 those that need none. Neurons in no pooling window are not counted.
    """

    layer: str
    counts: NDArray[np.int64]

    @property
    def cumulative(self) -> NDArray[np.float64]:
        """Share of neurons decided within 0, 1, ... 100 percent of their edges."""
        share: NDArray[np.float64] = np.cumsum(self.counts) / max(1, int(self.counts.sum()))
        return share

    @property
    def mean(self) -> float:
        """Mean share of edges that a neuron needs, 0..1, to the width of a bin."""
        return float((self.counts * np.arange(BINS + 1)).sum() / max(1, self.counts.sum()) / BINS)

    def plus(self, other: Depths) -> Depths:
        """Add the neurons of the same layer on another image."""
        return Depths(self.layer, self.counts + other.counts)


class DepthSums:
    """Adds up the neurons of all layers, image by image.

    Attributes
    ----------
    layers : list of Depths
        Over the images so far.
    """

    def __init__(self) -> None:
        self.layers: list[Depths] = []

    def add(self, profiles: Iterable[LayerProfile]) -> None:
        """Add the layers of an image."""
        found = [depths_of(profile) for profile in profiles]
        pairs = zip(self.layers, found, strict=True)
        self.layers = [a.plus(b) for a, b in pairs] if self.layers else found


def depths_of(profile: LayerProfile) -> Depths:
    """Count the neurons of a layer by the depth of their decision."""
    computed = window_members(profile.geometry).windows_of[:, 0] >= 0
    channels = profile.geometry.out_channels
    decision = profile.decision.reshape(-1, channels)[computed].astype(np.int64)
    n_edges = profile.n_edges.reshape(-1)[computed].astype(np.int64)[:, None]
    percent = -(-BINS * decision // np.maximum(n_edges, 1))
    return Depths(profile.name, np.bincount(percent.reshape(-1), minlength=BINS + 1).astype(np.int64))
