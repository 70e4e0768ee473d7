"""Layers that ran, kept for points of a sweep that cannot tell them apart."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.contract.counters import LayerCounters
from o3sim.contract.layer_runs import LayerRun

MOST_BYTES = 64 << 20
"""Of output bits, eight to a byte: of some hundred layers of large networks, of thousands of small ones."""


class LayerStore:
    """Keeps what machines did with layers; those that were not asked for longest go first.

    Parameters
    ----------
    most_bytes : int
        Of output bits.

    Attributes
    ----------
    asked, found : int
        Layers asked for, and those of them that were there.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self.asked = self.found = 0

    def of_image(self, *image: Hashable) -> StoredLayers:
        """Return the layers of an image, by all that says which it is."""
        return StoredLayers(self, image)

    def find(self, key: Hashable) -> LayerRun | None:
        """Return what a machine did, if it is there."""
        self.asked += 1
        kept = self._kept.get(key)
        if kept is None:
            return None
        self.found += 1
        self._kept.move_to_end(key)
        bits = np.unpackbits(kept.packed, count=int(np.prod(kept.shape)))
        return LayerRun(_copied(kept.counters), bits.reshape(kept.shape))

    def keep(self, key: Hashable, run: LayerRun) -> None:
        """Keep what a machine did, and let others go where there is no room."""
        kept = _Kept(_copied(run.counters), np.packbits(run.output), run.output.shape)
        self._kept[key] = kept
        self._bytes += kept.packed.nbytes
        while self._bytes > self._most_bytes:
            self._bytes -= self._kept.popitem(last=False)[1].packed.nbytes


class _Kept(NamedTuple):
    counters: LayerCounters
    packed: NDArray[np.uint8]
    shape: tuple[int, ...]


class StoredLayers:
    """The layers of one image: a :class:`o3sim.contract.layer_runs.KnownLayers`."""

    def __init__(self, store: LayerStore, image: tuple[Hashable, ...]) -> None:
        self._store, self._image = store, image

    def find(self, layer: int, timing_key: str) -> LayerRun | None:
        """Return what a machine did with a layer, if one that it cannot tell apart ran it already."""
        return self._store.find((*self._image, layer, timing_key))

    def keep(self, layer: int, timing_key: str, run: LayerRun) -> None:
        """Take note of what a machine did with a layer."""
        self._store.keep((*self._image, layer, timing_key), run)


def _copied(counters: LayerCounters) -> LayerCounters:
    """Copy counts: those that are handed out are added up."""
    return replace(counters, pe_cycles=dict(counters.pe_cycles))
