"""Scales, shifts, batch norm and clipping."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from o3sim.formats.importers.folding.adding import joined
from o3sim.formats.importers.folding.affine import batch_norm, bent, clipped, scaled
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, channel_values
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.products import level_range
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import (
    Array,
    Operand,
    any_map,
    by_channel,
    optional,
    required,
    the_map,
)


def _operands(inputs: list[Operand]) -> tuple[Map, Array, bool]:
    """Return the map, the constant, and whether the map comes first."""
    if len(inputs) != 2:
        raise CannotRunError(f"takes 2 inputs, has {len(inputs)}")
    if isinstance(inputs[0], np.ndarray):
        return the_map(inputs[1:]), inputs[0], False
    return the_map(inputs), required(inputs, 1), True


def adds_maps(node: Node, inputs: list[Operand]) -> bool:
    """Return whether a node adds two maps."""
    return node.op == "Add" and len(inputs) == 2 and not any(isinstance(each, np.ndarray) for each in inputs)


def arithmetic(node: Node, inputs: list[Operand]) -> Map:
    """Add, subtract, multiply or divide by a constant; or add two maps."""
    if adds_maps(node, inputs):
        return joined(any_map(inputs), any_map(inputs[1:]))
    data, constant, first = _operands(inputs)
    result = _worked_out(node, data, fractions(channel_values(data, constant)), first)
    if constant.dtype.kind in "iu":
        _check_whole(node, result, constant)
    return result


def _check_whole(node: Node, result: Map, constant: Array) -> None:
    """Refuse whole numbers whose quotient is cut off or that go round: what follows takes them as real."""
    if node.op == "Div":
        raise CannotRunError("divides whole numbers, which drops the rest")
    if isinstance(result, (Pixels, Levels)):
        limits = np.iinfo(constant.dtype)
        least, most = (0, 255) if isinstance(result, Pixels) else level_range(result)
        if not all(limits.min <= end * result.scale + result.offset <= limits.max for end in (least, most)):
            raise CannotRunError(f"gives whole numbers that {constant.dtype} does not hold")


def _worked_out(node: Node, data: Map, values: tuple[Fraction, ...], first: bool) -> Map:
    ones, zeros = (Fraction(1),) * len(values), (Fraction(0),) * len(values)
    if node.op == "Add":
        return scaled(data, ones, values)
    if node.op == "Sub":
        negated = tuple(-value for value in values)
        return scaled(data, ones, negated) if first else scaled(data, tuple(-one for one in ones), values)
    if node.op == "Mul":
        return scaled(data, values, zeros)
    if not first or 0 in values:
        raise CannotRunError("divides by 0, or by the map of the network")
    return scaled(data, tuple(1 / value for value in values), zeros)


def negative(_: Node, inputs: list[Operand]) -> Map:
    """Change the sign."""
    data = the_map(inputs)
    channels = data.shape[2]
    return scaled(data, (Fraction(-1),) * channels, (Fraction(0),) * channels)


def batch_norm_node(node: Node, inputs: list[Operand]) -> Map:
    """Take batch norm, in inference."""
    data = the_map(inputs)
    if node.integer("training_mode", 0):
        raise CannotRunError("is in training mode; export the model for inference")
    if data.places.ndim < 2:
        raise CannotRunError("takes a map without a channel axis")
    gamma, beta, mean, variance = (by_channel(data, required(inputs, index)) for index in (1, 2, 3, 4))
    epsilon = Fraction(node.number("epsilon", float(np.float32(1e-5))))
    return batch_norm(data, gamma, beta, mean, variance, epsilon)


def clip(node: Node, inputs: list[Operand]) -> Map:
    """Clip: ReLU, and HardTanh as exporters write it."""
    data = the_map(inputs)
    if node.op == "Relu":
        return clipped(data, Fraction(0), None)
    limits: list[Fraction | None] = []
    for index, key in enumerate(("min", "max"), 1):
        constant = optional(inputs, index)
        if constant is not None and constant.size != 1:
            raise CannotRunError("clips to limits that are no numbers")
        if constant is not None:
            limits.append(fractions(constant)[0])
        else:
            limits.append(Fraction(node.number(key, 0)) if key in node.attributes else None)
    return clipped(data, limits[0], limits[1])


def rectified(node: Node, inputs: list[Operand]) -> Map:
    """Take PRelu or LeakyRelu, which a sign behind it folds."""
    data = the_map(inputs)
    if node.op == "LeakyRelu":
        return bent(data, (Fraction(node.number("alpha", float(np.float32(0.01)))),) * data.shape[2])
    return bent(data, fractions(channel_values(data, required(inputs, 1))))
