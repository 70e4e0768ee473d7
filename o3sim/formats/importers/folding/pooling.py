"""Max pooling, before or behind the sign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from o3sim.formats.importers.folding.maps import (
    FoldedLayer,
    Levels,
    Map,
    Pixels,
    Shape,
    Sums,
    Taken,
    checked_places,
    is_image_like,
)
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Pooled


def max_pooled(data: Map, size: int, stride: int) -> Levels | Sums:
    """Take the maximum over windows; those that do not fit are dropped.

    Raises
    ------
    CannotRunError
        If no layer stands before it, or one that has a pool already, or a maximum is no OR.
    """
    if isinstance(data, Pixels):
        raise CannotRunError("pools the input, before any layer")
    if isinstance(data, Taken):
        raise CannotRunError("pools what goes to be added")
    data = upright(data) if isinstance(data, Levels) else data
    layer = _pooled_layer(data)
    if "pool" in layer.key or layer.key["type"] == "dense":
        raise CannotRunError("is a second pool, or one behind a dense layer")
    if not is_image_like(data):
        raise CannotRunError("takes a map whose axes are not batch, channel, row, column")
    shape = _pooled_shape(data.shape, size, stride)
    key: dict[str, Any] = {**layer.key, "pool": {"size": size, "stride": stride}}
    places, pooled = checked_places(shape), replace(layer, key=key)
    if isinstance(data, Sums):
        return replace(data.then(Pooled()), places=places, shape=shape, layer=pooled)
    before = replace(data.before, layers=(*data.before.layers[:-1], pooled))
    return mirrored(replace(data, places=places, shape=shape, before=before))


def mirrored(levels: Levels) -> Levels:
    """Turn the last layer's bits round where values fall as they rise: a maximum is an OR if both rise."""
    *others, last = levels.before.layers
    if levels.scale > 0 or last.theta is None:
        return levels
    if last.sums is not None and last.sums.added is not None:
        raise CannotRunError("pools bits of sums that fall as they rise")
    turned = replace(last, sums=None, bits=1 - last.bits, theta=1 - last.theta)
    return replace(levels, before=replace(levels.before, layers=(*others, turned)), scale=-levels.scale)


def upright(levels: Levels) -> Levels:
    """Turn inverted channels of a layer's bits back, by its weights, where no pool or sum forbids it."""
    if levels.inverted is None or not levels.before.layers:
        return levels
    *others, last = levels.before.layers
    sums = last.sums
    if last.theta is None or "pool" in last.key or (sums is not None and (sums.added or sums.written)):
        return levels
    bits = last.bits ^ levels.inverted.astype(np.uint8)[:, None]
    turned = replace(last, sums=None, bits=bits, theta=np.where(levels.inverted, 1 - last.theta, last.theta))
    return replace(levels, before=replace(levels.before, layers=(*others, turned)), inverted=None)


def _pooled_layer(data: Levels | Sums) -> FoldedLayer:
    if isinstance(data, Sums):
        return data.layer
    if not data.before.layers:
        raise CannotRunError("pools the input, before any layer")
    if data.padded:
        raise CannotRunError("stands between padding and its convolution")
    if data.averaged:
        raise CannotRunError("pools averages")
    if data.inverted is not None and "pool" not in data.before.layers[-1].key:
        raise CannotRunError("pools bits that are kept inverted, since others add their sums")
    return data.before.layers[-1]


def _pooled_shape(shape: Shape, size: int, stride: int) -> Shape:
    rows, columns, channels = shape
    if size > min(rows, columns):
        raise CannotRunError(f"has a window of {size} larger than the map of {rows}x{columns}")
    return (rows - size) // stride + 1, (columns - size) // stride + 1, channels
