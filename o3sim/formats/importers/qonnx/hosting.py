"""Nodes at the ends of a network that the user leaves to the host (`--first host`, `--last host`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.formats.importers.folding.adding import squares
from o3sim.formats.importers.folding.floats import (
    affine,
    binarized,
    convolved,
    floats_of,
    floats_of_sums,
    multiplied,
    step,
)
from o3sim.formats.importers.folding.maps import (
    AnyMap,
    Floats,
    Levels,
    Pixels,
    Sums,
    channel_values,
    is_image_like,
)
from o3sim.formats.importers.folding.products import binary_weights
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.folding.steps import Bound
from o3sim.formats.importers.qonnx.arranging import flatten, reshape, same, squeeze, transpose
from o3sim.formats.importers.qonnx.comparisons import SIDES
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import Operand, optional, required, symmetric
from o3sim.formats.importers.qonnx.shortcuts import concat, sliced
from o3sim.formats.importers.qonnx.windows import sides_of, stride_of

Array = NDArray[Any]

_PRODUCTS = ("Conv", "Gemm", "MatMul")


def handed_over(node: Node, inputs: list[Operand], ends: frozenset[str]) -> list[Operand]:
    """Hand the map to the host where its part begins: at the first layer, or at one that is not binary.

    Sums that went through no sign can go nowhere else than to the host, once they are averaged over their map
    or multiplied.
    """
    data = inputs[0] if inputs else None
    if isinstance(data, Sums) and "last" in ends and _takes_sums(node, data, inputs):
        return [floats_of_sums(data), *inputs[1:]]
    if isinstance(data, Pixels) and "first" in ends:
        ours = node.op in (*_PRODUCTS, "BatchNormalization") or _by_channel(node, inputs)
    elif isinstance(data, Levels) and data.before.layers and "last" in ends:
        ours = node.op in _PRODUCTS and not _is_binary(required(inputs, 1), node)
    else:
        return inputs
    return [floats_of(data), *inputs[1:]] if ours else inputs


def way_out(node: Node, inputs: list[Operand]) -> str:
    """Say that float layers can be the host's, where such a one could not be run."""
    data = inputs[0] if inputs else None
    weights = inputs[1] if len(inputs) > 1 else None
    if isinstance(data, Sums) and _takes_sums(node, data, inputs):
        return "; what takes sums at the end can be left to the host: --last host"
    if node.op not in _PRODUCTS or not isinstance(weights, np.ndarray) or weights.ndim not in (2, 4):
        return ""
    if not isinstance(data, (Pixels, Levels)) or _is_binary(weights, node):
        return ""
    end = "last" if data.before.layers else "first"
    return f"; float {end} layers can be left to the host: --{end} host"


def _takes_sums(node: Node, data: Sums, inputs: list[Operand]) -> bool:
    """Return whether a node takes sums as numbers: its result is no longer one of them."""
    if node.op in (*_PRODUCTS, "Tanh", "Sigmoid"):
        return True
    return data.shape[:2] != (1, 1) and _averages_all(node, data, inputs)


def _averages_all(node: Node, data: AnyMap, inputs: list[Operand]) -> bool:
    """Return whether a node averages each channel over the whole map."""
    if node.op == "AveragePool":
        kernel, pads = (node.integers(key) or () for key in ("kernel_shape", "pads"))
        return tuple(kernel) == data.shape[:2] and not any(pads)
    if node.op == "ReduceMean":
        listed = optional(inputs, 1)
        axes = node.integers("axes") if listed is None else [int(axis) for axis in listed.reshape(-1)]
        return sorted(axis % 4 for axis in axes or []) == [2, 3]
    return node.op == "GlobalAveragePool"


def _by_channel(node: Node, inputs: list[Operand]) -> bool:
    constants = [value for value in inputs if isinstance(value, np.ndarray)]
    return node.op in ("Add", "Sub", "Mul", "Div") and any(np.ptp(value) for value in constants)


