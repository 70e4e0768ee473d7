"""Convolutions, matrix products and pools."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np

from o3sim.formats.importers.folding.adding import squares
from o3sim.formats.importers.folding.affine import scaled
from o3sim.formats.importers.folding.averaging import averaged
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, Sums, Taken, is_image_like
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.pooling import max_pooled
from o3sim.formats.importers.folding.products import convolution, dense
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import Operand, optional, required, symmetric, the_map
from o3sim.formats.importers.qonnx.windows import sides_of, stride_of

HALF = Fraction(1, 2)

_GENERATED = re.compile(r"(Conv|Gemm|MatMul|XnorPopcountMatMul)_\d+|node_.*|n\d+")
"""Names that exporters make up say less than a number of the layer's own."""


def _name(node: Node) -> str:
    return "" if _GENERATED.fullmatch(node.name) else node.name


def _into_layer(data: Map) -> Levels | Pixels:
    if isinstance(data, Sums) or (isinstance(data, Taken) and not data.bits):
        raise CannotRunError("takes sums that went through no sign: its input is not binary")
    if isinstance(data, Taken):
        raise CannotRunError(
            "takes bits that were averaged, sliced or scaled by channel: its input is not binary"
        )
    return data


def _bias(inputs: list[Operand], index: int, outputs: int) -> tuple[Fraction, ...] | None:
    bias = optional(inputs, index)
    if bias is None:
        return None
    if bias.size not in (1, outputs):
        raise CannotRunError(f"has a bias of shape {list(bias.shape)} for {outputs} outputs")
    return fractions(np.broadcast_to(bias.reshape(-1), (outputs,)))


def conv(node: Node, inputs: list[Operand]) -> Map:
    """Convolve with binary weights."""
    data, weights = _into_layer(the_map(inputs)), required(inputs, 1)
    if weights.ndim != 4:
        raise CannotRunError(
            f"has weights of shape {list(weights.shape)}; a convolution of images has 4 axes"
        )
    if node.integer("group", 1) != 1:
        raise CannotRunError("is grouped or depthwise: a neuron here sees all channels")
    if symmetric(node, "dilations", 1) != 1:
        raise CannotRunError("is dilated")
    stride = stride_of(node)
    zeros = sides_of(node, data.shape, weights.shape[2:], stride)
    return convolution(data, weights, _bias(inputs, 2, len(weights)), stride, zeros, _name(node))


def _vector(data: Levels | Pixels) -> Levels | Pixels:
    if data.places.shape[-1] != data.places.size:
        raise CannotRunError(f"multiplies a map of shape {list(data.places.shape)}; flatten it first")
    return data


def matmul(node: Node, inputs: list[Operand]) -> Map:
    """Multiply by a matrix of binary weights."""
    data, weights = _vector(_into_layer(the_map(inputs))), required(inputs, 1)
    if weights.ndim != 2:
        raise CannotRunError(f"has weights of shape {list(weights.shape)}; a matrix has 2 axes")
    sums = dense(data, weights.T, name=_name(node))
    return replace(sums, places=sums.places.reshape(*data.places.shape[:-1], -1))


def gemm(node: Node, inputs: list[Operand]) -> Map:
    """Multiply by a matrix and add a bias."""
    data, weights = _vector(_into_layer(the_map(inputs))), required(inputs, 1)
    if node.integer("transA", 0) or weights.ndim != 2 or data.places.ndim != 2:
        raise CannotRunError("transposes its input, or is no product of a vector and a matrix")
    matrix = weights if node.integer("transB", 0) else weights.T
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    bias = _bias(inputs, 2, len(matrix))
    if bias is not None:
        bias = tuple(value * Fraction(beta) for value in bias)
    if alpha != 1.0:
        raise CannotRunError("scales its product by `alpha`")
    sums = dense(data, matrix, bias, _name(node))
    return replace(sums, places=sums.places.reshape(1, -1))


