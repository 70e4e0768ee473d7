"""Convolutions and matrix products with binary weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.averaging import everywhere
from o3sim.formats.importers.folding.inputs import raw
from o3sim.formats.importers.folding.maps import (
    FoldedLayer,
    Levels,
    Pixels,
    Shape,
    Sides,
    Sums,
    checked_places,
    is_image_like,
)
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.pooling import upright
from o3sim.formats.importers.folding.possible import SumRange
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Affine, Step
from o3sim.network.layer import Geometry, Padding

ROUNDED = 2.0**-20
"""How far, relative to it, weights may be from one magnitude: some roundings of float32."""

Kernel = tuple[int, int]
"""Rows and columns of a kernel."""


def dense(
    data: Levels | Pixels, weights: NDArray[Any], bias: Sequence[Fraction] | None = None, name: str = ""
) -> Sums:
    """Multiply a flattened map by a matrix.

    Parameters
    ----------
    weights : ndarray of float, shape (outputs, inputs)
        Weights of one magnitude per output; inputs in the order that the map has in the file.
    bias : sequence of Fraction, one per output, optional
    name : str, optional
        Name of the layer; numbered if empty.

    Raises
    ------
    CannotRunError
        If weights are not binary or do not fit the map.
    """
    levels = _levels(data)
    if levels.padded:
        raise CannotRunError("stands between padding and its convolution")
    inputs = levels.places.size
    if weights.ndim != 2 or weights.shape[1] != inputs:
        raise CannotRunError(
            f"takes {list(weights.shape)[1:]} inputs, the map before it has {inputs} elements"
        )
    bits, magnitudes, rounded = binary_weights(weights)
    ordered = np.empty_like(bits)
    ordered[:, levels.places.reshape(-1)] = bits
    if levels.averaged:
        levels, ordered = everywhere(levels, ordered)
    key = {"name": name, "type": "dense", "features": len(bits)}
    layer = FoldedLayer(key, ordered, rounded=rounded)
    return _sums(levels, layer, magnitudes, bias, (1, 1, len(bits)), (ordered.shape[1],))


def convolution(
    data: Levels | Pixels,
    weights: NDArray[Any],
    bias: Sequence[Fraction] | None,
    stride: int,
    zeros: Sides,
    name: str = "",
) -> Sums:
    """Convolve a map.

    Parameters
    ----------
    weights : ndarray of float, shape (outputs, channels, kernel rows, kernel columns)
        Weights of one magnitude per output.
    zeros : Sides
        Rows and columns of zeros on the sides, of a map that carries no padding.

    Raises
    ------
    CannotRunError
        If weights are not binary or do not fit the map, or padding has no counterpart.
    """
    levels = _levels(data)
    levels = upright(levels) if levels.padded else levels
    rows, columns, channels = levels.shape
    if weights.ndim != 4 or weights.shape[1] != channels or 0 in weights.shape:
        raise CannotRunError(f"has weights of shape {list(weights.shape)} for a map of {channels} channels")
    if not is_image_like(levels):
        raise CannotRunError("takes a map whose axes are not batch, channel, row, column")
    outputs, _, *sides = weights.shape
    kernel = (sides[0], sides[1])
    whole = kernel == (rows, columns) and not any(zeros) and not levels.padded
    dense_before = bool(levels.before.layers) and levels.before.layers[-1].key["type"] == "dense"
    square = kernel[0] == kernel[1]
    if whole and (not square or dense_before or levels.averaged):
        return dense(levels, weights.reshape(outputs, -1), bias, name)
    key: dict[str, Any] = {"name": name, "type": "conv", "channels": outputs}
    key["kernel"] = kernel[0] if square else list(kernel)
    if stride != 1:
        key["stride"] = stride
    pixels, extra = _padding(levels, zeros, kernel, stride)
    key |= extra
    shape = _convolved(levels.shape, kernel, stride, pixels, outputs)
    bits, magnitudes, rounded = binary_weights(weights.transpose(0, 2, 3, 1).reshape(outputs, -1))
    padding = extra.get("padding", "-1")
    geometry = Geometry("conv", rows, columns, channels, outputs, *kernel, stride, pixels, _PADDINGS[padding])
    edges = tuple(np.unique(geometry.n_edges_map()).tolist())
    layer = FoldedLayer(key, bits, rounded=rounded)
    return _sums(replace(levels, padded=None), layer, magnitudes, bias, shape, edges)


_PADDINGS: dict[int | str, Padding] = {"exclude": "exclude", -1: "-1", 1: "+1", "-1": "-1"}


def binary_weights(weights: NDArray[Any]) -> tuple[NDArray[np.uint8], tuple[Fraction, ...], float]:
    """Split weights, shape (outputs, edges), into signs and one magnitude per output.

    Returns
    -------
    tuple
        Bits; magnitudes; and how far, relative to it, weights were from their magnitude, which is
        not 0 where an exporter worked out ``w + (sign(w) - w)`` in floats.

    Raises
    ------
    CannotRunError
        If an output has weights of different magnitude, or 0.
    """
    if not weights.size:
        raise CannotRunError("has no weights")
    if not np.isfinite(weights).all():
        raise CannotRunError("has weights that are not finite")
    size = np.abs(weights)
    magnitude = np.median(size, axis=1) if size.shape[1] % 2 else np.sort(size, axis=1)[:, size.shape[1] // 2]
    apart = np.abs(size - magnitude[:, None]).max(axis=1)
    wrong = (apart > ROUNDED * magnitude) | (magnitude == 0)
    if wrong.any():
        channel = int(np.flatnonzero(wrong)[0])
        found = ", ".join(f"{value:g}" for value in np.unique(weights[channel])[:4])
        raise CannotRunError(f"has weights that are not binary: output {channel} has {found}, ...")
    return (weights > 0).astype(np.uint8), fractions(magnitude), float((apart / magnitude).max())


def _levels(data: Levels | Pixels) -> Levels:
    return raw(data) if isinstance(data, Pixels) else data


def _sums(
    levels: Levels,
    layer: FoldedLayer,
    magnitudes: Sequence[Fraction],
    bias: Sequence[Fraction] | None,
    shape: Shape,
    edges: tuple[int, ...],
) -> Sums:
    """Write ``sum(w*(scale*level + offset)) + bias`` as a scale and a shift of ``sum(sign*level)``."""
    bits = layer.bits
    totals = 2 * bits.sum(axis=1, dtype=np.int64) - bits.shape[1]
    scale = tuple(size * levels.scale for size in magnitudes)
    shift = tuple(
        size * levels.offset * int(total) + (0 if bias is None else bias[output])
        for output, (size, total) in enumerate(zip(magnitudes, totals, strict=True))
    )
    if levels.inverted is not None:
        channels = np.arange(bits.shape[1]) % len(levels.inverted)
        bits = bits ^ levels.inverted[channels].astype(np.uint8)
    trivial = bias is None and set(scale) == {Fraction(1)} and not any(shift)
    steps: tuple[Step, ...] = () if trivial else (Affine(scale, shift),)
    least, most = level_range(levels)
    possible = SumRange(edges, max(-least, most), binary=not levels.fixed_point)
    source = levels.before.layers[-1].number if levels.before.layers else None
    layer = replace(layer, bits=bits, source=source, most_level=max(-least, most))
    taken = levels.shape[0] * levels.shape[1] * levels.shape[2]
    return Sums(checked_places(shape), shape, levels.before, layer, steps, possible, taken)


def level_range(levels: Levels) -> tuple[int, int]:
    """Return the least and the greatest level."""
    spec = levels.before.spec
    if not levels.fixed_point or spec is None:
        return -1, 1
    least = (spec.offset + 1 - 2**spec.planes) // 2
    return least, least + 2**spec.planes - 1


def _convolved(shape: Shape, kernel: Kernel, stride: int, pixels: int, outputs: int) -> Shape:
    rows, columns = (
        (length + 2 * pixels - side) // stride + 1 for length, side in zip(shape[:2], kernel, strict=True)
    )
    if min(rows, columns) < 1:
        found = kernel[0] if kernel[0] == kernel[1] else f"{kernel[0]}x{kernel[1]}"
        raise CannotRunError(f"has a kernel of {found} larger than the padded map of {shape[0]}x{shape[1]}")
    return rows, columns, outputs


def _alike(shape: Shape, sides: Sides, kernel: Kernel, stride: int) -> int:
    """Return the one padding of all sides that gives the same windows."""
    top, left = sides[:2]
    for length, end, side in zip(shape[:2], sides[2:], kernel, strict=True):
        windows, alike = ((length + top + more - side) // stride for more in (end, top))
        if top != left or windows != alike:
            raise CannotRunError(
                f"pads its map by {list(sides)} at top, left, bottom and right, which its windows reach: a "
                "workload pads all four sides alike"
            )
    return top


def _padding(levels: Levels, zeros: Sides, kernel: Kernel, stride: int) -> tuple[int, dict[str, Any]]:
    """Find the level that padded taps have, and how a workload says that."""
    if levels.padded and any(zeros):
        raise CannotRunError("pads a map that is padded already")
    sides, value = levels.padded or (zeros, Fraction(0))
    pixels = _alike(levels.shape, sides, kernel, stride)
    if not pixels:
        return 0, {}
    level = (value - levels.offset) / levels.scale
    least, greatest = level_range(levels)
    # A convolution's own zeros are no edges; a padded map has ordinary ones where there is such a level,
    # and so has one with neurons that would else have no edge at all.
    words: dict[Fraction, int | str] = {Fraction(least): -1, Fraction(greatest): 1}
    no_edge: dict[Fraction, int | str] = {Fraction(0): "exclude"}
    words = {**words, **no_edge} if any(zeros) and pixels < min(kernel) else {**no_edge, **words}
    if level not in words:
        low, high = sorted(float(end * levels.scale + levels.offset) for end in (least, greatest))
        raise CannotRunError(
            f"pads with {float(value):g} what has values from {low:g} to {high:g}: only these two can "
            f"be run, and {float(levels.offset):g}"
        )
    if level and levels.inverted is not None and levels.inverted.any():
        raise CannotRunError(
            "pads channels whose batch norm has a negative scale, behind a pool or of sums that others add"
        )
    return pixels, {"padding_pixels": pixels, "padding": words[level]}