def _is_binary(weights: Array, node: Node) -> bool:
    rows = (
        weights.T if node.op == "MatMul" or not (node.op == "Conv" or node.integer("transB", 0)) else weights
    )
    try:
        binary_weights(rows.reshape(len(rows), -1))
    except CannotRunError:
        return False
    return True


def evaluated(node: Node, inputs: list[Operand]) -> AnyMap:
    """Append a node to what the host evaluates.

    Raises
    ------
    CannotRunError
        If the host does not have it.
    """
    data = inputs[0]
    operation = _OPERATIONS.get(node.op)
    if operation is None or not isinstance(data, Floats):
        raise CannotRunError("is not among the float operations that the host evaluates (docs/workload.md)")
    return operation(node, data, inputs)


def _bias(inputs: list[Operand], outputs: int, factor: float = 1.0) -> Array | None:
    bias = optional(inputs, 2)
    if bias is None:
        return None
    if bias.size not in (1, outputs):
        raise CannotRunError(f"has a bias of shape {list(bias.shape)} for {outputs} outputs")
    return np.broadcast_to(bias.reshape(-1).astype(np.float64) * factor, (outputs,))


def _conv(node: Node, data: Floats, inputs: list[Operand]) -> AnyMap:
    weights = required(inputs, 1).astype(np.float64)
    if weights.ndim != 4 or node.integer("group", 1) != 1 or symmetric(node, "dilations", 1) != 1:
        raise CannotRunError("is grouped or dilated, or no convolution of images")
    stride = stride_of(node)
    sides = sides_of(node, data.shape, weights.shape[2:], stride)
    return convolved(data, weights, _bias(inputs, len(weights)), stride, sides)


def _dense(node: Node, data: Floats, inputs: list[Operand]) -> AnyMap:
    weights = required(inputs, 1).astype(np.float64)
    transposed = node.op == "MatMul" or not node.integer("transB", 0)
    if weights.ndim != 2 or node.integer("transA", 0) or data.places.shape[-1] != data.places.size:
        raise CannotRunError("is no product of a flattened map and a matrix")
    matrix = (weights.T if transposed else weights) * node.number("alpha", 1.0)
    return multiplied(data, matrix, _bias(inputs, len(matrix), node.number("beta", 1.0)))


def _norm(node: Node, data: Floats, inputs: list[Operand]) -> AnyMap:
    gamma, beta, mean, variance = (required(inputs, place).astype(np.float64) for place in (1, 2, 3, 4))
    spread = variance + node.number("epsilon", 1e-5)
    if node.integer("training_mode", 0) or any(
        each.shape != (data.shape[2],) for each in (gamma, beta, mean, spread)
    ):
        raise CannotRunError("is in training mode, or has not one value per channel")
    if (spread <= 0).any():
        raise CannotRunError("has a variance that is not positive")
    scale = gamma / np.sqrt(spread)
    return affine(data, scale, beta - mean * scale)


def _arithmetic(node: Node, data: Floats, inputs: list[Operand]) -> AnyMap:
    values = channel_values(data, required(inputs, 1)).astype(np.float64)
    ones, zeros = np.ones_like(values), np.zeros_like(values)
    if node.op == "Div" and not values.all():
        raise CannotRunError("divides by 0")
    with np.errstate(divide="ignore"):
        pairs = {
            "Add": (ones, values),
            "Sub": (ones, -values),
            "Mul": (values, zeros),
            "Div": (1 / values, zeros),
        }
    return affine(data, *pairs[node.op])


def _function(node: Node, data: Floats, inputs: list[Operand]) -> AnyMap:
    kind = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Clip": "hardtanh"}[node.op]
    if node.op == "Clip" and _limits(node, inputs) != [-1.0, 1.0]:
        raise CannotRunError("clips to other limits than -1 and 1")
    return step(data, {"type": kind}, data.shape)


def _limits(node: Node, inputs: list[Operand]) -> list[float]:
    limits = []
    for place, key in enumerate(("min", "max"), 1):
        constant = optional(inputs, place)
        if constant is None and key in node.attributes:
            limits.append(node.number(key, 0.0))
        elif constant is not None and constant.size == 1:
            limits.append(float(constant.reshape(-1)[0]))
    return limits


