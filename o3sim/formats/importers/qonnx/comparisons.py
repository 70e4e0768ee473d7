"""Comparisons, and what turns their outcome into numbers: Where, Not, Cast.

An outcome is a map of the values 0 and 1.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from o3sim.formats.importers.folding.affine import scaled
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, channel_values
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.thresholds import signed, thresholded
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import Operand, required, the_map

_SIDES = {
    "Greater": (True, True),
    "GreaterOrEqual": (True, False),
    "Less": (False, True),
    "LessOrEqual": (False, False),
}
"""Of each comparison, whether it is upward, and whether it is strict."""

FLOAT, BOOL, DOUBLE = 1, 9, 11
"""Of ``TensorProto.DataType``."""

_UNSIGNED, _SIGNED = {2: 8, 4: 16, 12: 32, 13: 64}, {3: 8, 5: 16, 6: 32, 7: 64}
"""Types of whole numbers, with their bits."""

_SHORT_FLOATS = {10: 11, 16: 8}
"""Half and bfloat16, with their bits of precision."""


def compared(node: Node, inputs: list[Operand]) -> Map:
    """Compare with a constant: 1 where that holds."""
    upward, strict = _SIDES[node.op]
    if len(inputs) == 2 and isinstance(inputs[0], np.ndarray):
        inputs, upward = inputs[::-1], not upward
    data = the_map(inputs)
    bounds = fractions(channel_values(data, required(inputs, 1)))
    return thresholded(data, bounds, Fraction(0), Fraction(1), upward, strict)


def sign(_: Node, inputs: list[Operand]) -> Map:
    """Take ONNX's Sign, which is 0 at 0, where no value can be 0."""
    return signed(the_map(inputs))


def where(_: Node, inputs: list[Operand]) -> Map:
    """Choose between two numbers."""
    data = _outcome(the_map(inputs))
    yes, no = (fractions(channel_values(data, required(inputs, index))) for index in (1, 2))
    return scaled(data, tuple(a - b for a, b in zip(yes, no, strict=True)), no)


def negation(_: Node, inputs: list[Operand]) -> Map:
    """Turn an outcome round."""
    data = _outcome(the_map(inputs))
    channels = data.shape[2]
    return scaled(data, (Fraction(-1),) * channels, (Fraction(1),) * channels)


def _outcome(data: Map) -> Levels:
    if not isinstance(data, Levels) or {*_values(data)} != {Fraction(0), Fraction(1)}:
        raise CannotRunError("takes what is no outcome of a comparison")
    return data


def cast(node: Node, inputs: list[Operand]) -> Map:
    """Change the type, to one that holds what it held."""
    data, to = the_map(inputs), node.integer("to", 0)
    if to in (FLOAT, DOUBLE):
        return data
    values = _values(data)
    if to == BOOL:
        return _truth(data, values)
    if not values or any(value.denominator != 1 for value in values):
        raise CannotRunError("casts what are no whole numbers to another type than float or double")
    if not all(_holds(to, int(value)) for value in values):
        raise CannotRunError(f"casts to type {to}, which does not hold all values that there are")
    return data


def _holds(to: int, value: int) -> bool:
    if to in _UNSIGNED:
        return 0 <= value < 1 << _UNSIGNED[to]
    if to in _SIGNED:
        return -1 << (_SIGNED[to] - 1) <= value < 1 << (_SIGNED[to] - 1)
    return to in _SHORT_FLOATS and abs(value) <= 1 << _SHORT_FLOATS[to]


def _truth(data: Map, values: tuple[Fraction, ...]) -> Map:
    """Tell what is not 0 from what is."""
    others = [value for value in values if value]
    if not isinstance(data, Levels) or len(others) != 1:
        raise CannotRunError("casts to a truth value what does not have two values, one of them 0")
    channels = data.shape[2]
    return scaled(data, (1 / others[0],) * channels, (Fraction(0),) * channels)


def _values(data: Map) -> tuple[Fraction, ...]:
    """Return what a map may hold: both values of bits, the ends of whole pixel values; nothing of sums."""
    if isinstance(data, Levels) and not (data.fixed_point or data.padded or data.averaged):
        return data.offset - data.scale, data.offset + data.scale
    if isinstance(data, Pixels) and data.scale.denominator == 1 == data.offset.denominator:
        return data.offset, data.offset + 255 * data.scale
    return ()
