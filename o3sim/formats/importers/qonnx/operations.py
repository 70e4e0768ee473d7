"""The operations that are known, by ONNX's and QONNX's names."""

from __future__ import annotations

from collections.abc import Callable

from o3sim.formats.importers.folding.maps import AnyMap
from o3sim.formats.importers.qonnx.arithmetic import arithmetic, batch_norm_node, clip, negative, rectified
from o3sim.formats.importers.qonnx.arranging import flatten, pad, reshape, same, squeeze, transpose
from o3sim.formats.importers.qonnx.comparisons import cast, compared, negation, sign, where
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.layers import (
    average_pool,
    conv,
    gemm,
    global_pool,
    matmul,
    max_pool,
    popcount,
    reduced,
)
from o3sim.formats.importers.qonnx.operands import Operand
from o3sim.formats.importers.qonnx.shortcuts import concat, floor, sliced
from o3sim.formats.importers.qonnx.signs import bipolar_quant, multi_threshold, quant

Operation = Callable[[Node, list[Operand]], AnyMap]

OPERATIONS: dict[str, Operation] = {
    "Add": arithmetic,
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm_node,
    "BipolarQuant": bipolar_quant,
    "Cast": cast,
    "Clip": clip,
    "Concat": concat,
    "Conv": conv,
    "Div": arithmetic,
    "Dropout": same,
    "Flatten": flatten,
    "Floor": floor,
    "Gemm": gemm,
    "GlobalAveragePool": global_pool,
    "GlobalMaxPool": global_pool,
    "Greater": compared,
    "GreaterOrEqual": compared,
    "Identity": same,
    "IntQuant": quant,
    "LeakyRelu": rectified,
    "Less": compared,
    "LessOrEqual": compared,
    "MatMul": matmul,
    "MaxPool": max_pool,
    "Mul": arithmetic,
    "MultiThreshold": multi_threshold,
    "Neg": negative,
    "Not": negation,
    "PRelu": rectified,
    "Pad": pad,
    "Quant": quant,
    "ReduceMax": reduced,
    "ReduceMean": reduced,
    "Relu": clip,
    "Reshape": reshape,
    "Sign": sign,
    "Slice": sliced,
    "Squeeze": squeeze,
    "Sub": arithmetic,
    "Transpose": transpose,
    "Unsqueeze": squeeze,
    "Where": where,
    "XnorPopcountMatMul": popcount,
}
"""What each does to the map of a network."""

SELECTIONS = ("ArgMax", "LogSoftmax", "Softmax", "TopK")
"""At the end of a network they leave the class as it is: the highest score."""

REASONS = {
    "ConvTranspose": "is a transposed convolution",
    "Im2Col": "is a lowered convolution; import the model as it was before LowerConvsToMatMul",
    "Trunc": "truncates: only single bits can be run",
}
"""Why operations that such models have are not run."""
