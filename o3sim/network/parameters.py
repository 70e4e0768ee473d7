"""Weights and thresholds from a workload's NPZ file, checked against its topology."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.bits.packing import unused_bits_are_zero
from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.files import load_npz
from o3sim.network.layer import Geometry, Layer

Shapes = list[tuple[str, Geometry, bool]]
"""Of each layer: its name, its geometry, and whether it gives the scores."""


def load_layers(path: Path, shapes: Shapes, input_offset: int) -> tuple[Layer, ...]:
    """Read the parameters of all layers.

    Parameters
    ----------
    path : Path
        NPZ file with ``<name>_weights`` and ``<name>_theta`` of every layer; for the scores layer
        instead of the latter optionally ``<name>_score_scale`` and ``<name>_score_bias``.
    input_offset : int
        Of the first layer (see :class:`~o3sim.network.layer.Layer`).

    Raises
    ------
    InputError
        With everything that is wrong: arrays missing, left over, of a wrong shape or dtype, or
        with bits set beyond the last edge.
    """
    arrays = load_npz(path)
    problems = [*_key_problems(arrays, shapes)]
    for name, geometry, scores in shapes:
        problems += _layer_problems(arrays, name, geometry, scores)
    if problems:
        raise InputError("\n".join(f"{path}: {problem}" for problem in problems))
    return tuple(
        _layer(arrays, shape, input_offset if index == 0 else 0) for index, shape in enumerate(shapes)
    )


def _layer(arrays: dict[str, NDArray[Any]], shape: tuple[str, Geometry, bool], input_offset: int) -> Layer:
    name, geometry, scores = shape
    scale, bias = arrays.get(f"{name}_score_scale"), arrays.get(f"{name}_score_bias")
    theta = None if scores else arrays[f"{name}_theta"].astype(np.int64)
    weights = np.ascontiguousarray(arrays[f"{name}_weights"])
    return Layer(name, geometry, weights, theta, scores, scale, bias, input_offset)


def _key_problems(arrays: dict[str, NDArray[Any]], shapes: Shapes) -> Iterator[str]:
    known: list[str] = []
    for name, _, scores in shapes:
        needed = [f"{name}_weights"] if scores else [f"{name}_weights", f"{name}_theta"]
        optional = [f"{name}_score_scale", f"{name}_score_bias"] if scores else []
        known += needed + optional
        for key in needed:
            if key not in arrays:
                yield f"no array `{key}`{suggest(key, sorted(set(arrays) - set(known)))}"
        if optional and sum(key in arrays for key in optional) == 1:
            yield f"`{optional[0]}` and `{optional[1]}` come together or not at all"
    for key in sorted(set(arrays) - set(known)):
        yield f"`{key}` belongs to no layer{suggest(key, known)}"


def _layer_problems(
    arrays: dict[str, NDArray[Any]], name: str, geometry: Geometry, scores: bool
) -> Iterator[str]:
    outputs = geometry.out_channels
    expected = {
        f"{name}_weights": ("u8", "uint64", (outputs, geometry.words_per_neuron)),
        f"{name}_theta": ("i", "int32 or int64", (outputs,)),
    }
    if scores:
        expected[f"{name}_score_scale"] = ("f4", "float32", (outputs,))
        expected[f"{name}_score_bias"] = ("f4", "float32", (outputs,))
    for key, (kind, words, shape) in expected.items():
        array = arrays.get(key)
        if array is not None and (not _is_kind(array, kind) or array.shape != shape):
            yield f"{key}: expected {words} {list(shape)}, found {array.dtype} {list(array.shape)}"
        elif array is not None:
            yield from _value_problems(key, array, geometry)


def _value_problems(key: str, array: NDArray[Any], geometry: Geometry) -> Iterator[str]:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        yield f"{key}: not all values are finite"
    if array.dtype.kind == "u" and not unused_bits_are_zero(array, geometry.fan_in):
        yield f"{key}: bits are set beyond the {geometry.fan_in} edges of a neuron; they must be 0"


def _is_kind(array: NDArray[Any], kind: str) -> bool:
    if kind == "i":
        return array.dtype in (np.dtype(np.int32), np.dtype(np.int64))
    return array.dtype == np.dtype(kind)
