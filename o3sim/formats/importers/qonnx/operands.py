"""What a node takes: the map of the network, and constants."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.maps import (
    AnyMap,
    Floats,
    Levels,
    Map,
    Pixels,
    Sums,
    Taken,
    channel_values,
)
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node

Array = NDArray[Any]
Operand = AnyMap | Array | None


def the_map(inputs: list[Operand]) -> Map:
    """Return the map, which has to be the first input."""
    if not isinstance(inputs[0], (Pixels, Levels, Sums, Taken)):
        raise CannotRunError("takes the map of the network as an operand other than the first")
    return inputs[0]


def any_map(inputs: list[Operand]) -> AnyMap:
    """Return the map, which may be the host's."""
    return inputs[0] if isinstance(inputs[0], Floats) else the_map(inputs)


def optional(inputs: list[Operand], index: int) -> Array | None:
    """Return a constant, None where it is left out."""
    value = inputs[index] if index < len(inputs) else None
    if value is not None and not isinstance(value, np.ndarray):
        raise CannotRunError("combines two maps of the network: branches cannot be run")
    return value


def required(inputs: list[Operand], index: int) -> Array:
    """Return a constant that has to be there."""
    value = optional(inputs, index)
    if value is None:
        raise CannotRunError(f"lacks its constant input {index}")
    return value


def by_channel(data: Map, constant: Array, axis: int = 1) -> tuple[Fraction, ...]:
    """Spread a constant with one value per channel along the channel axis."""
    if constant.ndim != 1:
        raise CannotRunError(
            f"has a constant of shape {list(constant.shape)} where one value per channel belongs"
        )
    shape = [1] * data.places.ndim
    shape[axis] = len(constant)
    return fractions(channel_values(data, constant.reshape(shape)))


def symmetric(node: Node, key: str, default: int, axes: int = 2) -> int:
    """Return an attribute that has to be the same number for all axes."""
    values = node.integers(key) or [default] * axes
    if len(values) != axes or len(set(values)) != 1:
        raise CannotRunError(f"has `{key}` {values[:8]}; only the same for rows and columns can be run")
    return values[0]
