"""Float ends of an ONNX model on the host: scores of the whole network, by PyTorch and by ONNX itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from o3sim.config.load import load_architecture  # noqa: E402 - onnx first, or skip
from o3sim.errors import InputError  # noqa: E402 - as above
from o3sim.formats.importers.qonnx.walk import import_onnx  # noqa: E402 - as above
from o3sim.network.infer import infer  # noqa: E402 - as above
from o3sim.network.load import load_network, load_workload  # noqa: E402 - as above
from o3sim.network.network import Network  # noqa: E402 - as above
from o3sim.runs.simulation import simulate  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import Builder, batch_norm, bits, scores  # noqa: E402 - as above

BOTH = ("first", "last")


def imported(folder: Path, model: Builder, host: tuple[str, ...] = BOTH) -> Network:
    path = folder / "model.onnx"
    path.write_bytes(model.model().SerializeToString())
    topology, _ = import_onnx(path, "net", host=host).write(folder / "net")
    return load_network(load_workload(topology))


def check(folder: Path, model: Builder, shape: tuple[int, int, int], host: tuple[str, ...] = BOTH) -> Network:
    network = imported(folder, model, host)
    images = np.random.default_rng(7).integers(0, 256, (8, *shape), np.uint8)
    for image in images:
        x = (image / 255).astype("f4").transpose(2, 0, 1)[None]
        found, wanted = infer(network, image).scores, scores(model.model(), x).reshape(-1)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    result = simulate(load_architecture("small"), network, images[:1])
    assert result.outputs_exact
    assert result.float_ends == network.host_parts
    return network


def first(model: Builder, random: np.random.Generator, between: str) -> Builder:
    model.add("Sub", np.array([0.4, 0.5, 0.6]).reshape(1, 3, 1, 1))
    model.add("Conv", random.normal(size=(5, 3, 3, 3)), random.normal(size=5), pads=[1] * 4)
    if between == "MaxPool":
        model.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    batch_norm(model, random, 5, 1)
    if between == "Clip":
        model.add("Clip", -1.0, 1.0)
    elif between in ("Tanh", "Neg"):
        model.add(*(("Mul", -0.5) if between == "Neg" else ("Tanh",)))
    return model


def middle(model: Builder, random: np.random.Generator) -> Builder:
    model.add("Conv", model.weights(bits(random, 6, 5, 3, 3)))
    return batch_norm(model, random, 6, 4)


@pytest.mark.parametrize("between", ["Clip", "Tanh", "MaxPool", "Neg", ""])
@pytest.mark.parametrize("sign", ["BipolarQuant", "Greater", "Less", "LessOrEqual"])
def test_first_and_last(tmp_path: Path, between: str, sign: str) -> None:
    random = np.random.default_rng(len(between) + len(sign))
    model = first(Builder([1, 3, 8, 8]), random, between)
    if sign == "BipolarQuant":
        model.sign(0.5)
    else:
        bounds = random.normal(scale=0.1, size=(1, 5, 1, 1))
        model.last = model.made("Where", model.made(sign, model.last, bounds), 1.0, -1.0)
    middle(model, random).sign(2.0)
    left = 1 if between == "MaxPool" else 3
    side = 2 if between == "MaxPool" else 6
    model.add("Conv", random.normal(size=(4, 6, 2, 2)), strides=[2, 2]).add("Relu").add("Flatten")
    assert side // 2 == left
    model.add("Gemm", random.normal(size=(10, 4 * left * left)), random.normal(size=10), transB=1)
    network = check(tmp_path, model, (8, 8, 3))
    assert network.host_parts == BOTH
    assert [layer.name for layer in network.layers] == ["conv1"]


@pytest.mark.parametrize("op", ["GlobalAveragePool", "ReduceMean"])
def test_an_average_before_a_float_layer(tmp_path: Path, op: str) -> None:
    random = np.random.default_rng(2)
    model = Builder([1, 3, 8, 8]).add("Sub", 0.39).sign()
    model.add("Conv", model.weights(bits(random, 5, 3, 3, 3)))
    middle(batch_norm(model, random, 5, 3).sign(), random).sign()
    model.add(op, **({"axes": [2, 3], "keepdims": 0} if op == "ReduceMean" else {}))
    model = model if op == "ReduceMean" else model.add("Flatten")
    model.add("MatMul", random.normal(size=(6, 10)))
    assert check(tmp_path, model, (8, 8, 3), ("last",)).host_parts == ("last",)


def test_channels_that_a_pool_inverted_are_turned_round(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    model = Builder([1, 1, 8, 8]).add("Sub", 0.39).sign()
    model.add("Conv", model.weights(bits(random, 4, 1, 3, 3)))
    model.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    model.add("Mul", np.array([1.0, -1.0, 2.0, -2.0]).reshape(1, 4, 1, 1)).add("Add", 0.5).sign()
    model.add("Flatten").add("MatMul", random.normal(size=(36, 3))).add("Mul", random.normal(size=3))
    check(tmp_path, model, (8, 8, 1), ("last",))


def test_a_binary_end_stays_the_machines(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    model = middle(first(Builder([1, 3, 8, 8]), random, "").sign(), random).sign()
    network = check(
        tmp_path, model.add("Flatten").add("MatMul", model.weights(bits(random, 216, 4))), (8, 8, 3)
    )
    assert network.host_parts == ("first",)
    assert network.layers[-1].scores


@pytest.mark.parametrize(
    ("host", "more", "message"),
    [
        ((), None, "gives the channels that go into a layer different scales or shifts"),
        (BOTH, ("LSTM", {}), "is not among the float operations that the host evaluates"),
        (BOTH, ("Clip", {"min": 0.0, "max": 1.0}), "clips to other limits than -1 and 1"),
        (BOTH, ("MaxPool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}), "keeps windows that do not fit"),
        (BOTH, ("AveragePool", {"kernel_shape": [2, 2]}), "averages something else than the whole map"),
        (BOTH, ("Softmax", {}), "has no sign: all of it would be the host's"),
    ],
)
def test_what_the_host_has_not(
    tmp_path: Path, host: tuple[str, ...], more: tuple[str, dict[str, Any]] | None, message: str
) -> None:
    model = first(Builder([1, 3, 8, 8]), np.random.default_rng(5), "")
    if more is not None:
        model.add(more[0], name="n", **more[1])
    with pytest.raises(InputError) as caught:
        imported(tmp_path, model, host)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "model.onnx"))


@pytest.mark.parametrize(("end", "host"), [("first", ()), ("last", ("first",))])
def test_float_weights_say_the_way_out(tmp_path: Path, end: str, host: tuple[str, ...]) -> None:
    random = np.random.default_rng(6)
    model = Builder([1, 3, 8, 8]).add("Conv", random.normal(size=(5, 3, 3, 3)), name="c1")
    middle(model.sign(), random).sign().add("Flatten").add("MatMul", random.normal(size=(96, 3)), name="m2")
    with pytest.raises(
        InputError, match=rf"`[cm][12]` .*that are not binary: .*; float {end} layers can be left"
    ):
        imported(tmp_path, model, host)


SCRIPT = """
import warnings
import numpy as np
import torch
from torch import nn

