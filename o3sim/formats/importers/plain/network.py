"""From named arrays, as docs/importing.md lists them, to a workload."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.formats.importers.folding.affine import batch_norm
from o3sim.formats.importers.folding.finish import finished
from o3sim.formats.importers.folding.inputs import binarized, pixels, raw
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, Sums, Taken
from o3sim.formats.importers.folding.pooling import max_pooled
from o3sim.formats.importers.folding.products import convolution, dense
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Bound
from o3sim.formats.importers.folding.thresholds import thresholded
from o3sim.formats.importers.plain.arrays import NamedArrays
from o3sim.formats.importers.written import ImportedWorkload
from o3sim.network.preprocess import FixedInput

LAYOUTS = ("pytorch", "keras")
"""Kernels [out, in, ky, kx] and maps flattened as c, y, x; or [ky, kx, in, out] and y, x, c (Larq)."""


def import_npz(path: Path, name: str) -> ImportedWorkload:
    """Read a network out of an NPZ file of plain arrays.

    Parameters
    ----------
    path : Path
        The NPZ file.
    name : str
        Name of the workload.

    Raises
    ------
    InputError
        If arrays are missing, left over or of a wrong shape, or a machine of this kind cannot run
        what they describe; the array or layer is named.
    """
    try:
        arrays = NamedArrays(path)
        layout = _layout(arrays)
        data: Map = _input(arrays)
        names = _layer_names(arrays)
        for index, layer in enumerate(names):
            data = _placed(data, layer, arrays, layout, last=index == len(names) - 1)
        classes = arrays.words("classes")
        arrays.check_all_used()
        outputs = data.shape[2]
        if classes is not None and len(classes) != outputs:
            raise CannotRunError(f"`classes`: {len(classes)} names for the {outputs} outputs of {names[-1]}")
        return finished(data, name, f"from {path.name}", f"{path.name} (plain arrays)", classes)
    except CannotRunError as error:
        raise InputError(f"{path}: {error}") from None


def _layout(arrays: NamedArrays) -> str:
    arrays.required("layout")
    words = arrays.words("layout") or [""]
    if len(words) != 1 or words[0] not in LAYOUTS:
        raise CannotRunError(f"`layout`: expected `pytorch` or `keras`{suggest(words[0], LAYOUTS)}")
    return words[0]


def _layer_names(arrays: NamedArrays) -> list[str]:
    arrays.required("layers")
    names = arrays.words("layers") or []
    for name in names:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name) or names.count(name) > 1:
            raise CannotRunError(
                f"`layers`: `{name[:64]}` stands there twice, or is none: a letter, then letters, digits, - _"
            )
    return names


def _input(arrays: NamedArrays) -> Pixels | Levels:
    arrays.required("input_shape")
    rows, columns, channels = arrays.integers("input_shape", 3) or []
    limits = arrays.real("input_range")
    if limits is not None and limits.shape != (2,):
        raise CannotRunError("`input_range`: expected [lo, hi], what the pixels 0 and 255 stand for")
    low, high = (Fraction(0), Fraction(255)) if limits is None else map(Fraction, limits.tolist())
    data = pixels((rows, columns, channels), low, high)
    bound = arrays.integers("input_threshold", 1)
    if bound is not None:
        value = data.scale * bound[0] + data.offset
        return binarized(data, Bound(value), Fraction(-1), Fraction(1))
    if arrays.array("input_bits") is None:
        return data
    return _fixed(arrays, data, float(low), float(high))


def _fixed(arrays: NamedArrays, data: Pixels, low: float, high: float) -> Levels:
    bits = arrays.integer("input_bits", 8, 2, 16)
    signed = bool(arrays.integer("input_signed", 1, 0, 1))
    fraction_bits = arrays.integer("input_fraction_bits", 0, 0, 32)
    spec = FixedInput(bits, signed, fraction_bits, low, high)
    before = replace(data.before, spec=spec)
    return Levels(data.places, data.shape, before, Fraction(1, 2**fraction_bits), Fraction(0))


def _placed(data: Map, layer: str, arrays: NamedArrays, layout: str, last: bool) -> Map:
    """Add a layer; whatever is wrong with it is said with its name."""
    try:
        return _layer(data, layer, arrays, layout, last)
    except CannotRunError as error:
        raise CannotRunError(f"layer {layer}: {error}") from None


def _layer(data: Map, layer: str, arrays: NamedArrays, layout: str, last: bool) -> Map:
    if isinstance(data, (Sums, Taken)):
        raise CannotRunError("comes after the scores")
    sums = _product(data, layer, arrays, layout)
    pool = arrays.integers(f"{layer}_pool", 2)
    first = bool(arrays.integer(f"{layer}_pool_first", 0, 0, 1))
    if pool is not None and not (2 <= pool[0] <= 16 and 1 <= pool[1] <= pool[0]):
        raise CannotRunError(f"`{layer}_pool`: expected [size, stride], 2 to 16 and no larger, found {pool}")
    folded: Map = max_pooled(sums, *pool) if pool and first else sums
    folded = _normalised(folded, layer, arrays)
    if last:
        return folded
    bounds = arrays.per_channel(f"{layer}_threshold", data_channels := sums.shape[2])
    bits = thresholded(folded, bounds or (Fraction(0),) * data_channels, Fraction(-1), Fraction(1))
    return max_pooled(bits, *pool) if pool and not first else bits


def _product(data: Pixels | Levels, layer: str, arrays: NamedArrays, layout: str) -> Sums:
    arrays.required(f"{layer}_kernel")
    kernel = arrays.real(f"{layer}_kernel")
    if kernel is None or kernel.ndim not in (2, 4):
        raise CannotRunError(f"`{layer}_kernel`: expected 4 axes, of a convolution, or 2, of a dense layer")
    outputs = kernel.shape[0 if layout == "pytorch" else -1]
    bias = arrays.per_channel(f"{layer}_bias", outputs)
    if kernel.ndim == 2:
        return _dense(data, kernel, bias, layer, layout)
    stride = arrays.integer(f"{layer}_stride", 1, 1, 64)
    side = (arrays.integer(f"{layer}_padding", 0, 0, 63),) * 4
    value = arrays.per_channel(f"{layer}_padding_value", 1)
    if layout == "keras":
        kernel = kernel.transpose(3, 2, 0, 1)
    if value and any(side) and value[0]:
        levels = raw(data) if isinstance(data, Pixels) else data
        return convolution(
            replace(levels, padded=(side, value[0])), kernel, bias, stride, (0, 0, 0, 0), layer
        )
    return convolution(data, kernel, bias, stride, side, layer)


def _dense(
    data: Pixels | Levels,
    kernel: NDArray[Any],
    bias: Sequence[Fraction] | None,
    layer: str,
    layout: str,
) -> Sums:
    places = data.places if layout == "pytorch" else np.moveaxis(data.places, 1, -1)
    flat: Pixels | Levels = replace(data, places=places.reshape(1, -1))
    sums = dense(flat, kernel if layout == "pytorch" else kernel.T, bias, layer)
    return replace(sums, places=sums.places.reshape(1, -1, 1, 1))


def _normalised(data: Map, layer: str, arrays: NamedArrays) -> Map:
    """Apply batch norm, if there is any."""
    channels = data.shape[2]
    parts = ("gamma", "beta", "mean", "variance")
    gamma, beta, mean, variance = (arrays.per_channel(f"{layer}_{part}", channels) for part in parts)
    epsilon = arrays.per_channel(f"{layer}_epsilon", 1)
    if gamma is beta is mean is variance is epsilon is None:
        return data
    if mean is None or variance is None or epsilon is None:
        raise CannotRunError(
            f"batch norm needs `{layer}_mean`, `{layer}_variance` and `{layer}_epsilon` (PyTorch has 1e-5, "
            "Keras 1e-3)"
        )
    ones, zeros = (Fraction(1),) * channels, (Fraction(0),) * channels
    return batch_norm(data, gamma or ones, beta or zeros, mean, variance, epsilon[0])