def popcount(node: Node, inputs: list[Operand]) -> Map:
    """Count matches of bits 0 and 1: half of a dot of signs, plus half the edges."""
    data, weights = _into_layer(the_map(inputs)), required(inputs, 1)
    if (
        not isinstance(data, Levels)
        or data.fixed_point
        or (data.scale, data.offset) != (HALF, HALF)
        or data.averaged
    ):
        raise CannotRunError("takes other values than the bits 0 and 1")
    if weights.ndim != 2 or not np.isin(weights, (0, 1)).all():
        raise CannotRunError("has weights other than the bits 0 and 1")
    signs = matmul(node, [replace(data, scale=Fraction(1), offset=Fraction(0)), 2.0 * weights - 1])
    outputs = weights.shape[1]
    return scaled(signs, (HALF,) * outputs, (Fraction(len(weights), 2),) * outputs)


def max_pool(node: Node, inputs: list[Operand]) -> Map:
    """Take the maximum over windows."""
    data = the_map(inputs)
    size, stride = _window(node, data)
    return data if size == stride == 1 else _pooled(data, size, stride)


def average_pool(node: Node, inputs: list[Operand]) -> Map:
    """Average over the whole map, or over squares of what goes to be added."""
    data = the_map(inputs)
    if tuple(node.integers("kernel_shape") or ()) == data.shape[:2] and not any(node.integers("pads") or ()):
        try:
            return averaged(_image(data))
        except CannotRunError:
            if not isinstance(data, Sums):
                raise
    size, stride = _window(node, data)
    if size == stride == 1:
        return data
    if (
        size == stride
        and isinstance(data, (Levels, Sums))
        and not (isinstance(data, Levels) and data.fixed_point)
    ):
        return squares(_image(data), size, True)
    raise CannotRunError("averages windows: a sum of bits is not a bit")


def _window(node: Node, data: Map) -> tuple[int, int]:
    """Return size and stride of windows that all lie inside the map."""
    size, stride = symmetric(node, "kernel_shape", 0), stride_of(node)
    if symmetric(node, "dilations", 1) != 1:
        raise CannotRunError("is dilated")
    top, left, *ends = sides_of(node, data.shape, (size, size), stride)
    up = node.integer("ceil_mode", 0)
    for length, end in zip(data.shape[:2], ends, strict=True):
        whole, reach = (length - size) // stride, length + end - size
        if top or left or whole != (-(-reach // stride) if up else reach // stride):
            raise CannotRunError("keeps windows that do not fit inside the map (`pads`, `ceil_mode`)")
    return size, stride


def global_pool(node: Node, inputs: list[Operand]) -> Map:
    """Take the maximum over the whole map, which has to be square, or the average."""
    data = _image(the_map(inputs))
    if "Average" in node.op or node.op == "ReduceMean":
        return averaged(data)
    rows, columns, _channels = data.shape
    if rows != columns:
        raise CannotRunError(f"has a window of {rows}x{columns}, which is not square")
    return data if rows == 1 else _pooled(data, rows, rows)


_ORDERS: dict[tuple[int, ...], tuple[int, ...]] = {(2, 3): (0, 1, 2, 3), (1, 2): (0, 3, 1, 2)}
"""By the axes of rows and columns, how to put channels before them."""


def reduced(node: Node, inputs: list[Operand]) -> Map:
    """Take maximum or average over the axes of rows and columns, which may come last or before channels."""
    data = the_map(inputs)
    listed = optional(inputs, 1)
    axes = node.integers("axes") if listed is None else [int(axis) for axis in listed.reshape(-1)]
    count = data.places.ndim
    taken = tuple(sorted(axis % count for axis in axes or []))
    order = _ORDERS.get(taken) if count == 4 else None
    if order is None or not is_image_like(replace(data, places=data.places.transpose(order))):
        raise CannotRunError("reduces other axes than rows and columns")
    result = global_pool(node, [replace(data, places=data.places.transpose(order))])
    places = result.places.transpose(np.argsort(order))
    kept = node.integer("keepdims", 1)
    return replace(result, places=places if kept else np.squeeze(places, taken))


def _image(data: Map) -> Map:
    if not is_image_like(data):
        raise CannotRunError("takes a map whose axes are not batch, channel, row, column")
    return data


def _pooled(data: Map, size: int, stride: int) -> Map:
    if not (2 <= size <= 16 and 1 <= stride <= size):
        raise CannotRunError(
            f"has a window of {size} and a stride of {stride}; 2 to 16, without gaps, can be run"
        )
    return max_pooled(data, size, stride)