warnings.filterwarnings("ignore")


def binary(x):
    return torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm1 = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.conv, self.norm2 = nn.Conv2d(6, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = binary(nn.functional.hardtanh(self.norm1(self.stem(x))))
        x = binary(self.norm2(nn.functional.conv2d(x, binary(self.conv.weight))))
        return self.head(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


torch.manual_seed(1)
net = Net().eval()
for norm, spread in ((net.norm1, 0.3), (net.norm2, 2.0)):
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    norm.running_mean.normal_(std=spread)
nn.init.normal_(net.head.weight, std=3.0)
nn.init.zeros_(net.head.bias)
torch.onnx.export(net, (torch.rand(1, 3, 12, 12),), "model.onnx", dynamo=False)
coarse = np.random.default_rng(3).integers(0, 256, (40, 2, 2, 3))
images = coarse.repeat(6, axis=1).repeat(6, axis=2).astype(np.uint8)
with torch.no_grad():
    classes = net.double()(torch.from_numpy(images.transpose(0, 3, 1, 2) / 255)).argmax(1).numpy()
np.savez("answers.npz", images=images, classes=classes)
"""


def test_classes_are_those_of_pytorch(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    (tmp_path / "export.py").write_text(SCRIPT)
    subprocess.run([sys.executable, "export.py"], cwd=tmp_path, check=True, timeout=300)
    topology, _ = import_onnx(tmp_path / "model.onnx", "net", host=BOTH).write(tmp_path / "net")
    network = load_network(load_workload(topology))
    assert network.host_parts == BOTH
    answers = np.load(tmp_path / "answers.npz")
    found = [infer(network, image).predicted for image in answers["images"]]
    np.testing.assert_array_equal(found, answers["classes"])
    assert len(set(found)) > 1
