"""Which arrays a folder of profiles holds, of which dtype and shape."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from o3sim.network.layer import Layer
from o3sim.network.network import Network

SCORES, SUMS, INPUT = "scores", "sums", "input"


class ArrayKind(NamedTuple):
    """Dtype, and shape of one image's part."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def array_name(layer: int, what: str) -> str:
    """Name an array of a layer, counted from 0.

    >>> array_name(3, "decision")
    'l003_decision'
    """
    return f"l{layer:03d}_{what}"


def arrays_of(network: Network) -> dict[str, ArrayKind]:
    """List the arrays that profiles of a network are."""
    kinds = {
        SCORES: ArrayKind(np.dtype("f8"), (len(network.classes),)),
        INPUT: ArrayKind(np.dtype("u2"), _input_shape(network.layers[0])),
        SUMS: ArrayKind(np.dtype("f8"), (len(network.layers), 3)),
    }
    for number, layer in enumerate(network.layers):
        if layer.geometry.own_input:
            kinds[array_name(number, INPUT)] = ArrayKind(np.dtype("u1"), _input_shape(layer))
        kinds.update({array_name(number, what): kind for what, kind in _arrays_of_layer(layer).items()})
    return kinds


def _input_shape(layer: Layer) -> tuple[int, ...]:
    return layer.geometry.in_height, layer.geometry.in_width, layer.geometry.in_channels


def _arrays_of_layer(layer: Layer) -> dict[str, ArrayKind]:
    g = layer.geometry
    if layer.scores and layer.fixed_point:
        return {}
    if layer.scores:
        classes = g.out_channels
        return {
            "rank": ArrayKind(np.dtype("i4"), (classes,)),
            "beaten_after": ArrayKind(np.dtype("i4"), (classes, classes)),
        }
    before_pooling = (g.out_height, g.out_width, g.out_channels)
    return {
        "decision": ArrayKind(np.dtype("i4"), before_pooling),
        "outcome": ArrayKind(np.dtype("u1"), before_pooling),
        "bits": ArrayKind(np.dtype("u1"), (g.pooled_height, g.pooled_width, g.out_channels)),
    }
