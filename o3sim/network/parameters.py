"""Weights and thresholds from a workload's NPZ file, checked against its topology."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.files import load_npz
from o3sim.network.bits.packing import unused_bits_are_zero
from o3sim.network.edge_order import EdgeOrder, problems_of
from o3sim.network.layer import Geometry, Layer, Speculation
from o3sim.network.sum_parameters import sum_keys, sum_problems, sum_rule_of
from o3sim.network.sums import check_ranges

Shapes = list[tuple[str, Geometry, bool]]
"""Of each layer: its name, its geometry, and whether it gives the scores."""


def load_layers(
    path: Path,
    shapes: Shapes,
    input_offset: int,
    others: Collection[str] = (),
    host_sums: NDArray[np.int64] | None = None,
) -> tuple[Layer, ...]:
    """Read the parameters of all layers.

    Parameters
    ----------
    path : Path
        NPZ file with ``<name>_weights`` and ``<name>_theta`` of every layer; for the scores layer
        instead of the latter optionally ``<name>_score_scale`` and ``<name>_score_bias``. Any
        binary layer may have ``<name>_edge_order``, ``<name>_edge_order_of`` and
        ``<name>_edge_order_granule_edges`` (see :class:`~o3sim.network.edge_order.EdgeOrder`), and
        a pooled one ``<name>_member_order``; each may have ``<name>_channel_work``. A layer that makes
        sums may have ``<name>_scale``, ``<name>_shift`` and ``<name>_add_scale``.
    input_offset : int
        ``c`` of the first layer (see :class:`~o3sim.network.layer.Layer`).
    others : collection of str, optional
        Arrays that are not the layers', but the host's (:mod:`o3sim.network.host`).
    host_sums : ndarray of int64, shape (2, channels), optional
        The least and the greatest of what the host's first layers give for layers to add.

    Raises
    ------
    InputError
        With everything that is wrong: arrays missing, left over, of a wrong shape or dtype, or
        with bits set beyond the last edge.
    """
    arrays = {name: array for name, array in load_npz(path).items() if name not in others}
    problems = [*_key_problems(arrays, shapes)]
    for name, geometry, scores in shapes:
        problems += _layer_problems(arrays, name, geometry, scores)
        problems += _order_problems(arrays, name, geometry)
        problems += _member_problems(arrays, name, geometry)
        problems += _work_problems(arrays, name, geometry)
        problems += _speculation_problems(arrays, name, geometry, scores)
        problems += sum_problems(arrays, name, geometry)
    if problems:
        raise InputError("\n".join(f"{path}: {problem}" for problem in problems))
    layers = tuple(
        _layer(arrays, shape, input_offset if index == 0 else 0) for index, shape in enumerate(shapes)
    )
    try:
        check_ranges(layers, host_sums)
    except InputError as error:
        raise InputError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None
    return layers


def _layer(arrays: dict[str, NDArray[Any]], shape: tuple[str, Geometry, bool], input_offset: int) -> Layer:
    name, geometry, scores = shape
    scale, bias = arrays.get(f"{name}_score_scale"), arrays.get(f"{name}_score_bias")
    theta = None if scores else arrays[f"{name}_theta"].astype(np.int64)
    order = edge_order_of(arrays, name, geometry)
    if order is not None:
        geometry = replace(geometry, edge_order=order)
    if (members := arrays.get(member_key(name))) is not None:
        geometry = replace(geometry, member_order=tuple(members.tolist()))
    if (work := arrays.get(work_key(name))) is not None:
        geometry = replace(geometry, channel_work=tuple(work.tolist()))
    weights = np.ascontiguousarray(arrays[f"{name}_weights"])
    speculation = speculation_of(arrays, name)
    sums = sum_rule_of(arrays, name, geometry)
    return Layer(name, geometry, weights, theta, scores, scale, bias, input_offset, speculation, sums)


def edge_order_of(arrays: Mapping[str, NDArray[Any]], name: str, geometry: Geometry) -> EdgeOrder | None:
    """Return a layer's edge order, if its arrays say one."""
    granules, rows, edges = (arrays.get(key) for key in order_keys(name))
    if granules is None or rows is None or edges is None:
        return None
    return EdgeOrder(granules.astype(np.int32), rows.astype(np.int32), int(edges), geometry.fan_in)


def speculation_keys(name: str) -> tuple[str, str]:
    """Name the arrays that say when a layer's neurons are called."""
    return f"{name}_speculative_bound", f"{name}_speculative_check_edges"


