"""An ONNX model in the making."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 13
IR_VERSION = 8
QONNX_DOMAIN = "qonnx.custom_op.general"

INPUT = "image"


@dataclass
class Model:
    """Nodes and tensors as they come.

    Attributes
    ----------
    last : str
        The tensor that the next node takes.
    """

    nodes: list[Any] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)
    last: str = INPUT

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a tensor and return its name."""
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def number(self, name: str, value: float) -> str:
        """Add a float32 number and return its name."""
        return self.constant(name, np.array(value, np.float32))

    def node(self, op: str, name: str, *constants: str, **attributes: Any) -> None:
        """Add a node that takes the last tensor, then constants."""
        self.last = self.made(op, name, self.last, *constants, **attributes)

    def made(self, op: str, name: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of the tensor it gives."""
        from onnx import helper

        domain = QONNX_DOMAIN if op in ("BipolarQuant", "MultiThreshold", "Quant") else None
        self.nodes.append(helper.make_node(op, inputs, [f"{name}_out"], name, domain=domain, **attributes))
        return f"{name}_out"

    def finished(self, name: str, version: str, image: tuple[int, int, int], classes: Sequence[str]) -> bytes:
        """Return the model as a file's content: the same bytes for the same network.

        Parameters
        ----------
        image : tuple of int
            Rows, columns, channels.
        """
        from onnx import TensorProto, helper

        rows, columns, channels = image
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, channels, rows, columns])],
            [helper.make_tensor_value_info(self.last, TensorProto.FLOAT, [1, len(classes)])],
            self.tensors,
        )
        # QONNX's way to say that the float32 tensor holds whole pixel values.
        pixels = graph.quantization_annotation.add(tensor_name=INPUT)
        pixels.quant_parameter_tensor_names.add(key="finn_datatype", value="UINT8")
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(QONNX_DOMAIN, 1)]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="o3sim",
            producer_version=version,
        )
        helper.set_model_props(model, {"classes": json.dumps(list(classes))})
        content: bytes = model.SerializeToString(deterministic=True)
        return content
