"""The nodes that turn pixel values into what a first layer takes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from o3sim.errors import InputError
from o3sim.formats.exporters.model import Model
from o3sim.formats.importers.folding.inputs import RAW, pixels, quantized
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput, FixedInput, InputSpec


def level_scale(spec: InputSpec) -> float:
    """Return the value of a step of the first layer's integers, in the exported model."""
    return 1.0 if isinstance(spec, BinaryInput) else 2.0**-spec.fraction_bits


def input_nodes(model: Model, network: Network) -> None:
    """Add the nodes of a network's input encoding.

    Raises
    ------
    InputError
        If QONNX cannot say it exactly: constants beyond float32, or halves that its rounding to
        even takes elsewhere.
    """
    spec = network.binary_input
    if isinstance(spec, BinaryInput):
        bound = model.constant("input_threshold", np.array([[spec.threshold]], np.float32))
        model.node("MultiThreshold", "input", bound, out_scale=2.0, out_bias=-1.0, out_dtype="BIPOLAR")
    elif spec != RAW:
        _check_exact(network.name, spec)
        model.node("Div", "input_share", model.number("input_most", 255.0))
        model.node("Mul", "input_spread", model.number("input_range", spec.high - spec.low))
        model.node("Add", "input_value", model.number("input_low", spec.low))
        scale, zero = model.number("input_scale", level_scale(spec)), model.number("input_zero_point", 0.0)
        width = model.number("input_bits", float(spec.bits))
        signed = int(spec.signed)
        model.node("Quant", "input", scale, zero, width, signed=signed, narrow=0, rounding_mode="ROUND")


def _check_exact(name: str, spec: FixedInput) -> None:
    """See that an import of the nodes finds the encoding again."""
    spread = spec.high - spec.low
    try:
        exact = all(float(np.float32(value)) == value for value in (spec.low, spread))
        data = pixels((1, 1, 1), Fraction(spec.low), Fraction(spec.low) + Fraction(spread))
        scale = Fraction(level_scale(spec))
        levels = quantized(data, scale, Fraction(0), spec.bits, spec.signed, False, "half to even")
        exact = exact and levels.before.spec == spec
    except CannotRunError:
        exact = False
    if not exact:
        raise InputError(
            f"{name}: its input encoding has no exact counterpart in QONNX, which holds constants in float32 "
            "and rounds halves to even"
        )
