"""Nodes that only move values: reshaping, transposing, padding."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.inputs import raw
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.constants import target_shape
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import Operand, optional, required, the_map


def _placed(data: Map, places: NDArray[np.int32]) -> Map:
    if isinstance(data, Levels) and data.padded:
        raise CannotRunError("stands between padding and its convolution")
    if places.ndim > 8 or not places.ndim:
        raise CannotRunError(f"gives a map of {places.ndim} axes")
    return replace(data, places=places)


def flatten(node: Node, inputs: list[Operand]) -> Map:
    """Flatten to two axes."""
    data = the_map(inputs)
    axis = node.integer("axis", 1)
    shape = data.places.shape
    if not -len(shape) <= axis <= len(shape):
        raise CannotRunError(f"flattens from axis {axis}, which a map of {len(shape)} axes has not")
    first = prod(shape[:axis])
    return _placed(data, data.places.reshape(first, data.places.size // first))


def reshape(node: Node, inputs: list[Operand]) -> Map:
    """Reshape, as NumPy does."""
    data = the_map(inputs)
    wanted = required(inputs, 1)
    try:
        return _placed(data, data.places.reshape(target_shape(node, data.places.shape, wanted)))
    except (ValueError, IndexError, OverflowError):
        raise CannotRunError(
            f"reshapes a map of shape {list(data.places.shape)} to {wanted.reshape(-1).tolist()[:8]}"
        ) from None


def transpose(node: Node, inputs: list[Operand]) -> Map:
    """Permute axes."""
    data = the_map(inputs)
    order = node.integers("perm")
    if order is not None and sorted(order) != list(range(data.places.ndim)):
        raise CannotRunError(f"permutes axes {order[:8]} of a map of {data.places.ndim}")
    return _placed(data, data.places.transpose(order))


def squeeze(node: Node, inputs: list[Operand]) -> Map:
    """Drop or add axes of length 1."""
    data = the_map(inputs)
    constant = optional(inputs, 1)
    axes = node.integers("axes") if constant is None else [int(axis) for axis in constant.reshape(-1)]
    try:
        if node.op == "Unsqueeze":
            return _placed(data, np.expand_dims(data.places, tuple(axes or ())))
        return _placed(data, np.squeeze(data.places, None if axes is None else tuple(axes)))
    except (ValueError, IndexError, TypeError):
        raise CannotRunError(f"has axes that a map of shape {list(data.places.shape)} has not") from None


def cast(node: Node, inputs: list[Operand]) -> Map:
    """Change the type, to one that holds what it held."""
    if node.integer("to", 0) not in (1, 11):  # FLOAT, DOUBLE
        raise CannotRunError("casts the map to another type than float or double")
    return the_map(inputs)


def same(_: Node, inputs: list[Operand]) -> Map:
    """Do nothing, as Dropout does in inference."""
    return the_map(inputs)


def pad(node: Node, inputs: list[Operand]) -> Map:
    """Pad the four sides of a map with a constant."""
    data = the_map(inputs)
    if isinstance(data, Pixels):
        data = raw(data)
    if not isinstance(data, Levels) or data.padded or data.places.ndim != 4:
        raise CannotRunError("pads what is not the input of a convolution")
    if node.word("mode", "constant") != "constant":
        raise CannotRunError("pads with other values than one constant")
    listed = optional(inputs, 1)
    pads = node.integers("pads") if listed is None else [int(pixels) for pixels in listed.reshape(-1)]
    if (
        pads is None
        or len(pads) != 8
        or any(pads[axis] for axis in (0, 1, 4, 5))
        or len(set(pads[2:4] + pads[6:])) > 1
    ):
        raise CannotRunError(
            "pads the four sides of the rows and columns by different amounts, or another axis"
        )
    given = optional(inputs, 2)
    if given is not None and given.size != 1:
        raise CannotRunError("pads with other values than one constant")
    value = Fraction(node.number("value", 0.0)) if given is None else fractions(given)[0]
    if not 0 <= pads[2] <= 63:
        raise CannotRunError(f"pads by {pads[2]}; 0 to 63 can be run")
    return replace(data, padded=(pads[2], value)) if pads[2] else data
