"""Float operations at the ends of a network, which are left to the host as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.adding import composed, written_sums
from o3sim.formats.importers.folding.maps import (
    Floats,
    HostSpec,
    HostStep,
    Levels,
    Pixels,
    Shape,
    Sums,
    checked_places,
    is_image_like,
)
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Affine, Bound, Clip, Step

Array = NDArray[Any]


def floats_of(data: Pixels | Levels) -> Floats:
    """Hand a map to the host: pixels, or the bits of the last binary layer."""
    if isinstance(data, Pixels):
        if data.scale <= 0:
            raise CannotRunError("turns the range of pixels round before the host takes them")
        return Floats(data.places, data.shape, data.before, (), data)
    if data.padded or data.fixed_point:
        raise CannotRunError("hands a padded or fixed-point map to the host")
    rows, columns = data.averaged or data.shape[:2]
    shape = (rows, columns, data.shape[2])
    start = Floats(checked_places(shape), shape, data.before, (), None)
    turned = np.ones(shape[2]) if data.inverted is None else np.where(data.inverted, -1.0, 1.0)
    found = start
    if data.inverted is not None or data.scale != 1 or data.offset:
        found = affine(start, float(data.scale) * turned, np.full(shape[2], float(data.offset)))
    if data.averaged:
        found = step(found, {"type": "average"}, (1, 1, shape[2]))
    return replace(found, places=data.places)


def floats_of_sums(data: Sums) -> Floats:
    """Hand the sums of the last binary layer to the host, and what they went through since.

    Plain dots are written as they are; sums of a layer that adds, in its units.

    Raises
    ------
    CannotRunError
        If the host has not what they went through.
    """
    if "pool" in data.layer.key:
        raise CannotRunError("comes behind sums that are pooled, and layers that write sums have no pool")
    plain = data.added is None and data.mark is None
    before = replace(data.before, fraction_bits=None) if plain else data.before
    layer, place = written_sums(replace(data, before=before), data.mark or 0)
    done = replace(data.before, layers=(*data.before.layers, layer))
    found = Floats(data.places, data.shape, done, (), None)
    waiting: list[Step] = [Affine((layer.unit,) * data.shape[2], (Fraction(0),) * data.shape[2])]
    for each in data.steps[place:]:
        if isinstance(each, Affine):
            waiting.append(each)
        else:
            found, waiting = _clipped(_scaled(found, waiting), each), []
    return _scaled(found, waiting)


def _scaled(data: Floats, steps: Sequence[Step]) -> Floats:
    scale, shift = composed(steps, data.shape[2])
    if set(scale) == {Fraction(1)} and not any(shift):
        return data
    return affine(data, *(np.array([float(value) for value in values]) for values in (scale, shift)))


def _clipped(data: Floats, each: Step) -> Floats:
    kind = _CLIPS.get(each) if isinstance(each, Clip) else None
    if kind is None:
        raise CannotRunError("comes behind sums that went through what the host has not (docs/workload.md)")
    return step(data, {"type": kind}, data.shape)


_CLIPS = {Clip(Fraction(0), None): "relu", Clip(Fraction(-1), Fraction(1)): "hardtanh"}
"""What the host has of each."""


def step(data: Floats, key: dict[str, Any], shape: Shape, **arrays: Array) -> Floats:
    """Append an operation; its name is made up."""
    if len(data.steps) >= 64:
        raise CannotRunError("is more than the 64th operation of the host")
    if arrays:
        kind = {"conv": "conv", "dense": "dense"}.get(key["type"], "norm")
        end = "first" if data.start is not None else "last"
        number = 1 + sum(each.key.get("name", "").startswith(f"{end}_{kind}") for each in data.steps)
        key = {"type": key["type"], "name": f"{end}_{kind}{number}", **key}
    places = checked_places(shape) if shape != data.shape else data.places
    return replace(data, places=places, shape=shape, steps=(*data.steps, HostStep(key, arrays)))


def affine(data: Floats, scale: Array, shift: Array) -> Floats:
    """Apply ``scale * v + shift`` by channel."""
    return step(data, {"type": "affine"}, data.shape, scale=scale, shift=shift)


def convolved(data: Floats, weights: Array, bias: Array | None, stride: int, sides: Sequence[int]) -> Floats:
    """Convolve; weights have the shape (outputs, channels, ky, kx)."""
    rows, columns, channels = data.shape
    outputs, inputs, kernel, width = weights.shape
    if inputs != channels or kernel != width or len(set(sides)) > 1 or not is_image_like(data):
        raise CannotRunError("is no square convolution of all channels with even padding, as the host has")
    after = tuple((length + 2 * sides[0] - kernel) // stride + 1 for length in (rows, columns))
    if min(after) < 1:
        raise CannotRunError(f"has a kernel of {kernel} larger than its map")
    key = {
        "type": "conv",
        "channels": outputs,
        "kernel": kernel,
        "stride": stride,
        "padding_pixels": sides[0],
    }
    arrays = {"weights": weights.transpose(0, 2, 3, 1), **({} if bias is None else {"bias": bias})}
    return step(data, key, (after[0], after[1], outputs), **arrays)


def multiplied(data: Floats, weights: Array, bias: Array | None) -> Floats:
    """Multiply a flattened map by a matrix, shape (outputs, inputs)."""
    if weights.ndim != 2 or weights.shape[1] != data.places.size:
        raise CannotRunError(f"takes {list(weights.shape)[1:]} inputs, the map before has {data.places.size}")
    ordered = np.empty_like(weights)
    ordered[:, data.places.reshape(-1)] = weights
    arrays = {"weights": ordered, **({} if bias is None else {"bias": bias})}
    outputs = len(weights)
    found = step(data, {"type": "dense", "features": outputs}, (1, 1, outputs), **arrays)
    return replace(found, places=found.places.reshape(1, outputs))


def binarized(data: Floats, bound: Sequence[Bound], low: Fraction, high: Fraction) -> Levels:
    """Compare what the host's first layers give: a 1 is what is ``>= 0`` on the host."""
    start = data.start
    if start is None:
        raise CannotRunError(
            "compares what the host's last layers give: bits behind float layers cannot be run"
        )
    values = np.array([float(each.value) for each in bound])
    rising = bound[0].upward != bound[0].strict
    found = data
    if values.any() or not rising:
        sign = 1.0 if rising else -1.0
        found = affine(data, np.full(len(values), sign), -sign * values)
    else:  # what keeps signs is not worked out for a sign alone, so that layers may add what was before it
        while found.steps and found.steps[-1].key["type"] in ("hardtanh", "tanh"):
            found = replace(found, steps=found.steps[:-1])
    scale = (high - low) / 2 * (1 if bound[0].upward == rising else -1)
    spec = HostSpec(float(start.offset), float(start.offset + 255 * start.scale), found.steps)
    before = replace(data.before, spec=spec)
    return Levels(data.places, data.shape, before, scale, (low + high) / 2)
