"""QONNX models that no machine here can run: each is refused by the node that is in the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.errors import InputError  # noqa: E402 - onnx first, or skip
from o3sim.formats.importers.qonnx import walk  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import QONNX, Builder, imported  # noqa: E402 - as above


def bitmap(channels: int = 1) -> Builder:
    return Builder([1, channels, 4, 4]).add("Sub", 0.5).sign()


def product(model: Builder, inputs: int, name: str = "fc") -> Builder:
    return model.add("Flatten").add("MatMul", model.weights(np.ones((inputs, 2))), name=name)


def layer() -> Builder:
    """A layer of two channels on a map of 4x2."""
    return Builder([1, 1, 4, 2]).add("Sub", 0.5).sign().add("Conv", np.ones((2, 1, 1, 1)))


def block(way: str = "", scale: float = 1.0) -> Builder:
    """Add the sums of a layer to those of the next; `way` is what is on the shortcut."""
    model = layer().add("Mul", scale)
    stream, attributes = model.last, {}
    if way == "AveragePool":
        attributes = {"strides": [2, 2]}
        stream = model.made(way, stream, kernel_shape=[2, 2], strides=[2, 2])
    elif way:
        stream = model.made(way, stream, **({"perm": [0, 1, 3, 2]} if way == "Transpose" else {}))
    return model.sign().add("Conv", np.ones((2, 2, 1, 1)), **attributes).add("Add", stream, name="a")


def before_and_after() -> Builder:
    """Take a layer's bits before something is added to it, and its sums afterwards."""
    model = layer()
    stem = model.last
    body = model.sign().add("Conv", np.ones((2, 2, 1, 1))).last
    stream = model.made("Add", body, stem)
    return model.sign().add("Conv", np.ones((2, 2, 1, 1))).add("Add", stream, name="a")


def bits_and_sums_added() -> Builder:
    """Add a layer's sums to one layer and its bits to another."""
    model = layer()
    stem, bits = model.last, model.sign().last
    model.add("Conv", np.ones((2, 2, 1, 1))).add("Add", stem).sign()
    model.add("Conv", np.ones((2, 2, 1, 1)), name="late").add("Add", bits).sign()
    return model.add("Flatten").add("MatMul", model.weights(np.ones((16, 2))))


def two_bits_of_one() -> Builder:
    """Compare a layer with two thresholds, and join what layers make of either."""
    model = layer()
    stem = model.last
    first = model.sign().add("Conv", np.ones((2, 2, 1, 1))).last
    model.last = stem
    return model.add("Sub", 1.0).sign().add("Conv", np.ones((2, 2, 1, 1))).add("Add", first, name="a")


