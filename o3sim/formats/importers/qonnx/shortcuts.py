"""What stands in shortcuts: slices with steps, Floor of averages, channels repeated."""

from __future__ import annotations

import numpy as np

from o3sim.formats.importers.folding.adding import floored, repeated, squares
from o3sim.formats.importers.folding.maps import AnyMap, Taken, is_image_like
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import Operand, any_map, optional, required, the_map


def floor(_: Node, inputs: list[Operand]) -> Taken:
    """Round averages of sums down."""
    return floored(the_map(inputs))


def concat(node: Node, inputs: list[Operand]) -> AnyMap:
    """Repeat the channels of one map."""
    data = any_map(inputs)
    if any(each is not data for each in inputs):
        raise CannotRunError("joins the channels of different maps: only one map, repeated, can be added")
    if node.integer("axis", 0) % data.places.ndim != 1:
        raise CannotRunError("repeats another axis than that of channels")
    return data if len(inputs) == 1 else repeated(data, len(inputs))


def sliced(_: Node, inputs: list[Operand]) -> Taken:
    """Take every so many rows and columns, from the first on."""
    data = any_map(inputs)
    if not is_image_like(data):
        raise CannotRunError("slices a map whose axes are not batch, channel, row, column")
    batch, channels, rows, columns = _kept(data, inputs)
    strides = {rows.step, columns.step}
    if batch.step * channels.step * len(strides) != 1 or rows.start or columns.start:
        raise CannotRunError("slices by other steps than the same of rows and columns, from the first on")
    result = squares(data, strides.pop(), averages=False)
    if (len(batch), len(channels), len(rows), len(columns)) != (1, data.shape[2], *result.shape[:2]):
        raise CannotRunError("keeps other rows, columns or channels than one of each whole square")
    return result


def _kept(data: AnyMap, inputs: list[Operand]) -> list[range]:
    """Return what is kept along each axis."""
    lengths = data.places.shape
    listed = [np.atleast_1d(required(inputs, place)).astype(np.int64) for place in (1, 2)]
    axes, steps = (optional(inputs, place) for place in (3, 4))
    listed.append(np.arange(len(listed[0])) if axes is None else axes.reshape(-1) % len(lengths))
    listed.append(np.ones(len(listed[0]), np.int64) if steps is None else steps.reshape(-1))
    if any(each.shape != listed[0].shape for each in listed) or 0 in listed[3]:
        raise CannotRunError("slices by lists of different lengths, or a step of 0")
    kept = [range(length) for length in lengths]
    for start, end, axis, step in zip(*(each.tolist() for each in listed), strict=True):
        kept[axis] = range(lengths[axis])[start:end:step]
    return kept
