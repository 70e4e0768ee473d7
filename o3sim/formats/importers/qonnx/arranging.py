"""Nodes that only move values: reshaping, transposing, padding."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.inputs import raw
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, Sides, is_image_like
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.constants import target_shape
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import Operand, optional, required, the_map

MOST_PADDING = 63
"""Rows or columns on a side that a workload can have."""


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
    return replace(data, places=data.places.transpose(order))


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


def same(_: Node, inputs: list[Operand]) -> Map:
    """Do nothing, as Dropout does in inference."""
    return the_map(inputs)


def pad(node: Node, inputs: list[Operand]) -> Map:
    """Pad the four sides of a map with a constant."""
    data = the_map(inputs)
    if isinstance(data, Pixels):
        data = raw(data)
    if not isinstance(data, Levels) or data.padded or data.averaged or data.places.ndim != 4:
        raise CannotRunError("pads what is not the input of a convolution")
    if node.word("mode", "constant") != "constant":
        raise CannotRunError("pads with other values than one constant")
    sides = _sides(data, _pads(node, inputs))
    given = optional(inputs, 2)
    if given is not None and given.size != 1:
        raise CannotRunError("pads with other values than one constant")
    value = Fraction(node.number("value", 0.0)) if given is None else fractions(given)[0]
    return replace(data, padded=(sides, value)) if any(sides) else data


def _pads(node: Node, inputs: list[Operand]) -> list[int]:
    """Return what is added before each of the four axes, then what behind."""
    listed, axes = optional(inputs, 1), optional(inputs, 3)
    pads = node.integers("pads") if listed is None else [int(pixels) for pixels in listed.reshape(-1)]
    named = range(4) if axes is None else [int(axis) % 4 for axis in axes.reshape(-1)]
    if pads is None or len(pads) != 2 * len(named) or len(set(named)) < len(named):
        raise CannotRunError("pads other axes than its map has")
    whole = [0] * 8
    for place, axis in enumerate(named):
        whole[axis], whole[4 + axis] = pads[place], pads[len(named) + place]
    return whole


def _sides(data: Levels, pads: list[int]) -> Sides:
    """Find rows and columns among the axes, which may have channels first or last."""
    for order in ((0, 1, 2, 3), (0, 3, 1, 2)):
        if is_image_like(replace(data, places=data.places.transpose(order))):
            rows, columns = order[2:]
            if any(pads[axis] or pads[4 + axis] for axis in order[:2]):
                raise CannotRunError("pads another axis than rows and columns")
            sides = pads[rows], pads[columns], pads[4 + rows], pads[4 + columns]
            if not (min(sides) >= 0 and max(sides) <= MOST_PADDING):
                raise CannotRunError(f"pads by {list(sides)}; 0 to {MOST_PADDING} can be run")
            return sides
    raise CannotRunError("pads a map whose axes are not batch, channel, row, column")
