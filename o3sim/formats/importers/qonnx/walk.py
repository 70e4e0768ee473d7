"""Follow a model from its input to its scores, node by node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.formats.importers.folding.finish import finished
from o3sim.formats.importers.folding.inputs import pixels
from o3sim.formats.importers.folding.maps import MAPS, AnyMap, Floats, Levels, Pixels, Sums
from o3sim.formats.importers.folding.refusal import CannotRunError
from o3sim.formats.importers.qonnx.arithmetic import adds_maps
from o3sim.formats.importers.qonnx.constants import folded
from o3sim.formats.importers.qonnx.graph import Graph, Node
from o3sim.formats.importers.qonnx.hosting import evaluated, handed_over, way_out
from o3sim.formats.importers.qonnx.operands import Operand
from o3sim.formats.importers.qonnx.operations import OPERATIONS, REASONS, SELECTIONS
from o3sim.formats.importers.qonnx.reading import STANDARD_DOMAINS, read_graph
from o3sim.formats.importers.qonnx.tensors import plain
from o3sim.formats.importers.written import ImportedWorkload

DOMAINS = (*STANDARD_DOMAINS, "onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general", "finn")
"""Whose operations are known: ONNX's own, and those of QONNX under the names it had."""

MOST_GROWTH = 8
"""Constants that nodes make take at most so many times the file's size, and a MiB: transposing and
quantizing weights doubles them; a file that unfolds further is refused."""


MOST_HELD = 2**27
"""Elements of maps that later nodes have still to read: four of the largest."""

MOST_FRACTION_BITS = 24
"""Of sums in fixed point, of 32 bits in all."""

LAYOUTS = ("nchw", "nhwc")
"""Channels first, as PyTorch has them, or last."""


def import_onnx(
    path: Path,
    name: str,
    input_range: tuple[float, float] | None = None,
    layout: str | None = None,
    host: Collection[str] = (),
    fraction_bits: int | None = None,
) -> ImportedWorkload:
    """Read an ONNX or QONNX model.

    Parameters
    ----------
    path : Path
        The ONNX file; tensors may be in files beside it.
    name : str
        Name of the workload.
    input_range : tuple of float, optional
        What the model's input is for the pixel values 0 and 255; if absent 0 and 1, or, where the
        input's type is UINT8, 0 and 255.
    layout : {"nchw", "nhwc"}, optional
        Where an image's channels are, if the first convolution and the transposes before it are not to
        say.
    host : collection of {"first", "last"}, optional
        Ends of the network whose float layers are left to the host.
    fraction_bits : int, optional
        Of sums that are added; if absent they have to be whole numbers.

    Raises
    ------
    InputError
        If the file is not usable, or, naming the node, if a machine of this kind cannot run it.
    """
    if layout is not None and layout not in LAYOUTS:
        raise InputError(f"--layout {layout}: expected `nchw` or `nhwc`{suggest(layout, LAYOUTS)}")
    if fraction_bits is not None and not 1 <= fraction_bits <= MOST_FRACTION_BITS:
        raise InputError(f"--fraction-bits {fraction_bits}: expected 1 to {MOST_FRACTION_BITS}")
    graph = read_graph(path)
    try:
        if input_range is None:
            input_range = (0.0, 255.0) if graph.pixel_input else (0.0, 1.0)
        inputs = _inputs_of(graph, input_range, fraction_bits)
        readings = [inputs[layout]] if layout in inputs else list(inputs.values())
        data = _first_walked(graph, readings, frozenset(host))
        bits = "" if fraction_bits is None else f", sums in fixed point of {fraction_bits} fraction bits"
        workload = finished(data, name, f"from {path.name}{bits}", f"{path.name} (ONNX)", graph.classes)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if layout is None and len(inputs) > 1 and workload.keys["layers"][0]["type"] == "dense":
        shown = " ".join(map(str, graph.shape[1:]))
        note = f"input {shown}: channels first, since no convolution says otherwise; --layout nhwc if last"
        return replace(workload, notes=(note, *workload.notes))
    return workload