REFUSED: list[tuple[str, Callable[[], Builder], str]] = [
    (
        "ternary",
        lambda: bitmap().add("Conv", np.eye(3)[None, None], name="c"),
        "node `c` (Conv): has weights that are not binary: output 0 has 0, 1",
    ),
    (
        "depthwise",
        lambda: bitmap(2).add("Conv", np.ones((2, 1, 3, 3)), group=2, name="c"),
        "node `c` (Conv): is grouped or depthwise",
    ),
    (
        "dilated",
        lambda: bitmap().add("Conv", np.ones((2, 1, 2, 2)), dilations=[2, 2], name="c"),
        "node `c` (Conv): is dilated",
    ),
    (
        "oblong padding",
        lambda: bitmap().add("Conv", np.ones((2, 1, 3, 1)), pads=[1, 0, 1, 0], name="c"),
        "node `c` (Conv): pads its map by [1, 0, 1, 0] at top, left, bottom and right",
    ),
    (
        "oblong and too large",
        lambda: bitmap().add("Conv", np.ones((2, 1, 5, 3)), name="c"),
        "node `c` (Conv): has a kernel of 5x3 larger than the padded map of 4x4",
    ),
    (
        "uneven padding",
        lambda: bitmap().add("Conv", np.ones((2, 1, 3, 3)), pads=[0, 0, 1, 1], name="c"),
        "node `c` (Conv): pads its map by [0, 0, 1, 1] at top, left, bottom and right",
    ),
    (
        "channels",
        lambda: bitmap().add("Conv", np.ones((2, 3, 3, 3)), name="c"),
        "has weights of shape [2, 3, 3, 3] for a map of 1 channels",
    ),
    (
        "average",
        lambda: bitmap().add("AveragePool", kernel_shape=[2, 2], name="a"),
        "node `a` (AveragePool): averages windows",
    ),
    (
        "average of pixels",
        lambda: Builder([1, 1, 4, 4]).add("GlobalAveragePool", name="a"),
        "node `a` (GlobalAveragePool): averages the input",
    ),
    (
        "average of what overlaps",
        lambda: bitmap().add("Conv", np.ones((2, 1, 3, 3))).add("GlobalAveragePool", name="a"),
        "node `a` (GlobalAveragePool): averages sums: only those of the last layer",
    ),
    (
        "sign of an average",
        lambda: bitmap(2).add("GlobalAveragePool").add("Sub", 0.1).sign(),
        "compares averages that no layer has summed",
    ),
    ("unknown", lambda: bitmap().add("LSTM", name="l"), "node `l` (LSTM): is no operation of such a machine"),
    (
        "foreign",
        lambda: bitmap().add("Conv", np.ones((1, 1, 3, 3)), domain="com.microsoft", name="c"),
        "is of the domain `com.microsoft`",
    ),
    (
        "no sign",
        lambda: product(bitmap(), 16).add("MatMul", np.ones((2, 2)), name="m"),
        "node `m` (MatMul): takes sums that went through no sign",
    ),
    (
        "two bits",
        lambda: product(bitmap(), 16).add(
            "Quant", 1.0, 0.0, 2.0, domain=QONNX, signed=1, narrow=1, rounding_mode="ROUND", name="q"
        ),
        "node `q` (Quant): quantizes to 2 bits",
    ),
    (
        "three thresholds",
        lambda: product(bitmap(), 16).add("MultiThreshold", np.ones((2, 3)), domain=QONNX, name="t"),
        "only one a channel makes a single bit",
    ),
    (
        "ends in bits",
        lambda: product(bitmap(), 16).sign(),
        "ends in bits (if its last operation is a sign, export it without: the class is the highest sum",
    ),
    ("no layer", bitmap, "ends in bits"),
    (
        "sign of 0",
        lambda: product(bitmap(), 16).add("Sign", name="s"),
        "node `s` (Sign): is 0 where its input is, a third value, and what `fc` gives in channel 0 can be 0; "
        "binarize by `x >= 0`",
    ),
    (
        "scales",
        lambda: bitmap(2).add("Mul", np.array([1.0, 2.0]).reshape(1, 2, 1, 1), name="m"),
        "node `m` (Mul): gives the channels that go into a layer different scales",
    ),
    (
        "within a channel",
        lambda: (
            bitmap()
            .add("Conv", np.ones((1, 1, 3, 3)))
            .add("Add", np.arange(4.0).reshape(1, 1, 2, 2), name="a")
        ),
        "node `a` (Add): has an operand that varies within a channel",
    ),
    (
        "variance",
        lambda: product(bitmap(), 16).add("BatchNormalization", [1, 1], [0, 0], [0, 0], [1, -2], name="b"),
        "node `b` (BatchNormalization): has a variance of -2 in channel 1",
    ),
    (
        "branch",
        lambda: bitmap().twice("Add", name="a"),
        "node `a` (Add): adds two maps, none of them the sums of a layer",
    ),
    (
        "real scales",
        lambda: block(scale=0.3),
        "node `a` (Add): adds sums with the constant 0.3: integers can be run; --fraction-bits N",
    ),
    (
        "no floor",
        lambda: block("AveragePool"),
        "node `a` (Add): adds averages of sums, which are no integers before a Floor; --fraction-bits N",
    ),
    ("clipped", lambda: block("Relu"), "node `a` (Add): adds sums that were clipped or pooled"),
    (
        "shapes",
        lambda: block("Transpose"),
        "node `a` (Add): adds maps of the shapes [1, 2, 4, 2] and [1, 2, 2, 4]",
    ),
    (
        "three",
        lambda: block().twice("Add", name="b"),
        "node `b` (Add): adds two maps, none of them the sums of a layer",
    ),
    (
        "before and after",
        before_and_after,
        "node `a` (Add): joins branches that take a layer's sums before and",
    ),
    ("bits and sums", bits_and_sums_added, "`late` adds bits of `conv1`, of which another adds the sums"),
    ("two bits of one", two_bits_of_one, "node `a` (Add): joins branches that take different bits"),
    ("itself", lambda: layer().twice("Add", name="a"), "node `a` (Add): adds what the same"),
    (
        "floor",
        lambda: layer().add("Floor", name="f"),
        "node `f` (Floor): rounds down what is no average of sums",
    ),
    (
        "scaled bits",
        lambda: (
            layer()
            .sign()
            .add("Mul", np.array([1.0, 2.0]).reshape(1, 2, 1, 1))
            .add("Conv", np.ones((2, 2, 1, 1)), name="c")
        ),
        "node `c` (Conv): takes bits that were averaged, sliced or scaled by channel",
    ),
    (
        "pool twice",
        lambda: (
            bitmap()
            .add("Conv", np.ones((1, 1, 1, 1)))
            .add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
            .sign()
            .add("MaxPool", kernel_shape=[2, 2], name="p")
        ),
        "node `p` (MaxPool): is a second pool",
    ),
    (
        "pool of pixels",
        lambda: Builder([1, 1, 4, 4]).add("MaxPool", kernel_shape=[2, 2], name="p"),
        "node `p` (MaxPool): pools the input",
    ),
    (
        "ceil",
        lambda: (
            bitmap()
            .add("Conv", np.ones((1, 1, 2, 2)))
            .add("MaxPool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, name="p")
        ),
        "keeps windows that do not fit",
    ),
    (
        "padding",
        lambda: bitmap().pad(1, 0.5).add("Conv", np.ones((1, 1, 3, 3)), name="c"),
        "node `c` (Conv): pads with 0.5",
    ),
    (
        "after the end",
        lambda: product(bitmap(), 16).add("Softmax", name="s").add("Mul", 2.0, name="m"),
        "node `m` (Mul): comes after node `s` (Softmax)",
    ),
    (
        "axes",
        lambda: bitmap().add("Transpose", perm=[0, 2, 3, 1]).add("Conv", np.ones((1, 4, 1, 1)), name="c"),
        "node `c` (Conv): has weights",
    ),
    (
        "reshape",
        lambda: bitmap().reshape(3, 7, name="r"),
        "node `r` (Reshape): reshapes a map of shape [1, 1, 4, 4] to [3, 7]",
    ),
    ("division", lambda: bitmap().add("Div", 0.0, name="d"), "node `d` (Div): divides by 0"),
    (
        "wide input",
        lambda: Builder([1, 1, 4, 4]).add(
            "Quant", 1.0, 0.0, 24.0, domain=QONNX, signed=1, narrow=0, rounding_mode="ROUND", name="q"
        ),
        "quantizes the input to 24 bits",
    ),
    (
        "inputs",
        lambda: product(bitmap(), 15, "fc"),
        "node `fc` (MatMul): takes [15] inputs, the map before it has 16 elements",
    ),
    (
        "parts of a matrix",
        lambda: bitmap().add("MatMul", np.ones((4, 2)), name="m"),
        "multiplies a map of shape [1, 1, 4, 4]; flatten it first",
    ),
]


@pytest.mark.parametrize(
    ("model", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_cannot_be_run_is_refused_by_node(
    tmp_path: Path, model: Callable[[], Builder], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        imported(tmp_path, model().model())
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "model.onnx"))
    assert "\n" not in str(caught.value)


def test_more_maps_at_once_than_memory_may_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_HELD", 31)  # the sums of the shortcut and their signs, 16 elements each
    with pytest.raises(InputError, match=r"BipolarQuant.*: is one branch too many: more than 31 elements"):
        imported(tmp_path, block().model())
