"""Which layers take from which, as a workload says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from o3sim.config.host_ops import FIRST
from o3sim.formats.importers.folding.maps import HOST, FoldedLayer
from o3sim.formats.importers.folding.refusal import CannotRunError

LEAST_BITS, MOST_BITS = 16, 32
"""Of the sums that a layer writes."""


def connected(layers: Sequence[FoldedLayer], host_reach: int | None = None) -> list[FoldedLayer]:
    """Write the keys ``input``, ``add`` and ``sum_bits``.

    Parameters
    ----------
    layers : sequence of FoldedLayer
        In their order, with names; the first takes the input.
    host_reach : int, optional
        What no sum of the host's first layers exceeds, if layers add these.

    Raises
    ------
    CannotRunError
        If another layer takes the input, or bits and sums of one layer are added.
    """
    names = {HOST: FIRST, **{layer.number: layer.key["name"] for layer in layers}}
    found: list[FoldedLayer] = []
    reach: dict[float, int] = {} if host_reach is None else {HOST: host_reach}
    written: set[float] = set()
    for place, layer in enumerate(layers):
        if place and layer.source is None:
            raise CannotRunError(f"`{layer.key['name']}` takes the input, which another layer has taken")
        key = dict(layer.key)
        if place and layer.source != layers[place - 1].number:
            key["input"] = names[layer.source if layer.source is not None else -1]
        sums = layer.sums
        if sums is not None and sums.added is not None:
            if sums.added.bits and sums.added.number in written:
                name = names[sums.added.number]
                raise CannotRunError(f"`{key['name']}` adds bits of `{name}`, of which another adds the sums")
            key["add"] = names[sums.added.number]
            if sums.added.stride > 1:
                by = "average" if sums.added.averages else "first"
                key["add"] = {"layer": key["add"], "stride": sums.added.stride, "by": by}
        if layer.rule:
            reach[layer.number] = most = reach_of(layer, reach)
            if most >= 2 ** (MOST_BITS - 1):
                way = "give fewer --fraction-bits" if layer.exact and layer.unit < 1 else "scale less"
                raise CannotRunError(
                    f"`{key['name']}` makes sums up to {most:,}, beyond {MOST_BITS} bits; {way}"
                )
        if sums is not None and sums.written is not None:
            written.add(layer.number)
            key["sum_bits"] = bits_for(reach[layer.number])
        found.append(replace(layer, key=key))
    return found


def bits_for(reach: int) -> int:
    """Return of how many bits sums are written that exceed nothing beyond this."""
    return LEAST_BITS if reach < 2 ** (LEAST_BITS - 1) else MOST_BITS


def reach_of(layer: FoldedLayer, reach: Mapping[float, int]) -> int:
    """Return what no sum of a layer exceeds, from what those of layers before do not."""
    most = {word: int(np.abs(values).max()) for word, values in layer.rule.items()}
    found = most["scale"] * most_dot(layer) + most["shift"]
    added = layer.sums.added if layer.sums is not None else None
    if added is not None:
        squares = added.stride**2 if added.bits and added.averages else 1
        found += most["add_scale"] * (squares if added.bits else reach[added.number])
    return found


def most_dot(layer: FoldedLayer) -> int:
    """Return what no dot of a layer exceeds."""
    edges: int = layer.bits.shape[1]
    return edges * layer.most_level
