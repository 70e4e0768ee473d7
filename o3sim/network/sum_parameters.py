"""Constants of layers that make sums, from the arrays of a parameter file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.network.layer import Geometry, SumRule
from o3sim.network.sums import plain_rule

GREATEST = 2**31 - 1
"""Of a constant: 32 bits hold it."""


def sum_keys(name: str, geometry: Geometry) -> list[str]:
    """Name the arrays of a layer's sums: none of a layer that makes none."""
    if not geometry.makes_sums:
        return []
    return [f"{name}_scale", f"{name}_shift", *[f"{name}_add_scale"] * (geometry.addend is not None)]


def sum_rule_of(arrays: Mapping[str, NDArray[Any]], name: str, geometry: Geometry) -> SumRule | None:
    """Return how a layer's sums are made, if it makes any; absent constants are 1, shifts 0."""
    if not geometry.makes_sums:
        return None
    plain = plain_rule(geometry.out_channels)
    found = [
        arrays.get(f"{name}_{word}", getattr(plain, word)).astype(np.int64)
        for word in ("scale", "shift", "add_scale")
    ]
    return SumRule(*found)


def sum_problems(arrays: Mapping[str, NDArray[Any]], name: str, geometry: Geometry) -> Iterator[str]:
    """Say what is wrong with a layer's constants, and which arrays a layer that makes sums cannot have."""
    if not geometry.makes_sums:
        return
    for key in sum_keys(name, geometry):
        array = arrays.get(key)
        if array is None:
            continue
        if array.dtype not in (np.dtype(np.int32), np.dtype(np.int64)) or array.shape != (
            geometry.out_channels,
        ):
            expected = f"expected int32 or int64 [{geometry.out_channels}]"
            yield f"{key}: {expected}, found {array.dtype} {list(array.shape)}"
        elif array.size and max(int(array.max()), -int(array.min())) > GREATEST:
            yield f"{key}: holds numbers beyond 32 bits"
        elif key == f"{name}_scale" and array.size and array.min() < 0:
            yield (
                f"{key}: scales are 0 or more, found {array.min()}; where one is negative invert the weights"
                " of its channel, and write the real scale in fixed point"
            )
    for key, what in (
        (f"{name}_edge_order", "edge orders"),
        (f"{name}_speculative_bound", "calls before the decision"),
    ):
        if key in arrays:
            yield f"{key}: {what} are of layers whose channels have one threshold; `{name}` makes sums"
