"""The operations that are known, by ONNX's and QONNX's names."""

from __future__ import annotations

from collections.abc import Callable

from o3sim.formats.importers.folding.maps import Map
from o3sim.formats.importers.qonnx.arithmetic import arithmetic, batch_norm_node, clip, negative
from o3sim.formats.importers.qonnx.arranging import cast, flatten, pad, reshape, same, squeeze, transpose
from o3sim.formats.importers.qonnx.graph import Node
from o3sim.formats.importers.qonnx.layers import conv, gemm, global_max_pool, matmul, max_pool, popcount
from o3sim.formats.importers.qonnx.operands import Operand
from o3sim.formats.importers.qonnx.signs import bipolar_quant, multi_threshold, quant, sign

Operation = Callable[[Node, list[Operand]], Map]

OPERATIONS: dict[str, Operation] = {
    "Add": arithmetic,
    "BatchNormalization": batch_norm_node,
    "BipolarQuant": bipolar_quant,
    "Cast": cast,
    "Clip": clip,
    "Conv": conv,
    "Div": arithmetic,
    "Dropout": same,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalMaxPool": global_max_pool,
    "Identity": same,
    "IntQuant": quant,
    "MatMul": matmul,
    "MaxPool": max_pool,
    "Mul": arithmetic,
    "MultiThreshold": multi_threshold,
    "Neg": negative,
    "Pad": pad,
    "Quant": quant,
    "Relu": clip,
    "Reshape": reshape,
    "Sign": sign,
    "Squeeze": squeeze,
    "Sub": arithmetic,
    "Transpose": transpose,
    "Unsqueeze": squeeze,
    "XnorPopcountMatMul": popcount,
}
"""What each does to the map of a network."""

SELECTIONS = ("ArgMax", "LogSoftmax", "Softmax", "TopK")
"""At the end of a network they leave the class as it is: the highest score."""

REASONS = {
    "AveragePool": "averages: a sum of bits is not a bit",
    "Concat": "joins maps: branches cannot be run",
    "ConvTranspose": "is a transposed convolution",
    "GlobalAveragePool": "averages: a sum of bits is not a bit",
    "Im2Col": "is a lowered convolution; import the model as it was before LowerConvsToMatMul",
    "LeakyRelu": "is not followed by a sign",
    "Trunc": "truncates: only single bits can be run",
}
"""Why operations that such models have are not run."""
