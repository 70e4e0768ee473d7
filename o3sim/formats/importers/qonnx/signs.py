"""Quantizers: what makes bits of sums, and levels of pixels."""

from __future__ import annotations

from fractions import Fraction

from o3sim.formats.importers.folding.inputs import quantized
from o3sim.formats.importers.folding.maps import Map, Pixels
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.thresholds import thresholded
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import Operand, by_channel, required, the_map
from o3sim.formats.importers.qonnx.quant import quant_rule


def bipolar_quant(_: Node, inputs: list[Operand]) -> Map:
    """Take the sign, +1 at 0, times a scale."""
    data, scale = the_map(inputs), required(inputs, 1)
    if not scale.size or (scale != scale.reshape(-1)[0]).any():
        raise CannotRunError("has a scale that differs between channels")
    size = fractions(scale)[0]
    return thresholded(data, (Fraction(0),) * data.shape[2], -size, size)


def quant(node: Node, inputs: list[Operand]) -> Map:
    """Quantize: pixels to integers, anything else to single bits only."""
    data = the_map(inputs)
    rule = quant_rule(node, [required(inputs, index) for index in (1, 2, 3)])
    scale = rule.one_scale
    if rule.bipolar:
        bound = -rule.zero_point * scale
        low, high = (scale * (sign - rule.zero_point) for sign in (-1, 1))
        return thresholded(data, (bound,) * data.shape[2], low, high)
    if not isinstance(data, Pixels):
        raise CannotRunError(
            f"quantizes to {rule.bits} bits what is not the input: only single bits can be run"
        )
    return quantized(data, scale, rule.zero_point, rule.bits, rule.signed, rule.narrow, rule.rounding)


def multi_threshold(node: Node, inputs: list[Operand]) -> Map:
    """Compare with one threshold a channel."""
    data, bounds = the_map(inputs), required(inputs, 1)
    if bounds.ndim != 2 or bounds.shape[1] != 1:
        raise CannotRunError(
            f"has thresholds of shape {list(bounds.shape)}: only one a channel makes a single bit"
        )
    layout = node.word("data_layout", "")
    axis = layout.index("C") if len(layout) == data.places.ndim and "C" in layout else 1
    if axis >= data.places.ndim:
        raise CannotRunError("takes a map without a channel axis")
    scale, offset = Fraction(node.number("out_scale", 1.0)), Fraction(node.number("out_bias", 0.0))
    return thresholded(data, by_channel(data, bounds[:, 0], axis), offset, offset + scale)
