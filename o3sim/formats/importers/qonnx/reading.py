"""Read an ONNX file. Nothing outside its folder is opened, and nothing larger than its files is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from o3sim.errors import InputError
from o3sim.files.inputs import parse_json, read_input
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.beside import Beside
from o3sim.formats.importers.qonnx.graph import Graph, Node
from o3sim.formats.importers.qonnx.sorting import needed
from o3sim.formats.importers.qonnx.tensors import attribute_value, plain, tensor_array, text

OLDEST_OPSET = 7
"""From there on broadcasting works as NumPy's does, without attributes that say otherwise."""

LARGEST_FILE_BYTES = 2**31 - 1
"""What protobuf can hold."""

MOST_NODES = 100_000

STANDARD_DOMAINS = ("", "ai.onnx")


def read_graph(path: Path) -> Graph:
    """Read a model.

    Raises
    ------
    InputError
        If it is no whole ONNX file of a known opset, or its data are elsewhere or of a wrong size.
    """
    model, size = _parsed(path)
    try:
        return _graph(model, size, path.parent)
    except CannotRunError as error:
        raise InputError(f"{path}: {error}") from None


def _parsed(path: Path) -> tuple[Any, int]:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise InputError("ONNX files need the package onnx: pip install 'o3sim[onnx]'") from None
    content = read_input(path, LARGEST_FILE_BYTES)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, ValueError, RuntimeError):
        raise InputError(f"{path}: not an ONNX file, or only a part of one") from None
    return model, len(content)


def _graph(model: Any, size: int, folder: Path) -> Graph:
    _check_opset(model)
    graph = model.graph
    if not graph.node:
        raise CannotRunError("holds no graph, or one without nodes: not an ONNX model, or only a part of one")
    if len(graph.node) > MOST_NODES:
        raise CannotRunError(f"has more than {MOST_NODES} nodes")
    initializers = _by_name(graph.initializer)
    given = {*initializers, *(text(value.name) for value in graph.input)}
    outputs = [text(value.name) for value in graph.output]
    nodes = needed([_node(proto) for proto in graph.node], outputs, given)
    used = {name for node in nodes for name in node.inputs}
    inputs = [value for value in graph.input if text(value.name) in used - set(initializers)]
    if len(inputs) != 1:
        names = ", ".join(plain(text(value.name)) for value in inputs[:4]) or "none"
        raise CannotRunError(f"needs exactly one input that its output depends on, has {names}")
    beside = Beside(folder)
    constants = {name: tensor_array(initializers[name], beside) for name in initializers if name in used}
    batch, shape = _input_shape(inputs[0])
    return Graph(
        nodes,
        constants,
        text(inputs[0].name),
        shape,
        batch,
        _takes_pixels(inputs[0], graph),
        outputs[0],
        _classes(model),
        size + beside.read_bytes,
    )


def _check_opset(model: Any) -> None:
    from onnx.defs import onnx_opset_version

    versions = [entry.version for entry in model.opset_import if entry.domain in STANDARD_DOMAINS]
    if not versions:
        raise CannotRunError("names no ONNX opset: not an ONNX model, or only a part of one")
    if not all(OLDEST_OPSET <= version <= onnx_opset_version() for version in versions):
        raise CannotRunError(
            f"opset {versions[0]} is not known here; convert the model to one of {OLDEST_OPSET} to "
            f"{onnx_opset_version()} (onnx.version_converter)"
        )


def _by_name(tensors: Any) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for tensor in tensors:
        name = text(tensor.name)
        if name in named:
            raise CannotRunError(f"holds two tensors {plain(name)}")
        named[name] = tensor
    return named


def _node(proto: Any) -> Node:
    inputs, outputs = (tuple(map(text, names)) for names in (proto.input, proto.output))
    node = Node(text(proto.op_type), text(proto.domain), text(proto.name), inputs, outputs, attributes={})
    for attribute in proto.attribute:
        try:
            node.attributes[text(attribute.name)] = attribute_value(attribute)
        except CannotRunError as error:
            raise CannotRunError(f"{node.label}: attribute {plain(text(attribute.name))} {error}") from None
    return node


def _input_shape(value: Any) -> tuple[int, tuple[int, ...]]:
    """Return the batch, and the shape with a batch of 1 in its place: images are run one by one."""
    name = plain(text(value.name))
    if value.type.WhichOneof("value") != "tensor_type" or not value.type.tensor_type.HasField("shape"):
        raise CannotRunError(f"its input {name} has no shape")
    dims = value.type.tensor_type.shape.dim
    lengths = [dim.dim_value if dim.WhichOneof("value") == "dim_value" else None for dim in dims]
    if not 2 <= len(lengths) <= 4:
        raise CannotRunError(
            f"its input {name} has {len(lengths)} axes; a batch of images has 4, or 3, of features 2"
        )
    known = [length for length in lengths[1:] if length is not None and 1 <= length <= 65_536]
    if len(known) < len(lengths) - 1:
        raise CannotRunError(f"its input {name} has an axis without a length of 1 to 65,536")
    return max(1, lengths[0] or 1), (1, *known)


def _takes_pixels(value: Any, graph: Any) -> bool:
    from onnx import TensorProto

    if value.type.tensor_type.elem_type == TensorProto.UINT8:
        return True
    return ("finn_datatype", "UINT8") in _annotations(graph, text(value.name))


def _annotations(graph: Any, name: str) -> Iterator[tuple[str, str]]:
    for annotation in graph.quantization_annotation:
        if text(annotation.tensor_name) == name:
            for entry in annotation.quant_parameter_tensor_names:
                yield text(entry.key), text(entry.value)


def _classes(model: Any) -> list[str] | None:
    """Names of the classes, where the model says them as ``o3sim export`` does."""
    for entry in model.metadata_props:
        if entry.key == "classes":
            try:
                names = parse_json(entry.value)
            except ValueError:
                return None
            if isinstance(names, list) and all(isinstance(name, str) and name for name in names):
                return names
    return None
