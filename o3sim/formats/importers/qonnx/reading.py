"""Read an ONNX file. Nothing outside the file is opened, and nothing larger than it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from o3sim.errors import InputError
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.graph import Graph, Node
from o3sim.formats.importers.qonnx.tensors import attribute_value, plain, tensor_array, text
from o3sim.inputs import parse_json, read_input

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
        return _graph(model, size)
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


def _graph(model: Any, size: int) -> Graph:
    _check_opset(model)
    graph = model.graph
    if not graph.node:
        raise CannotRunError("holds no graph, or one without nodes: not an ONNX model, or only a part of one")
    if len(graph.node) > MOST_NODES:
        raise CannotRunError(f"has more than {MOST_NODES} nodes")
    initializers = _by_name(graph.initializer)
    nodes = _needed([_node(proto) for proto in graph.node], graph)
    _check_order(nodes, {*initializers, *(text(value.name) for value in graph.input)})
    used = {name for node in nodes for name in node.inputs}
    inputs = [value for value in graph.input if text(value.name) in used - set(initializers)]
    if len(inputs) != 1:
        names = ", ".join(plain(text(value.name)) for value in inputs[:4]) or "none"
        raise CannotRunError(f"needs exactly one input that its output depends on, has {names}")
    constants = {name: tensor_array(initializers[name]) for name in initializers if name in used}
    return Graph(
        nodes,
        constants,
        text(inputs[0].name),
        _input_shape(inputs[0]),
        _takes_pixels(inputs[0], graph),
        text(graph.output[0].name),
        _classes(model),
        size,
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


def _needed(nodes: list[Node], graph: Any) -> tuple[Node, ...]:
    """Keep what the first output depends on; check that every tensor is made once."""
    makers: dict[str, Node] = {}
    for node in nodes:
        for name in filter(None, node.outputs):
            if name in makers:
                raise CannotRunError(
                    f"{node.label} gives {plain(name)}, which {makers[name].label} gives too"
                )
            makers[name] = node
    outputs = [text(value.name) for value in graph.output]
    if not outputs:
        raise CannotRunError("its graph has no output")
    if len({id(makers.get(name)) for name in outputs}) > 1:
        raise CannotRunError(
            f"has several outputs: {', '.join(map(plain, outputs[:4]))}; export one with the scores"
        )
    wanted, waiting = set(), outputs[:1]
    while waiting:
        maker = makers.get(waiting.pop())
        if maker is not None and id(maker) not in wanted:
            wanted.add(id(maker))
            waiting.extend(maker.inputs)
    return tuple(node for node in nodes if id(node) in wanted)


def _check_order(nodes: tuple[Node, ...], known: set[str]) -> None:
    """Check that nodes take what is there when their turn comes, as ONNX demands."""
    for node in nodes:
        missing = [name for name in node.inputs if name and name not in known]
        if missing:
            raise CannotRunError(
                f"{node.label} takes {plain(missing[0])}, which nothing before it gives: the graph is "
                "cyclic, not in order, or not whole"
            )
        known.update(node.outputs)


def _input_shape(value: Any) -> tuple[int, ...]:
    name = plain(text(value.name))
    if value.type.WhichOneof("value") != "tensor_type" or not value.type.tensor_type.HasField("shape"):
        raise CannotRunError(f"its input {name} has no shape")
    dims = value.type.tensor_type.shape.dim
    lengths = [dim.dim_value if dim.WhichOneof("value") == "dim_value" else None for dim in dims]
    if len(lengths) not in (2, 4):
        raise CannotRunError(f"its input {name} has {len(lengths)} axes; images have 4, features 2")
    if lengths[0] not in (1, 0, -1, None):  # 0 and -1: exporters' words for any
        raise CannotRunError(f"its input {name} is a batch of {lengths[0]}; export it with a batch of 1")
    known = [length for length in lengths[1:] if length is not None and 1 <= length <= 65_536]
    if len(known) < len(lengths) - 1:
        raise CannotRunError(f"its input {name} has an axis without a length of 1 to 65,536")
    return (1, *known)


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
