"""The nodes of layers that add: integers in floats, exact as long as the floats have bits for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.exporters.model import Model
from o3sim.network.layer import Addend, Layer
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput, InputSpec

FLOAT, DOUBLE = 1, 11
"""Of ``TensorProto.DataType``."""

MOST_IN_FLOAT = 2**24
"""Up to there float32 holds every integer, and whatever the order of additions no digit is lost."""


@dataclass(frozen=True)
class Outputs:
    """The tensors of what a layer gives, or of the image.

    Attributes
    ----------
    bits : str
        Values -1 and +1, or the first layer's levels.
    shape : tuple of int
        Rows, columns, channels.
    flat : bool
        The tensor has a channel axis only, as dense layers give it.
    spec : InputSpec
        What the values are.
    sums : str
        Empty if it writes none.
    wide : bool
        Sums are doubles.
    """

    bits: str
    shape: tuple[int, int, int]
    flat: bool
    spec: InputSpec
    sums: str = ""
    wide: bool = False


def check_squares(network: Network) -> None:
    """Refuse averages that floats do not hold exactly.

    Raises
    ------
    InputError
        Naming the layer.
    """
    for layer in network.layers:
        addend = layer.geometry.addend
        if addend is not None and addend.averages and addend.stride & (addend.stride - 1):
            raise InputError(
                f"{network.name}: layer {layer.name} adds averages of {addend.taken} values, which floats do "
                "not hold exactly; exported are strides of 1, 2, 4, 8 and 16, or `by: first`"
            )


def reaches(network: Network) -> dict[str, int]:
    """Return what no sum of each layer, nor anything on the way to it, exceeds in magnitude."""
    spec, found = network.binary_input, dict[str, int]()
    levels = 1 if isinstance(spec, BinaryInput) else max(-spec.least, spec.least + 2**spec.bits - 1)
    for layer in network.layers:
        rule, addend = layer.sums, layer.geometry.addend
        if rule is not None:
            value = levels if layer.fixed_point else 1
            most = int(rule.scale.max()) * layer.geometry.fan_in * value + int(np.abs(rule.shift).max())
            if addend is not None:
                theirs = found.get(addend.layer, 1) if addend.bits > 1 else 1
                most += max(1, int(np.abs(rule.add_scale).max())) * addend.taken * theirs
            found[layer.name] = most
    return found


def sum_nodes(
    model: Model, layer: Layer, made: Mapping[str, Outputs], level_scale: float, reach: int
) -> bool:
    """Add the nodes that make sums of dots, which the last tensor holds.

    Parameters
    ----------
    level_scale : float
        Value of a step of the dots.
    reach : int
        What no sum exceeds.

    Returns
    -------
    bool
        Whether the sums are doubles.
    """
    rule, name, addend = layer.sums, layer.name, layer.geometry.addend
    if rule is None:
        raise ValueError(f"layer {name} makes no sums")
    wide = reach > MOST_IN_FLOAT
    flat = layer.geometry.kind == "dense"
    if wide:
        model.node("Cast", f"{name}_wide", to=DOUBLE)
    _by_channel(model, "Mul", f"{name}_scale", rule.scale / level_scale, wide, flat, 1)
    _by_channel(model, "Add", f"{name}_shift", rule.shift, wide, flat, 0)
    if addend is not None:
        dots = model.last
        share = _addition(model, layer, addend, made[addend.layer], wide)
        _by_channel(model, "Mul", f"{name}_add_scale", rule.add_scale * share, wide, flat, 1)
        model.last = model.made("Add", f"{name}_sum", dots, model.last)
    return wide


def _by_channel(
    model: Model, op: str, name: str, values: NDArray[np.generic], wide: bool, flat: bool, neutral: int
) -> None:
    """Add or multiply by a number for each channel, unless that changes nothing."""
    if (values != neutral).any():
        shape = (1, -1) if flat else (1, -1, 1, 1)
        stored = model.constant(f"{name}s", values.astype(np.float64 if wide else np.float32).reshape(shape))
        model.node(op, name, stored)


def _addition(model: Model, layer: Layer, addend: Addend, theirs: Outputs, wide: bool) -> int:
    """Add the nodes of what a layer adds, and return what that has to be multiplied by."""
    name, g = f"{layer.name}_addend", layer.geometry
    model.last = theirs.sums if addend.bits > 1 else theirs.bits
    if wide != (theirs.wide and addend.bits > 1):
        model.node("Cast", f"{name}_type", to=DOUBLE if wide else FLOAT)
    share = 1
    if addend.stride > 1 and addend.averages:
        sides = [addend.stride] * 2
        model.node("AveragePool", f"{name}_average", kernel_shape=sides, strides=sides)
        share = 1 if addend.bits > 1 else addend.taken
        if addend.bits > 1:
            model.node("Floor", f"{name}_whole")
    elif addend.stride > 1:
        ends = np.array([g.out_height, g.out_width]) * addend.stride
        numbers = {"starts": np.zeros(2), "ends": ends, "axes": np.array([2, 3])}
        numbers["steps"] = np.full(2, addend.stride)
        stored = [model.constant(f"{name}_{key}", each.astype(np.int64)) for key, each in numbers.items()]
        model.node("Slice", f"{name}_slice", *stored)
    if g.kind == "dense" and not theirs.flat:
        model.node("Flatten", f"{name}_flatten", axis=1)
    elif g.kind == "conv" and theirs.flat:
        model.node("Unsqueeze", f"{name}_unsqueeze", model.constant(f"{name}_axes", np.array([2, 3])))
    repeats = g.out_channels // addend.channels
    if repeats > 1:
        model.last = model.made("Concat", f"{name}_repeated", *[model.last] * repeats, axis=1)
    return share