def speculation_of(arrays: Mapping[str, NDArray[Any]], name: str) -> Speculation | None:
    """Return when a layer's neurons are called, if its arrays say so."""
    bound, check = (arrays.get(key) for key in speculation_keys(name))
    return None if bound is None or check is None else Speculation(float(bound), int(check))


def _speculation_problems(
    arrays: dict[str, NDArray[Any]], name: str, geometry: Geometry, scores: bool
) -> Iterator[str]:
    keys = speculation_keys(name)
    there = [key for key in keys if key in arrays]
    if not there:
        return
    if len(there) < 2:
        yield f"`{keys[0]}` and `{keys[1]}` come together or not at all"
    elif scores or geometry.planes > 1:
        yield f"{keys[0]}: only binary layers with thresholds can be called early"
    elif any(arrays[key].ndim or arrays[key].dtype.kind not in "iuf" for key in keys):
        yield f"{keys[0]}, {keys[1]}: expected single numbers"
    elif not (0 <= float(arrays[keys[0]]) < np.inf and 1 <= float(arrays[keys[1]]) <= 2**20):
        yield f"{keys[0]}, {keys[1]}: expected a bound from 0 on and 1 to {2**20} edges"


def member_key(name: str) -> str:
    """Name the array of a layer's member order."""
    return f"{name}_member_order"


def _member_problems(arrays: dict[str, NDArray[Any]], name: str, geometry: Geometry) -> Iterator[str]:
    array = arrays.get(member_key(name))
    if array is None:
        return
    size = 0 if geometry.pool is None else geometry.pool.size**2
    if size == 0:
        yield f"{member_key(name)}: the layer has no pooling windows"
    elif array.dtype.kind not in "iu" or sorted(array.ravel().tolist()) != list(range(size)):
        yield f"{member_key(name)}: expected each of 0..{size - 1} once, found {array.tolist()}"


def work_key(name: str) -> str:
    """Name the array of the work of a layer's channels."""
    return f"{name}_channel_work"


def _work_problems(arrays: dict[str, NDArray[Any]], name: str, geometry: Geometry) -> Iterator[str]:
    array = arrays.get(work_key(name))
    if array is None:
        return
    if array.dtype.kind not in "iu" or array.shape != (geometry.out_channels,):
        expected = f"expected {geometry.out_channels} whole numbers"
        yield f"{work_key(name)}: {expected}, found {array.dtype} {list(array.shape)}"
    elif array.size and not 0 <= array.min() <= array.max() < 2**53:
        yield f"{work_key(name)}: expected numbers from 0 to below 2^53"


def order_keys(name: str) -> tuple[str, str, str]:
    """Name the arrays of a layer's edge order."""
    return f"{name}_edge_order", f"{name}_edge_order_of", f"{name}_edge_order_granule_edges"


def _order_problems(arrays: dict[str, NDArray[Any]], name: str, geometry: Geometry) -> Iterator[str]:
    keys = order_keys(name)
    there = [key for key in keys if key in arrays]
    if not there:
        return
    if len(there) < len(keys):
        yield f"`{'`, `'.join(keys)}` come together or not at all"
        return
    if geometry.planes > 1:
        yield f"{keys[0]}: the layer takes fixed-point input; only binary layers can be reordered"
        return
    for key, dimensions in zip(keys, (2, 1, 0), strict=True):
        if arrays[key].dtype.kind not in "iu" or arrays[key].ndim != dimensions:
            yield f"{key}: expected whole numbers in {dimensions} dimensions, found {arrays[key].dtype}"
            return
    if any(np.abs(arrays[key].astype(np.float64)).max(initial=0) >= 2**31 for key in keys):
        yield f"{keys[0]}: holds numbers beyond 32 bits"
        return
    order = edge_order_of(arrays, name, geometry)
    if order is not None:
        yield from (f"{keys[0]}: {problem}" for problem in problems_of(order, geometry.out_channels))


def _key_problems(arrays: dict[str, NDArray[Any]], shapes: Shapes) -> Iterator[str]:
    known: list[str] = []
    for name, geometry, scores in shapes:
        needed = [f"{name}_weights"] if scores else [f"{name}_weights", f"{name}_theta"]
        optional = [f"{name}_score_scale", f"{name}_score_bias"] if scores else []
        known += [*needed, *optional, *order_keys(name), member_key(name), work_key(name)]
        known += [*speculation_keys(name), *sum_keys(name, geometry)]
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
