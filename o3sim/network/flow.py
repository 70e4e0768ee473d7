"""What flows between layers on one image: who takes whose outputs, kept as long as somebody needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.config.host_ops import FIRST
from o3sim.network.layer import Geometry, Layer, Sized
from o3sim.network.own_input import own_input
from o3sim.network.sums import added

CODES = ""
"""Stands for the codes of the image, which no layer is called."""


class Outputs(NamedTuple):
    """Bits that a layer gave, after its pool; its sums, if it writes any."""

    bits: NDArray[np.integer]
    sums: NDArray[np.int64] | None = None


class Inputs(NamedTuple):
    """What a layer takes: bits or codes, and what it adds to its sums; None if it adds nothing."""

    codes: NDArray[np.integer]
    addition: NDArray[np.int64] | None


class Flow:
    """Hand the outputs of layers on to those that take them.

    Parameters
    ----------
    layers : sequence of Sized
        In the order in which they run.
    image : ndarray of uint8
    codes : ndarray of int
        What the image becomes: the first layer's input.
    sums : ndarray of int64, optional
        What the host's first layers give besides, for layers to add.
    """

    def __init__(
        self,
        layers: Sequence[Sized],
        image: NDArray[np.uint8],
        codes: NDArray[np.integer],
        sums: NDArray[np.int64] | None = None,
    ) -> None:
        self._image = image
        self._sources = sources_of(layers)
        self._last_use = last_uses(layers)
        self._kept: dict[str, Outputs] = {CODES: Outputs(codes)}
        if sums is not None:
            self._kept[FIRST] = Outputs(codes, sums)
        self._done = 0

    def inputs_of(self, layer: Layer) -> Inputs:
        """Return what the next layer takes."""
        g = layer.geometry
        if g.own_input:
            codes: NDArray[np.integer] = own_input(layer.name, g, self._image)
        else:
            codes = self._kept[self._sources[self._done]].bits
        if g.addend is None:
            return Inputs(codes, None)
        source = self._kept[g.addend.layer]
        return Inputs(codes, added(layer, source.bits if source.sums is None else source.sums))

    def put(self, layer: Layer, bits: NDArray[np.integer], sums: NDArray[np.int64] | None = None) -> None:
        """Take what the next layer gave; forget what nobody needs any more."""
        self._kept[layer.name] = Outputs(bits, sums)
        for name in [name for name in self._kept if self._last_use.get(name, -1) <= self._done]:
            del self._kept[name]
        self._done += 1


def sources_of(layers: Sequence[Sized]) -> list[str]:
    """Name whose outputs each layer takes: :data:`CODES` for the first, or with an input of its own."""
    found, above = [], CODES
    for layer in layers:
        g = layer.geometry
        found.append(CODES if g.own_input else g.source or above)
        above = layer.name
    return found


def source_numbers(layers: Sequence[Sized]) -> list[int | None]:
    """Return the number, from 0, of the layer whose outputs each takes; None where there is none."""
    numbers = {layer.name: number for number, layer in enumerate(layers)}
    return [numbers.get(name) for name in sources_of(layers)]


def last_uses(layers: Sequence[Sized]) -> dict[str, int]:
    """Return the number, from 0, of the last layer that takes from each that somebody takes from."""
    found: dict[str, int] = {}
    for number, (layer, source) in enumerate(zip(layers, sources_of(layers), strict=True)):
        found[source] = number
        if layer.geometry.addend is not None:
            found[layer.geometry.addend.layer] = number
    return found


def readers_of(layers: Sequence[Sized], name: str) -> list[Geometry]:
    """Return the shapes of the layers whose input a layer's output bits are."""
    sources = sources_of(layers)
    return [layer.geometry for layer, source in zip(layers, sources, strict=True) if source == name]