def _pool(node: Node, data: Floats, _: list[Operand]) -> AnyMap:
    size, stride = symmetric(node, "kernel_shape", 0), stride_of(node)
    after = tuple((length - size) // stride + 1 for length in data.shape[:2])
    if (
        any(sides_of(node, data.shape, (size, size), stride))
        or node.integer("ceil_mode", 0)
        or size < 1
        or min(after) < 1
    ):
        raise CannotRunError("keeps windows that do not fit inside the map (`pads`, `ceil_mode`)")
    _check_image(data)
    return step(
        data, {"type": "max_pool", "size": size, "stride": stride}, (after[0], after[1], data.shape[2])
    )


def _average(node: Node, data: Floats, inputs: list[Operand]) -> AnyMap:
    _check_image(data)
    if node.op == "AveragePool" and not _averages_all(node, data, inputs):
        size, stride = symmetric(node, "kernel_shape", 0), stride_of(node)
        plain = not any(sides_of(node, data.shape, (size, size), stride)) and not node.integer("ceil_mode", 0)
        if size == stride == 1 and plain:
            return data
        if size == stride and plain and data.start is not None and data.before.fraction_bits is not None:
            return squares(data, size, averages=True)  # on a shortcut around the first layers
    if not _averages_all(node, data, inputs):
        raise CannotRunError("averages something else than the whole map")
    found = step(data, {"type": "average"}, (1, 1, data.shape[2]))
    if node.op == "ReduceMean" and not node.integer("keepdims", 1):
        return replace(found, places=found.places.reshape(1, -1))
    return found


def _check_image(data: Floats) -> None:
    if not is_image_like(data):
        raise CannotRunError("takes a map whose axes are not batch, channel, row, column")


def _sign(node: Node, data: Floats, inputs: list[Operand]) -> AnyMap:
    """Take a sign; on the host 0 counts as +1, as everywhere here."""
    size = Fraction(1)
    if node.op == "BipolarQuant":
        size = Fraction(float(required(inputs, 1).reshape(-1)[0]))
    if size <= 0:
        raise CannotRunError("has a scale that is not positive")
    return binarized(data, [Bound(Fraction(0))] * data.shape[2], -size, size)


def _compared(node: Node, data: Floats, inputs: list[Operand]) -> AnyMap:
    values = channel_values(data, required(inputs, 1))
    bounds = [Bound(Fraction(float(value)), *SIDES[node.op]) for value in values]
    return binarized(data, bounds, Fraction(0), Fraction(1))


def _moved(
    operation: Callable[[Node, list[Operand]], AnyMap],
) -> Callable[[Node, Floats, list[Operand]], AnyMap]:
    return lambda node, _, inputs: operation(node, inputs)


_OPERATIONS: dict[str, Callable[[Node, Floats, list[Operand]], AnyMap]] = {
    "Add": _arithmetic,
    "AveragePool": _average,
    "BatchNormalization": _norm,
    "BipolarQuant": _sign,
    "Clip": _function,
    "Concat": _moved(concat),
    "Conv": _conv,
    "Div": _arithmetic,
    "Dropout": _moved(same),
    "Flatten": _moved(flatten),
    "Gemm": _dense,
    "GlobalAveragePool": _average,
    "Greater": _compared,
    "GreaterOrEqual": _compared,
    "Identity": _moved(same),
    "Less": _compared,
    "LessOrEqual": _compared,
    "MatMul": _dense,
    "MaxPool": _pool,
    "Mul": _arithmetic,
    "ReduceMean": _average,
    "Relu": _function,
    "Reshape": _moved(reshape),
    "Sigmoid": _function,
    "Slice": _moved(sliced),
    "Sign": _sign,
    "Squeeze": _moved(squeeze),
    "Sub": _arithmetic,
    "Tanh": _function,
    "Transpose": _moved(transpose),
    "Unsqueeze": _moved(squeeze),
}
"""What the host has of each node."""
