"""From pixels to the first layer's levels: raw, one bit each, or fixed point."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import Literal

import numpy as np

from o3sim.formats.importers.folding.maps import Before, Levels, Pixels, Shape, checked_places
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Bound
from o3sim.network.preprocess import BinaryInput, FixedInput, InputSpec

RAW = FixedInput(8, False, 0, 0.0, 255.0)
"""Pixel values as they are."""

Rounding = Literal["half to even", "up", "down"]


def pixels(shape: Shape, low: Fraction, high: Fraction, fraction_bits: int | None = None) -> Pixels:
    """Return the input map of a network for which pixels 0 and 255 are ``low`` and ``high``.

    Raises
    ------
    CannotRunError
        If the map is too large, or ``low`` is not below ``high``.
    """
    if low >= high:
        raise CannotRunError(f"an input range from {float(low):g} to {float(high):g} is none")
    scale = (high - low) / 255
    before = Before(shape, fraction_bits=fraction_bits)
    return Pixels(checked_places(shape), shape, before, scale, low)


def raw(data: Pixels) -> Levels:
    """Take pixel values as integers, which is what they are without a quantizer."""
    return _levels(data, RAW, data.scale, data.offset)


def binarized(data: Pixels, bound: Bound, low: Fraction, high: Fraction) -> Levels:
    """Compare pixels: ``high`` where the value is beyond the bound, else ``low``."""
    at = (bound.value - data.offset) / data.scale
    rising = bound.upward == (data.scale > 0)
    least = floor(at) + 1 if bound.strict == rising else ceil(at)  # else the bit says what is not beyond
    scale = (high - low) / 2 if rising else (low - high) / 2
    return _levels(data, BinaryInput(max(0, min(256, least))), scale, (low + high) / 2)


def quantized(
    data: Pixels,
    scale: Fraction,
    zero_point: Fraction,
    bits: int,
    signed: bool,
    narrow: bool,
    rounding: Rounding,
) -> Levels:
    """Quantize pixels to integers ``q``: QONNX's Quant, whose value is ``scale * (q - zero_point)``.

    The machine's own input rounds halves up; both are compared at all 256 pixel values.

    Raises
    ------
    CannotRunError
        If there is no such input encoding, or it gives another integer for some pixel.
    """
    if scale <= 0:
        raise CannotRunError("quantizes with a scale that is not positive")
    if not 2 <= bits <= 16:
        raise CannotRunError(f"quantizes the input to {bits} bits; 2 to 16 can be run")
    least = -(2 ** (bits - 1)) + narrow if signed else 0
    greatest = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
    spec = _spec(data, scale, zero_point, bits, signed)
    ours = spec.encode(np.arange(256, dtype=np.uint8)) + spec.least
    for pixel in range(256):
        exact = (data.scale * pixel + data.offset) / scale + zero_point
        wanted = _rounded(max(Fraction(least), min(Fraction(greatest), exact)), rounding)
        if wanted != ours[pixel]:
            raise CannotRunError(
                f"rounds pixel value {pixel} to {wanted} where the machine's input, which rounds halves up, "
                f"has {ours[pixel]}"
            )
    return _levels(data, spec, scale, -scale * zero_point)


def _levels(data: Pixels, spec: InputSpec, scale: Fraction, offset: Fraction) -> Levels:
    return Levels(data.places, data.shape, replace(data.before, spec=spec), scale, offset)


def _rounded(value: Fraction, rounding: Rounding) -> int:
    if rounding == "half to even":
        return round(value)
    return ceil(value) if rounding == "up" else floor(value)


def _spec(data: Pixels, scale: Fraction, zero_point: Fraction, bits: int, signed: bool) -> FixedInput:
    """Prefer fraction bits, as people write it, where the scale is a power of two."""
    low, high = data.offset, data.scale * 255 + data.offset
    power = scale.denominator.bit_length() - 1
    if zero_point == 0 and scale.numerator == 1 and scale.denominator == 1 << power and power <= 32:
        return FixedInput(bits, signed, power, _float(low), _float(high))
    low, high = low / scale + zero_point, high / scale + zero_point
    return FixedInput(bits, signed, 0, _float(low), _float(high))


def _float(value: Fraction) -> float:
    if abs(value) > 10**9:
        raise CannotRunError("takes an input range beyond +-1e9")
    return float(value)