class _StoppedError(CannotRunError):
    """The walk ended at a node."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


def _first_walked(graph: Graph, inputs: Sequence[Pixels], host: frozenset[str]) -> AnyMap:
    """Follow the input that fits; if none does, say what stopped the one that came farthest."""
    stops = []
    for data in inputs:
        try:
            return _walked(graph, data, host)
        except _StoppedError as stop:
            stops.append(stop)
    raise max(stops, key=lambda stop: stop.place)


def _inputs_of(
    graph: Graph, input_range: tuple[float, float], fraction_bits: int | None
) -> dict[str, Pixels]:
    """Make the input map, by layout; with fewer axes than four there is only one."""
    if not np.isfinite(input_range).all():
        raise CannotRunError("an input range needs two finite numbers")
    low, high = map(Fraction, input_range)
    lengths = graph.shape
    if len(lengths) < 4:
        rows, columns = lengths[1:] if len(lengths) == 3 else (1, lengths[1])
        data = pixels((rows, columns, 1), low, high, fraction_bits)
        return {"": replace(data, places=data.places.reshape(lengths))}
    _, one, two, three = lengths
    first = pixels((two, three, one), low, high, fraction_bits)
    last = pixels((one, two, three), low, high, fraction_bits)
    return {"nchw": first, "nhwc": replace(last, places=last.places.transpose(0, 2, 3, 1))}


def _walked(graph: Graph, data: Pixels, host: frozenset[str]) -> AnyMap:
    values: dict[str, Operand] = {**graph.constants, graph.input: data, "": None}
    readers = Counter(name for node in graph.nodes for name in set(node.inputs))
    takers = Counter(name for node in graph.nodes for name in set(node.inputs) if node.op != "Shape")
    spare_bytes = MOST_GROWTH * graph.file_bytes + 2**20
    end: Node | None = None
    held = data.places.size
    for place, node in enumerate(graph.nodes):
        try:
            if end is not None and _reads_map(node, values):
                raise CannotRunError(f"comes after {end.label}, which ends a network")
            inputs = _one_image(node, [values[name] for name in node.inputs], graph.batch)
            result = _numbered(_result(node, handed_over(node, inputs, host)), node, place, takers)
            if isinstance(result, np.ndarray):
                spare_bytes -= result.nbytes if result.base is None else 0
                if spare_bytes < 0:
                    raise CannotRunError(f"unfolds constants to {MOST_GROWTH} times the file's size")
            held += _elements(result) - _forget(node, values, readers)
            if held > MOST_HELD:
                raise CannotRunError(
                    f"is one branch too many: more than {MOST_HELD:,} elements are to be kept"
                )
        except CannotRunError as error:
            raise _StoppedError(place, f"{node.label}: {error}") from None
        if node.op in SELECTIONS and not isinstance(result, np.ndarray):
            end = node
        values.update(dict.fromkeys(filter(None, node.outputs), result))
    try:
        return _scores(values.get(graph.output), graph)
    except CannotRunError as error:
        raise _StoppedError(len(graph.nodes), str(error)) from None


def _one_image(node: Node, inputs: list[Operand], batch: int) -> list[Operand]:
    """Reshape to one image where a file reshapes to its batch."""
    shape = inputs[1] if node.op == "Reshape" and len(inputs) > 1 else None
    if batch == 1 or not isinstance(shape, np.ndarray) or not isinstance(inputs[0], MAPS):
        return inputs
    if shape.ndim != 1 or not shape.size or shape[0] != batch:
        return inputs
    return [inputs[0], np.concatenate([[1], shape[1:]]).astype(shape.dtype)]


def _scores(value: Operand, graph: Graph) -> AnyMap:
    if not isinstance(value, MAPS):
        raise CannotRunError(f"its output {plain(graph.output)} does not depend on its input")
    return value


def _reads_map(node: Node, values: dict[str, Operand]) -> bool:
    return any(isinstance(values.get(name), MAPS) for name in node.inputs)


def _numbered(result: AnyMap | NDArray[Any], node: Node, place: int, takers: Counter[str]) -> Operand:
    """Give a layer its node's number, and mark sums that several nodes take."""
    if not isinstance(result, Sums):
        return result
    if result.layer.number < 0:
        result = replace(result, layer=replace(result.layer, number=place))
    if result.mark is None and takers[node.outputs[0]] > 1:
        result = replace(result, mark=len(result.steps))
    return result


def _forget(node: Node, values: dict[str, Operand], readers: Counter[str]) -> int:
    """Drop what no further node reads, and return how many elements of maps that were."""
    freed = 0
    for name in set(node.inputs) - {""}:
        readers[name] -= 1
        if readers[name] == 0:
            freed += _elements(values.pop(name))
    return freed


def _elements(value: Operand) -> int:
    return value.places.size if isinstance(value, MAPS) else 0


def _result(node: Node, inputs: list[Operand]) -> AnyMap | NDArray[Any]:
    if node.domain not in DOMAINS:
        raise CannotRunError(f"is of the domain {plain(node.domain)}, which is not known here")
    constants = [value for value in inputs if isinstance(value, np.ndarray)]
    if len(constants) == sum(value is not None for value in inputs):
        return folded(node, constants)
    if node.op == "Shape":
        return _shape(inputs)
    if node.op in SELECTIONS:
        return _selected(inputs)
    if isinstance(inputs[0], Floats) and not adds_maps(node, inputs):
        return evaluated(node, inputs)
    operation = OPERATIONS.get(node.op)
    if operation is None:
        reason = REASONS.get(node.op, f"is no operation of such a machine{suggest(node.op, OPERATIONS)}")
        raise CannotRunError(reason)
    try:
        return operation(node, inputs)
    except CannotRunError as error:
        raise CannotRunError(f"{error}{way_out(node, inputs)}") from None


def _shape(inputs: list[Operand]) -> NDArray[np.int64]:
    data = inputs[0]
    if not isinstance(data, (Pixels, Levels, Sums)) or (isinstance(data, Levels) and data.padded):
        raise CannotRunError("asks for the shape of nothing, or of a padded map")
    return np.array(data.places.shape, np.int64)


def _selected(inputs: list[Operand]) -> AnyMap:
    """Pass scores on: the highest stays the highest."""
    if not isinstance(inputs[0], (Sums, Floats)):
        raise CannotRunError("selects from what are no scores")
    return inputs[0]
