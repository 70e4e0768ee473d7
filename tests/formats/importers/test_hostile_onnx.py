"""Files that are broken or mean harm end in one line of error: no traceback, no memory, no other file."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.errors import InputError  # noqa: E402 - onnx first, or skip
from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import Builder, batch_norm  # noqa: E402 - as above


def valid() -> Any:
    """A model with most kinds of nodes, tensors and attributes."""
    random = np.random.default_rng(0)
    model = Builder([1, 1, 6, 6]).add("Sub", 0.39).sign()
    model.add("Conv", model.weights(random.integers(0, 2, (3, 1, 3, 3))), pads=[1] * 4, name="conv")
    batch_norm(model, random, 3, 2).add("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).sign().reshape(1, -1)
    matrix = model.made("Transpose", model.weights(random.integers(0, 2, (4, 27))), perm=[1, 0])
    return model.add("MatMul", matrix).add("Mul", 0.5).model()


def refused(folder: Path, content: bytes) -> str:
    path = folder / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        import_onnx(path, "net")
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def changed(change: Callable[[Any], object]) -> bytes:
    model = valid()
    change(model)
    return bytes(model.SerializeToString())


def test_the_valid_one_is_valid(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(valid().SerializeToString())
    assert import_onnx(tmp_path / "model.onnx", "net").keys["classes"] == 4


CONTENT = valid().SerializeToString()
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "cut"]),
        st.integers(0, len(CONTENT)),
        st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


def mutated(mutations: list[tuple[str, int, bytes]]) -> bytes:
    content = bytearray(CONTENT)
    for kind, at, octets in mutations:
        if kind == "set":
            content[at : at + len(octets)] = octets
        elif kind == "insert":
            content[at:at] = octets
        elif kind == "delete":
            del content[at : at + len(octets)]
        elif octets[0] < 32:  # not too often: most of a cut file is gone
            del content[at:]
    return bytes(content)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=MUTATIONS)
def test_any_bytes_are_a_network_or_an_error(tmp_path: Path, mutations: list[tuple[str, int, bytes]]) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(mutated(mutations))
    message = None
    try:
        import_onnx(path, "net").write(tmp_path / "net")
    except InputError as error:
        message = str(error)
    assert message is None or (message.startswith(f"{path}: ") and len(message.splitlines()) == 1)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_truncated(tmp_path: Path, share: float) -> None:
    assert "only a part of one" in refused(tmp_path, CONTENT[: int(share * len(CONTENT))])


def test_not_onnx_at_all(tmp_path: Path) -> None:
    assert "not an ONNX" in refused(tmp_path, b"name: tiny\nlayers: []\n")
    assert "not an ONNX" in refused(tmp_path, b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(InputError, match="cannot be read"):
        import_onnx(tmp_path / "absent.onnx", "net")
    with pytest.raises(InputError, match="cannot be read"):
        import_onnx(tmp_path, "net")


def with_tensor(index: int, values: Any) -> Callable[[Any], object]:
    def change(model: Any) -> None:
        name = model.graph.initializer[index].name
        model.graph.initializer[index].CopyFrom(onnx.numpy_helper.from_array(np.asarray(values, "f4"), name))

    return change


def overflowing(model: Any) -> None:
    with_tensor(11, 3e38)(model)
    with_tensor(12, 3e38)(model)


def dims(index: int, shape: list[int]) -> Callable[[Any], object]:
    def change(model: Any) -> None:
        model.graph.initializer[index].dims[:] = shape

    return change


def node_input(node: int, index: int, name: str) -> Callable[[Any], object]:
    def change(model: Any) -> None:
        model.graph.node[node].input[index] = name

    return change


def input_shape(*lengths: int) -> Callable[[Any], object]:
    def change(model: Any) -> None:
        shape = model.graph.input[0].type.tensor_type.shape
        for dim, length in zip(shape.dim, lengths, strict=True):
            dim.dim_value = length

    return change


def opset(version: int) -> Callable[[Any], object]:
    def change(model: Any) -> None:
        model.opset_import[0].version = version

    return change


# Tensors: 0 subtracted, 1 scale, 2 weights, 3 their scale, 4-7 batch norm, 8 scale, 9 shape, 10 weights,
# 11 scale, 12 factor.
BROKEN: list[tuple[str, Callable[[Any], object], str]] = [
    ("a scale of NaN", with_tensor(3, np.nan), "tensor `c3`: holds values that are infinite or no numbers"),
    ("an infinite mean", with_tensor(6, [0, np.inf, 0]), "tensor `c6`: holds values that are infinite"),
    ("a scale of 0", with_tensor(8, 0.0), "(BipolarQuant): gives 0 and 0"),
    ("an overflowing scale", overflowing, "beyond float32"),
    (
        "a negative variance",
        with_tensor(7, [1, 1, -5]),
        "(BatchNormalization): has a variance of -5 in channel 2",
    ),
    (
        "a mean too many",
        with_tensor(6, [0, 0, 0, 0]),
        "(BatchNormalization): combines a map of shape [1, 3, 6, 6]",
    ),
    (
        "huge weights",
        dims(2, [2**40, 2**40]),
        "tensor `c2`: has the shape [1099511627776, 1099511627776] but 27 values",
    ),
    ("negative lengths", dims(2, [-3, -1, 3, 3]), "tensor `c2`: has the shape [-3, -1, 3, 3] but 27 values"),
    ("other weights", dims(2, [1, 3, 3, 3]), "node `conv` (Conv): has weights of shape [1, 3, 3, 3]"),
    ("a huge image", input_shape(1, 60000, 60000, 60000), "60000 rows, 60000 columns and 60000 channels"),
    ("an endless image", input_shape(1, 1, 2**40, 1), "without a length of 1 to 65,536"),
    ("opset 99", opset(99), "opset 99 is not known here"),
    ("opset 1", opset(1), "opset 1 is not known here"),
    ("no opset", lambda model: model.ClearField("opset_import"), "names no ONNX opset"),
    (
        "a cycle",
        node_input(0, 0, "t6"),
        "take from each other: the graph is cyclic",
    ),
    ("nothing before", node_input(3, 0, "absent"), "node `conv` (Conv) takes `absent`"),
    (
        "twice made",
        lambda model: model.graph.node[1].output.__setitem__(0, "t0"),
        "gives `t0`, which node `Sub_0` (Sub) gives too",
    ),
    ("no output", lambda model: model.graph.ClearField("output"), "its graph has no output"),
    ("a constant output", lambda model: setattr(model.graph.output[0], "name", "c0"), "exactly one input"),
    ("no input", lambda model: model.graph.ClearField("input"), "takes `x`, which nothing gives"),
    (
        "a node's output that is a constant",
        lambda model: model.graph.node[1].output.__setitem__(0, "c0"),
        "gives `c0`, which the graph gives too",
    ),
    (
        "a control character",
        lambda model: setattr(model.graph.node[0], "op_type", "A\nB\x1b[31m"),
        "(A?B?[31m)",
    ),
    ("no inputs", lambda model: model.graph.node[3].ClearField("input"), "needs exactly one input"),
    (
        "a missing constant",
        lambda model: model.graph.node[3].input.__delitem__(1),
        "node `conv` (Conv): lacks its constant input 1",
    ),
    (
        "text for a number",
        lambda model: model.graph.node[3].attribute.append(onnx.helper.make_attribute("group", "x")),
        "has an attribute `group` that is no integer",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_broken(tmp_path: Path, change: Callable[[Any], object], message: str) -> None:
    tracemalloc.start()
    try:
        assert message in refused(tmp_path, changed(change))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def doubling() -> Any:
    """Forty times twice as many: a terabyte out of two kilobytes."""
    model = Builder([1, 1, 4, 4]).add("Flatten").add("Sub", 0.5).sign()
    grown = model.constant(np.ones(32))
    for _ in range(40):
        grown = model.made("Concat", grown, grown, axis=0)
    return model.add("MatMul", grown).model()


def spreading() -> Any:
    model = Builder([1, 1, 4, 4]).add("Flatten").add("Sub", 0.5).sign()
    spread = model.made("Mul", np.ones((30_000, 1)), np.ones((1, 30_000)))
    return model.add("MatMul", spread).model()


def copying() -> Any:
    """A thousand copies of the largest tensor."""
    model = Builder([1, 1, 4, 4]).add("Flatten").add("Sub", 0.5).sign()
    weights = model.constant(np.ones((16, 50_000)))
    for _ in range(1000):
        weights = model.made("Neg", weights)
    return model.add("MatMul", weights).model()


def growing_fractions() -> Any:
    model = Builder([1, 1, 4, 4]).add("Flatten").add("Sub", 0.5).sign()
    model.add("MatMul", np.ones((16, 2)))
    for _ in range(2000):
        model.add("Mul", 1.0000001)
    return model.model()


def enlarging() -> Any:
    """Padding and convolving a map until it has billions of elements."""
    model = Builder([1, 1, 4, 4]).add("Sub", 0.5).sign()
    for _ in range(3):
        model.add("Conv", np.ones((60_000, 1, 1, 1)), pads=[0] * 4)
    return model.model()


@pytest.mark.parametrize("model", [doubling, spreading, copying, growing_fractions, enlarging])
def test_what_would_fill_the_memory_is_refused_first(tmp_path: Path, model: Callable[[], Any]) -> None:
    content = model().SerializeToString()
    tracemalloc.start()
    try:
        refused(tmp_path, content)
        assert tracemalloc.get_traced_memory()[1] < 20 * len(content) + 50e6
    finally:
        tracemalloc.stop()


def test_constants_of_sums_that_mean_harm(tmp_path: Path) -> None:
    """Scales beyond any number of bits end in a line too, with the option as without."""
    model = Builder([1, 1, 4, 4]).add("Sub", 0.5).sign().add("Conv", np.ones((2, 1, 1, 1)))
    stream = model.last
    model.add("Mul", np.array([3e38, 1e-38]).reshape(1, 2, 1, 1)).sign()
    model.add("Conv", np.ones((2, 2, 1, 1))).add("Mul", 3e38).add("Add", stream, name="a").sign()
    content = model.add("Flatten").add("MatMul", model.weights(np.ones((32, 2)))).model().SerializeToString()
    assert "beyond 32 bits" in refused(tmp_path, content)
    with pytest.raises(InputError, match="beyond 32 bits: give fewer than --fraction-bits 20"):
        import_onnx(tmp_path / "model.onnx", "net", fraction_bits=20)
