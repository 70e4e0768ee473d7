"""What is known of layers that need not run again."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.counters import LayerCounters


class LayerRun(NamedTuple):
    """What a machine did with a layer.

    Attributes
    ----------
    counters : LayerCounters
    output : ndarray of uint8, shape (pooled_height, pooled_width, out_channels)
        The machine's own output bits.
    """

    counters: LayerCounters
    output: NDArray[np.uint8]


class KnownLayers(Protocol):
    """Layers of one image, by their number and all of the architecture that reaches them."""

    def find(self, layer: int, timing_key: str) -> LayerRun | None:
        """Return what a machine did with a layer, if one that it cannot tell apart ran it already."""

    def keep(self, layer: int, timing_key: str, run: LayerRun) -> None:
        """Take note of what a machine did with a layer."""
