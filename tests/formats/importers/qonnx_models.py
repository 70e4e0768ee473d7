"""Small QONNX models to import, and what they answer by ONNX's own reference evaluator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from o3sim.formats.importers.qonnx.walk import import_onnx
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload
from o3sim.network.network import Network

BREVITAS = "onnx.brevitas"
QONNX = "qonnx.custom_op.general"

Array = NDArray[Any]


class Builder:
    """A chain of nodes from the input `x`."""

    def __init__(self, shape: list[int], opset: int = 15) -> None:
        self.shape, self.opset = shape, opset
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self.last = "x"

    def constant(self, values: Any, dtype: str = "f4") -> str:
        name = f"c{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(self, op: str, *constants: Any, name: str = "", domain: str = "", **attributes: Any) -> Builder:
        """Append a node; constants that are no names become tensors."""
        self.last = self.made(op, self.last, *constants, name=name, domain=domain, **attributes)
        return self

    def made(self, op: str, *inputs: Any, name: str = "", domain: str = "", **attributes: Any) -> str:
        given = [item if isinstance(item, str) else self.constant(item) for item in inputs]
        output = f"t{len(self.nodes)}"
        node = helper.make_node(
            op, given, [output], name or f"{op}_{len(self.nodes)}", domain=domain, **attributes
        )
        self.nodes.append(node)
        return output

    def twice(self, op: str, name: str) -> Builder:
        """Append a node that takes the last tensor twice."""
        return self.add(op, self.last, name=name)

    def reshape(self, *shape: int, name: str = "") -> Builder:
        return self.add("Reshape", self.constant(shape, "i8"), name=name)

    def pad(self, side: int, value: float) -> Builder:
        return self.add("Pad", self.constant([0, 0, side, side] * 2, "i8"), value)

    def sign(self, scale: float = 1.0) -> Builder:
        return self.add("BipolarQuant", scale, domain=BREVITAS)

    def weights(self, bits: Array, scale: Any = 1.0) -> str:
        """Latent weights whose signs are `bits`, through BipolarQuant."""
        latent = np.where(bits, 0.5, -0.25).astype("f4")
        return self.made("BipolarQuant", latent, np.asarray(scale, "f4"), domain=BREVITAS)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "test",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)],
            self.tensors,
        )
        opsets = [
            helper.make_opsetid(name, version)
            for name, version in (("", self.opset), (BREVITAS, 1), (QONNX, 1))
        ]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def batch_norm(model: Builder, random: np.random.Generator, channels: int, spread: float) -> Builder:
    """Batch norm with scales of either sign, and one of 0."""
    gamma = random.normal(size=channels)
    gamma[0] = 0.0
    mean = random.normal(scale=spread, size=channels)
    return model.add(
        "BatchNormalization",
        gamma,
        random.normal(scale=0.5, size=channels),
        mean,
        random.uniform(0.5, 4, channels),
    )


class BipolarQuant(OpRun):
    op_domain = BREVITAS

    def _run(self, x: Array, scale: Array) -> tuple[Array]:
        return ((np.where(x >= 0, 1, -1) * scale).astype(x.dtype),)


class BipolarQuantOfQonnx(BipolarQuant):
    op_domain = QONNX


BipolarQuantOfQonnx.__name__ = "BipolarQuant"


class Quant(OpRun):
    op_domain = QONNX

    def _run(
        self, x: Array, scale: Array, zero: Array, bits: Array, signed: int, narrow: int, rounding_mode: str
    ) -> tuple[Array]:
        least = -(2.0 ** (bits - 1)) + narrow if signed else 0.0
        most = 2.0 ** (bits - 1) - 1 if signed else 2.0**bits - 1 - narrow
        rounded = np.rint(np.clip(x.astype("f8") / scale + zero, least, most))
        return (((rounded - zero) * scale).astype(x.dtype),)


class MultiThreshold(OpRun):
    op_domain = QONNX

    def _run(
        self, x: Array, bounds: Array, out_scale: float, out_bias: float, out_dtype: str, **_: Any
    ) -> tuple[Array]:
        shape = [1, len(bounds)] + [1] * (x.ndim - 2)
        reached = (x >= bounds[:, 0].reshape(shape)).astype(x.dtype)
        return ((reached * out_scale + out_bias).astype(x.dtype),)


class XnorPopcountMatMul(OpRun):
    op_domain = QONNX

    def _run(self, x: Array, weights: Array) -> tuple[Array]:
        return (((2 * x - 1) @ (2 * weights - 1) + len(weights)) / 2,)


def scores(model: onnx.ModelProto, x: Array) -> Array:
    """Evaluate a model on one input by ONNX's reference implementation."""
    operations = [BipolarQuant, BipolarQuantOfQonnx, Quant, MultiThreshold, XnorPopcountMatMul]
    found: Array = ReferenceEvaluator(model, new_ops=operations).run(None, {model.graph.input[0].name: x})[0]
    return found


def imported(folder: Path, model: Any, input_range: tuple[float, float] | None = None) -> Network:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    topology, _ = import_onnx(path, "net", input_range).write(folder / "net")
    return load_network(load_workload(topology))


def check(folder: Path, model: Any, shape: tuple[int, int, int], count: int = 8) -> Network:
    """Compare scores on random images; inputs are 0 to 1."""
    network = imported(folder, model)
    images = np.random.default_rng(7).integers(0, 256, (count, *shape), np.uint8)
    for image in images:
        x = (image / 255).astype("f4").transpose(2, 0, 1)[None]
        np.testing.assert_allclose(
            infer(network, image).scores, scores(model, x).reshape(-1), rtol=1e-5, atol=1e-4
        )
    return network


def bits(random: np.random.Generator, *shape: int) -> Any:
    return random.integers(0, 2, shape)


def tail(model: Builder, random: np.random.Generator, inputs: int) -> Any:
    """End in three scores."""
    return model.sign().add("Flatten").add("MatMul", model.weights(bits(random, inputs, 3))).model()
