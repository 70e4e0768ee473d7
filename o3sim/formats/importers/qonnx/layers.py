"""Convolutions, matrix products and pools."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np

from o3sim.formats.importers.folding.affine import scaled
from o3sim.formats.importers.folding.maps import Levels, Map, Pixels, Sums
from o3sim.formats.importers.folding.numbers import fractions
from o3sim.formats.importers.folding.pooling import max_pooled
from o3sim.formats.importers.folding.products import convolution, dense
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.operands import Operand, optional, required, symmetric, the_map

HALF = Fraction(1, 2)

_GENERATED = re.compile(r"(Conv|Gemm|MatMul|XnorPopcountMatMul)_\d+")
"""Names that exporters make up say less than a number of the layer's own."""


def _name(node: Node) -> str:
    return "" if _GENERATED.fullmatch(node.name) else node.name


def _into_layer(data: Map) -> Levels | Pixels:
    if isinstance(data, Sums):
        raise CannotRunError("takes sums that went through no sign: its input is not binary")
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
    if node.word("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise CannotRunError("leaves its padding to `auto_pad`; export it with explicit pads")
    stride, zeros = symmetric(node, "strides", 1), symmetric(node, "pads", 0, axes=4)
    if not (1 <= stride <= 64 and 0 <= zeros <= 63):
        raise CannotRunError(
            f"has a stride of {stride} and {zeros} rows of padding; 1 to 64 and 0 to 63 can be run"
        )
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
    if not isinstance(data, Levels) or data.fixed_point or (data.scale, data.offset) != (HALF, HALF):
        raise CannotRunError("takes other values than the bits 0 and 1")
    if weights.ndim != 2 or not np.isin(weights, (0, 1)).all():
        raise CannotRunError("has weights other than the bits 0 and 1")
    signs = matmul(node, [replace(data, scale=Fraction(1), offset=Fraction(0)), 2.0 * weights - 1])
    outputs = weights.shape[1]
    return scaled(signs, (HALF,) * outputs, (Fraction(len(weights), 2),) * outputs)


def max_pool(node: Node, inputs: list[Operand]) -> Map:
    """Take the maximum over windows."""
    data = the_map(inputs)
    size, stride = symmetric(node, "kernel_shape", 0), symmetric(node, "strides", 1)
    if size == stride == 1 and not any(node.integers("pads") or ()):
        return data
    if symmetric(node, "pads", 0, axes=4) or symmetric(node, "dilations", 1) != 1:
        raise CannotRunError("is padded or dilated")
    if node.word("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise CannotRunError("leaves its padding to `auto_pad`; export it with explicit pads")
    if node.integer("ceil_mode", 0) and any((length - size) % stride for length in data.shape[:2]):
        raise CannotRunError("keeps windows that do not fit (`ceil_mode`)")
    return _pooled(data, size, stride)


def global_max_pool(_: Node, inputs: list[Operand]) -> Map:
    """Take the maximum over the whole map, which has to be square."""
    data = the_map(inputs)
    rows, columns, _channels = data.shape
    if rows != columns:
        raise CannotRunError(f"has a window of {rows}x{columns}, which is not square")
    return data if rows == 1 else _pooled(data, rows, rows)


def _pooled(data: Map, size: int, stride: int) -> Map:
    if not (2 <= size <= 16 and 1 <= stride <= size):
        raise CannotRunError(
            f"has a window of {size} and a stride of {stride}; 2 to 16, without gaps, can be run"
        )
    return max_pooled(data, size, stride)
