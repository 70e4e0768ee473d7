"""Binarizers as people write them, each against ONNX's reference evaluator; refused with a third value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from onnx import TensorProto  # noqa: E402 - onnx first, or skip

from o3sim.errors import InputError  # noqa: E402 - as above
from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import Builder, batch_norm, bits, check, imported  # noqa: E402 - as above

FLOAT, INT8, INT32, INT64, BOOL, UINT8, HALF = (
    TensorProto.FLOAT,
    TensorProto.INT8,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.BOOL,
    TensorProto.UINT8,
    TensorProto.FLOAT16,
)

Binarizer = Callable[[Builder, str], str]


def chosen(model: Builder, x: str, op: str, yes: float = 1.0, no: float = -1.0) -> str:
    return model.made("Where", model.made(op, x, 0.0), yes, no)


def like(model: Builder, x: str) -> str:
    """`torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))`."""
    one = onnx.helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    ones = model.made("ConstantOfShape", model.made("Shape", x), value=one)
    return model.made("Where", model.made("GreaterOrEqual", x, 0.0), ones, model.made("Neg", ones))


def through(model: Builder, x: str) -> str:
    """`x + (sign(x) - x).detach()`."""
    return model.made("Add", x, model.made("Sub", model.made("Sign", x), x))


def back_through(model: Builder, x: str) -> str:
    """`x - (x - sign(x)).detach()`, with something else than x."""
    soft = model.made("Tanh" if x.startswith("c") else "Neg", x)
    return model.made("Sub", soft, model.made("Sub", soft, model.made("Sign", x)))


def times_two_less_one(model: Builder, x: str, types: list[int], op: str = "GreaterOrEqual") -> str:
    dtype = {FLOAT: "f4", INT32: "i4", INT64: "i8", INT8: "i1", HALF: "f2"}[types[0]]
    outcome = model.made("Cast", model.made(op, x, 0.0), to=types[0])
    found = model.made("Sub", model.made("Mul", outcome, model.constant(2, dtype)), model.constant(1, dtype))
    for to in types[1:]:
        found = model.made("Cast", found, to=to)
    return found


BINARIZERS: dict[str, Binarizer] = {
    "sign": lambda model, x: model.made("Sign", x),
    "where": lambda model, x: chosen(model, x, "GreaterOrEqual"),
    "where less": lambda model, x: chosen(model, x, "Less", -1.0, 1.0),
    "where greater": lambda model, x: chosen(model, x, "Greater"),
    "where not": lambda model, x: model.made(
        "Where", model.made("Not", model.made("Less", x, 0.0)), 1.0, -1.0
    ),
    "where backwards": lambda model, x: model.made(
        "Where", model.made("LessOrEqual", model.constant(0.0), x), 1.0, -1.0
    ),
    "ones like": like,
    "float": lambda model, x: times_two_less_one(model, x, [FLOAT]),
    "int32": lambda model, x: times_two_less_one(model, x, [INT32, FLOAT]),
    "int8": lambda model, x: times_two_less_one(model, x, [INT8, INT64, FLOAT], "Greater"),
    "half": lambda model, x: times_two_less_one(model, x, [HALF, FLOAT]),
    "straight through": through,
    "through another": back_through,
}


@pytest.mark.parametrize("name", BINARIZERS)
@pytest.mark.parametrize("pool", ["before", "behind"])
def test_every_way_to_binarize(tmp_path: Path, name: str, pool: str) -> None:
    random = np.random.default_rng(len(name))
    binarize = BINARIZERS[name]

    def weights(*shape: int) -> str:
        return binarize(model, model.constant(random.normal(size=shape)))

    model = Builder([1, 3, 8, 8])
    model.add("Sub", 0.39)
    model.last = binarize(model, model.last)
    model.add("Conv", weights(5, 3, 3, 3), name="Conv_7")
    batch_norm(model, random, 5, 3)
    window = {"kernel_shape": [2, 2], "strides": [2, 2]}
    if pool == "before":
        model.add("MaxPool", **window)
    model.last = binarize(model, model.last)
    if pool == "behind":
        model.add("MaxPool", **window)
    model.add("Flatten").add("MatMul", weights(45, 4), name="node_matmul_3")
    network = check(tmp_path, model.model(), (8, 8, 3))
    assert [layer.name for layer in network.layers] == ["conv1", "scores"]


def signed_sum(edges: int, shift: float | None = None, *between: str) -> Builder:
    """The sign of a sum of so many edges, then scores."""
    random = np.random.default_rng(1)
    model = Builder([1, 1, 1, edges]).add("Flatten").add("Sub", 0.39).sign()
    model.add("MatMul", model.weights(bits(random, edges, 3)), name="fc1")
    if shift is not None:
        model.add("Add", shift)
    for op in between:
        model.add(op)
    return model.add("Sign", name="s").add("MatMul", model.weights(bits(random, 3, 2)))


@pytest.mark.parametrize(
    ("edges", "shift"), [(7, None), (7, 0.0), (8, 0.5), (8, 1.0), (7, 2.0), (8, 10.0), (8, -9.0)]
)
def test_a_sign_where_no_sum_can_be_0(tmp_path: Path, edges: int, shift: float | None) -> None:
    check(tmp_path, signed_sum(edges, shift).model(), (1, edges, 1), 30)


@pytest.mark.parametrize(
    ("edges", "shift", "between"),
    [(8, None, ()), (7, 1.0, ()), (8, -8.0, ()), (7, None, ("Relu",)), (7, -3.0, ("Relu", "Neg"))],
)
def test_a_sign_where_a_sum_can_be_0(
    tmp_path: Path, edges: int, shift: float | None, between: tuple[str, ...]
) -> None:
    """A rectified sum is 0 for half of all inputs, so that its sign is 0 or 1, not -1 or 1."""
    with pytest.raises(InputError, match=r"`s` \(Sign\): is 0 .* what `fc1` gives in channel 0 can be 0"):
        imported(tmp_path, signed_sum(edges, shift, *between).model())


@pytest.mark.parametrize(("channels", "pads", "right"), [(3, 0, True), (3, 1, False), (2, 1, False)])
def test_edges_that_padding_takes_away(tmp_path: Path, channels: int, pads: int, right: bool) -> None:
    """27 edges in the middle, 12 and 18 at the border: sums that can be 0."""
    random = np.random.default_rng(2)
    model = Builder([1, channels, 4, 4]).add("Sub", 0.39).sign()
    model.add("Conv", model.weights(bits(random, 4, channels, 3, 3)), pads=[pads] * 4).add("Sign")
    left = 4 if not pads else 16
    model.add("Flatten").add("MatMul", model.weights(bits(random, 4 * left, 3)))
    if right:
        check(tmp_path, model.model(), (4, 4, channels))
    else:
        with pytest.raises(InputError, match="`conv layer 1 of the network` gives in channel 0 can be 0"):
            imported(tmp_path, model.model())


@pytest.mark.parametrize(("shift", "right"), [(127.5, True), (127.0, False), (300.0, True)])
def test_a_sign_of_pixels(tmp_path: Path, shift: float, right: bool) -> None:
    model = Builder([1, 1, 2, 2]).add("Flatten").add("Sub", shift).add("Sign", name="s")
    model.add("MatMul", model.weights(np.ones((4, 2))))
    if right:
        imported(tmp_path, model.model(), (0.0, 255.0))
    else:
        with pytest.raises(InputError, match="the pixel value 127 gives 0"):
            imported(tmp_path, model.model(), (0.0, 255.0))


def test_weights_of_zero_have_no_sign(tmp_path: Path) -> None:
    model = Builder([1, 1, 1, 4]).add("Flatten").add("Sub", 0.39).sign()
    model.add("MatMul", model.made("Sign", np.array([[0.5], [-0.5], [0.0], [1.0]], "f4")), name="fc")
    with pytest.raises(InputError, match=r"`fc` \(MatMul\): has weights that are not binary: output 0 has"):
        imported(tmp_path, model.model())


def test_weights_that_floats_rounded_are_noted(tmp_path: Path) -> None:
    """`w + (0.3 * sign(w) - w)`, worked out by an exporter."""
    latent = np.random.default_rng(3).normal(size=(64, 3)).astype("f4")
    rounded = latent + (np.sign(latent) * np.float32(0.3) - latent)
    assert len(np.unique(np.abs(rounded))) > 1
    model = Builder([1, 1, 8, 8]).add("Flatten").add("Sub", 0.39).sign().add("MatMul", rounded, name="fc")
    check(tmp_path, model.model(), (8, 8, 1))
    notes = import_onnx(tmp_path / "model.onnx", "net").notes
    assert any(note.startswith("fc: weights differ from one magnitude by up to ") for note in notes)


@pytest.mark.parametrize(
    ("to", "value", "op", "message"),
    [
        (UINT8, 1, "Sub", "gives whole numbers that uint8 does not hold"),
        (INT8, 100, "Mul", None),
        (INT32, 2, "Div", "divides whole numbers"),
    ],
)
def test_whole_numbers_that_go_round(
    tmp_path: Path, to: int, value: int, op: str, message: str | None
) -> None:
    """`(x >= 0).byte() - 1` is 255 or 0, whatever it was meant to be."""
    dtype = {UINT8: "u1", INT8: "i1", INT32: "i4"}[to]
    model = Builder([1, 1, 2, 2]).add("Flatten").add("GreaterOrEqual", 0.39).add("Cast", to=to)
    model.add(op, model.constant(value, dtype), name="n").add("Cast", to=FLOAT)
    model.add("MatMul", model.weights(np.ones((4, 2))))
    if message is None:
        check(tmp_path, model.model(), (2, 2, 1))
    else:
        with pytest.raises(InputError, match=message):
            imported(tmp_path, model.model())


def test_sums_are_not_cast(tmp_path: Path) -> None:
    model = Builder([1, 1, 2, 2]).add("Flatten").add("Sub", 0.39).sign()
    model.add("MatMul", model.weights(np.ones((4, 2)))).add("Cast", to=INT32, name="k")
    with pytest.raises(InputError, match=r"`k` \(Cast\): casts what are no whole numbers"):
        imported(tmp_path, model.model())


def test_a_sign_behind_channels_that_a_pool_inverted(tmp_path: Path) -> None:
    """Their 27 edges are 27 edges: what is odd stays odd."""
    random = np.random.default_rng(4)
    model = Builder([1, 1, 8, 8]).add("Sub", 0.39).sign()
    model.add("Conv", model.weights(bits(random, 3, 1, 3, 3))).add(
        "MaxPool", kernel_shape=[2, 2], strides=[2, 2]
    )
    model.add("Mul", np.array([1.0, -1.0, -2.0]).reshape(1, 3, 1, 1)).add("Add", 0.5).sign()
    model.add("Conv", model.weights(bits(random, 4, 3, 3, 3))).add("Sign").add("Flatten")
    check(tmp_path, model.add("MatMul", model.weights(bits(random, 4, 3))).model(), (8, 8, 1))
