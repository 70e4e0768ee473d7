"""Sums with real scales in fixed point: what rounds, by how much, and that it is said."""

from __future__ import annotations

import re
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
from o3sim.network.bits.layers import evaluated, pooled  # noqa: E402 - as above
from o3sim.network.flow import Flow  # noqa: E402 - as above
from o3sim.network.infer import infer  # noqa: E402 - as above
from o3sim.network.load import load_network, load_workload  # noqa: E402 - as above
from o3sim.network.network import Network  # noqa: E402 - as above
from o3sim.runs.simulation import simulate  # noqa: E402 - as above
from tests.formats.importers.qonnx_models import Builder, batch_norm, bits, scores, tail  # noqa: E402 - as above

Read = tuple[Network, tuple[str, ...]]


def read(folder: Path, model: Any, fraction_bits: int | None = None, host: tuple[str, ...] = ()) -> Read:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    workload = import_onnx(path, "net", host=host, fraction_bits=fraction_bits)
    topology, _ = workload.write(folder / "net")
    return load_network(load_workload(topology)), workload.notes


def images(network: Network, count: int = 12) -> Any:
    return np.random.default_rng(7).integers(0, 256, (count, *network.input_shape), np.uint8)


def check(network: Network, model: Any) -> None:
    """Compare scores with those of ONNX itself, and output bits with those of a machine."""
    for image in images(network):
        x = (image / 255).astype("f4").transpose(2, 0, 1)[None]
        wanted = scores(model, x).reshape(-1)
        np.testing.assert_allclose(infer(network, image).scores, wanted, rtol=1e-3, atol=1e-3)
    assert simulate(load_architecture("small"), network, images(network, 1)).outputs_exact


def stem(channels: int = 4, side: int = 6) -> Builder:
    chance = np.random.default_rng(1)
    model = Builder([1, 3, side, side]).add("Sub", 0.41).sign()
    return model.add("Conv", model.weights(bits(chance, channels, 3, 3, 3)), pads=[1] * 4)


def block(model: Builder, seed: int, norm: str = "real", channels: int = 4) -> Builder:
    """Add a stream to a convolution of its signs."""
    chance = np.random.default_rng(seed)
    stream = model.last
    model.sign().add("Conv", model.weights(bits(chance, channels, channels, 3, 3)), pads=[1] * 4)
    if norm == "real":
        batch_norm(model, chance, channels, 6)
    elif norm:
        model.add("Mul", chance.choice([-0.5, 0.25, 1.5], channels).reshape(1, channels, 1, 1))
        model.add("Add", 0.75)
    return model.add("Add", stream)


def residual(norm: str = "real") -> Builder:
    model = stem()
    model = batch_norm(model, np.random.default_rng(2), 4, 3) if norm == "real" else model
    return block(block(model, 3, norm), 4, norm)


def test_real_scales_are_as_good_as_those_of_the_model(tmp_path: Path) -> None:
    model = tail(residual(), np.random.default_rng(5), 144)
    network, notes = read(tmp_path, model, 16)
    check(network, model)
    assert re.fullmatch(
        r"conv1: sums in units of 2\^-16, off by \S+ at most .*; its bits are exact", notes[0]
    )
    # The first channel's scale is 0, so that all its 37 dots count alike; of others one is near a threshold.
    wanted = r"conv3: .*; 4 of 4 thresholds can come out differently, for 40 of 148 dots at most"
    assert re.fullmatch(wanted, notes[2])
    assert "fixed point of 16 fraction bits" in (tmp_path / "net.yaml").read_text()


def test_without_the_option_real_scales_are_refused_and_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Add\): adds sums with the constant .*; --fraction-bits N writes"):
        read(tmp_path, tail(residual(), np.random.default_rng(5), 144))


def test_scales_that_the_bits_hold_are_exact(tmp_path: Path) -> None:
    model = tail(residual("dyadic"), np.random.default_rng(5), 144)
    network, notes = read(tmp_path, model, 2)
    assert [note.split(": ")[1] for note in notes] == ["sums in units of 2^-2, exactly"] * 3
    check(network, model)
    _, coarse = read(tmp_path, model, 1)
    assert "exactly" not in coarse[1]


def sums(network: Network, image: Any) -> dict[str, Any]:
    flow, found = Flow(network.layers, image, network.encode(image)), {}
    for layer in network.layers[:-1]:
        outcome, made = evaluated(layer, flow.inputs_of(layer))
        flow.put(layer, pooled(layer.geometry, outcome), made)
        found[layer.name] = made
    return found


@pytest.mark.parametrize("average", [False, True])
def test_no_sum_is_off_by_more_than_is_said(tmp_path: Path, average: bool) -> None:
    model = batch_norm(stem(), np.random.default_rng(2), 4, 3)
    if average:  # the second layer halves rows and columns
        stream = model.made("AveragePool", model.last, kernel_shape=[2, 2], strides=[2, 2])
        model.sign().add("Conv", model.weights(bits(np.random.default_rng(3), 4, 4, 2, 2)), strides=[2, 2])
        model = batch_norm(model, np.random.default_rng(4), 4, 6).add("Add", stream)
    else:
        block(model, 3)
    made = tail(block(model, 8), np.random.default_rng(5), 36 if average else 144)
    coarse, notes = read(tmp_path, made, 3)
    fine, _ = read(tmp_path, made, 20)
    found = re.search(r"off by (\S+) at most", notes[1])
    assert found is not None
    said, most = float(found[1]), 0.0
    for image in images(fine, 40):  # signs of the first layer are exact, so the second one's dots are equal
        one, other = sums(coarse, image)["conv2"] / 2**3, sums(fine, image)["conv2"] / 2**20
        most = max(most, float(np.abs(one - other).max()))
    assert said / 4 < most <= said * 1.01


def test_sums_that_others_take_may_be_compared_either_way(tmp_path: Path) -> None:
    model = stem()
    stream = model.last
    model.add("Mul", np.array([1.0, -1.0, 2.0, -0.5]).reshape(1, 4, 1, 1)).add("Add", 0.3).sign()
    model.add("Conv", model.weights(bits(np.random.default_rng(3), 4, 4, 3, 3)), pads=[1] * 4).add(
        "Add", stream
    )
    made = tail(model, np.random.default_rng(5), 144)
    network, _ = read(tmp_path, made)
    check(network, made)


@pytest.mark.parametrize("way", ["MaxPool", "Pad", "Add"])
def test_a_second_reader_that_adds_nothing_changes_no_bits(tmp_path: Path, way: str) -> None:
    """Of what goes into a sign exporters ask the shape; others leave nodes that lead nowhere."""
    chance = np.random.default_rng(3)
    model = stem().add("Mul", np.array([0.7, -0.3, 0.5, -1.1]).reshape(1, 4, 1, 1))
    read_twice = model.last
    model.add("Mul", np.array([-1.0, -1.0, 2.0, 0.5]).reshape(1, 4, 1, 1)).add("Add", 0.3).sign()
    signs = model.last
    if way == "MaxPool":
        model.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    elif way == "Pad":
        model.pad(1, 1.0)
    model.add("Conv", model.weights(bits(chance, 4, 4, 3, 3)), **({"pads": [1] * 4} if way == "Add" else {}))
    model.add("Add", signs) if way == "Add" else model.add("Mul", 1.0)
    if way != "Add":
        model.made("Neg", read_twice)
    shape = model.made("Shape", read_twice)
    batch = model.made("Gather", shape, model.constant(0, "i8"))
    one = model.made("Unsqueeze", batch, model.constant([0], "i8"))
    rest = model.constant([-1], "i8")
    model.sign().add("Reshape", model.made("Concat", one, rest, axis=0))
    side = {"MaxPool": 1, "Pad": 6, "Add": 6}[way]
    made = model.add("MatMul", model.weights(bits(chance, 4 * side**2, 3))).model()
    network, _ = read(tmp_path, made)
    check(network, made)


def test_a_real_scale_upon_sums_takes_more_bits_until_they_do_not_fit(tmp_path: Path) -> None:
    model = residual().add("Mul", 0.7)
    made = tail(block(model, 6), np.random.default_rng(5), 144)
    network, notes = read(tmp_path, made, 8)
    assert "units of 2^-16" in notes[2]
    assert "units of 2^-16" in notes[3]
    check(network, made)
    with pytest.raises(InputError, match=r"`conv3` makes sums up to .*, beyond 32 bits; give fewer"):
        read(tmp_path, made, 14)
    with pytest.raises(InputError, match=r"beyond 32 bits: give fewer than --fraction-bits 24"):
        read(tmp_path, made, 24)


@pytest.mark.parametrize("fraction_bits", [0, 25, -1])
def test_other_numbers_of_bits_are_refused(tmp_path: Path, fraction_bits: int) -> None:
    with pytest.raises(InputError, match=f"^--fraction-bits {fraction_bits}: expected 1 to 24$"):
        read(tmp_path, residual().model(), fraction_bits)


def test_without_sums_the_option_does_nothing_and_that_is_said(tmp_path: Path) -> None:
    _, notes = read(tmp_path, tail(stem(), np.random.default_rng(5), 144), 8)
    assert notes == ("--fraction-bits: without effect, no sums are added",)


@pytest.mark.parametrize("slope", [np.array([0.25, 0.0, 1.5, 1.0]), None])
def test_prelu_before_a_sign_is_folded(tmp_path: Path, slope: Any) -> None:
    model = batch_norm(stem(), np.random.default_rng(2), 4, 3)
    if slope is None:
        model.add("LeakyRelu", alpha=0.2)
    else:
        model.add("PRelu", slope.reshape(4, 1, 1))
    made = tail(
        model.add("Add", np.array([0.5, -0.5, 2.0, 0.1]).reshape(4, 1, 1)), np.random.default_rng(5), 144
    )
    network, _ = read(tmp_path, made)
    check(network, made)


@pytest.mark.parametrize(
    ("slope", "message"),
    [
        (0.25, "(Add): adds what went through PRelu or LeakyRelu"),
        (-0.25, "(PRelu): has the slope -0.25 below 0"),
    ],
)
def test_prelu_elsewhere_is_refused_by_name(tmp_path: Path, slope: float, message: str) -> None:
    model = stem().add("PRelu", np.full((4, 1, 1), slope))
    with pytest.raises(InputError) as caught:
        read(tmp_path, tail(block(model, 3), np.random.default_rng(5), 144), 8)
    assert message in str(caught.value)


END = ("last",)


@pytest.mark.parametrize("pool", ["GlobalAveragePool", "ReduceMean", "AveragePool"])
@pytest.mark.parametrize("before", ["Relu", "Clip", ""])
def test_sums_go_to_the_host_at_the_end(tmp_path: Path, pool: str, before: str) -> None:
    model, chance = residual(), np.random.default_rng(9)
    batch_norm(model, chance, 4, 3)
    if before:
        model.add(before, *((-1.0, 1.0) if before == "Clip" else ()))
    keys: dict[str, Any] = {"ReduceMean": {"axes": [2, 3]}, "AveragePool": {"kernel_shape": [6, 6]}}
    model.add(pool, **keys.get(pool, {})).add("Flatten")
    made = model.add("Gemm", chance.normal(size=(5, 4)), chance.normal(size=5), transB=1).model()
    network, notes = read(tmp_path, made, 16, END)
    assert network.host_parts == END
    assert [layer.geometry.sum_bits > 0 for layer in network.layers] == [True] * 3
    assert "thresholds" not in notes[2]
    check(network, made)


def test_dots_go_to_the_host_as_they_are(tmp_path: Path) -> None:
    model, chance = stem().add("Mul", 0.3).sign(), np.random.default_rng(9)
    model.add("Conv", model.weights(bits(chance, 5, 4, 3, 3)))
    batch_norm(model, chance, 5, 3).add("Relu").add("Flatten")
    made = model.add("MatMul", chance.normal(size=(80, 3))).model()
    network, notes = read(tmp_path, made, host=END)
    assert (network.layers[-1].geometry.sum_bits, notes) == (16, ())
    check(network, made)


@pytest.mark.parametrize(
    ("host", "more", "message"),
    [
        (
            (),
            ("Flatten", {}),
            "takes sums that went through no sign: its input is not binary; what takes sums",
        ),
        (
            (),
            ("GlobalAveragePool", {}),
            "(GlobalAveragePool): averages sums of a layer that adds; what takes",
        ),
        (END, ("PRelu", {}), "comes behind sums that went through what the host has not"),
        (END, ("MaxPool", {"kernel_shape": [2, 2]}), "comes behind sums that are pooled"),
    ],
)
def test_other_ends_of_sums_are_refused(
    tmp_path: Path, host: tuple[str, ...], more: tuple[str, dict[str, Any]], message: str
) -> None:
    op, keys = more
    model = residual().add(op, *([0.3] if op == "PRelu" else []), **keys)
    model = model if op == "Flatten" else model.add("Flatten")
    side = {"MaxPool": 100, "GlobalAveragePool": 4}.get(op, 144)
    with pytest.raises(InputError) as caught:
        read(tmp_path, model.add("MatMul", np.random.default_rng(1).normal(size=(side, 3))).model(), 8, host)
    assert message in str(caught.value)


def test_a_shortcut_of_weights_runs_before_the_layer_that_prunes(tmp_path: Path) -> None:
    model, chance = stem().add("Mul", 0.3).sign(), np.random.default_rng(9)
    before = model.last
    model.add("Conv", model.weights(bits(chance, 4, 4, 3, 3)), pads=[1] * 4, name="body").add("Mul", 0.4)
    body, model.last = model.last, before
    model.add("Conv", model.weights(bits(chance, 4, 4, 1, 1)), name="short").add("Mul", 0.9)
    made = tail(model.add("Add", body), chance, 144)
    network, _ = read(tmp_path, made, 12)
    assert [layer.name for layer in network.layers[:3]] == ["conv1", "short", "body"]
    assert [layer.geometry.sum_bits for layer in network.layers[:3]] == [0, 16, 0]
    check(network, made)


SCRIPT = """
import warnings
import numpy as np
import torch
from torch import nn
from torch.nn.functional import conv2d, hardtanh

warnings.filterwarnings("ignore")


def binary(x):
    return torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))


class Binary(nn.Conv2d):  # XNOR-Net: signs of the weights, and their mean magnitude by channel
    def forward(self, x):
        alpha = self.weight.abs().mean((1, 2, 3)).view(1, -1, 1, 1)
        return alpha * conv2d(binary(x), binary(self.weight), None, self.stride, self.padding)


class Block(nn.Module):  # Bi-Real
    def __init__(self, inputs, outputs, stride, weights=False):
        super().__init__()
        self.conv = Binary(inputs, outputs, 3, stride, 1, bias=False)
        self.norm, self.times, self.short = nn.BatchNorm2d(outputs), outputs // inputs, nn.AvgPool2d(stride)
        if weights:
            self.times = 1
            short = Binary(inputs, outputs, 1, stride, bias=False)
            self.short = nn.Sequential(short, nn.BatchNorm2d(outputs))

    def forward(self, x):
        return self.norm(self.conv(hardtanh(x))) + torch.cat([self.short(x)] * self.times, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2), Block(16, 16, 2, True), Block(16, 16, 1))
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = self.blocks(nn.functional.max_pool2d(self.norm(self.stem(x - 0.501)), 2))
        return self.head(torch.relu(x).mean((2, 3)))


torch.manual_seed(1)
net = Net()
images = np.random.default_rng(3).integers(0, 256, (60, 4, 4, 3)).repeat(3, 1).repeat(3, 2).astype(np.uint8)
x = torch.from_numpy(images.transpose(0, 3, 1, 2) / 255)
for _ in range(20):
    net(x.float())  # fills the running averages
nn.init.normal_(net.head.weight, std=3.0)
for module in net.modules():
    if isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight)
        nn.init.normal_(module.bias, std=0.3)
net.eval()
with torch.no_grad():
    net.head.bias -= net(x.float()).mean(0)  # so that classes differ
torch.onnx.export(net, (torch.rand(1, 3, 12, 12),), "model.onnx", dynamo=False)
with torch.no_grad():
    classes = net.double()(x).argmax(1).numpy()
np.savez("answers.npz", images=images, classes=classes)
"""


def test_classes_of_a_bi_real_network_are_those_of_pytorch(tmp_path: Path) -> None:
    """Float layers begin and end it; the first block adds what the first of them give."""
    pytest.importorskip("torch", reason="needs the extra train")
    (tmp_path / "export.py").write_text(SCRIPT)
    subprocess.run([sys.executable, "export.py"], cwd=tmp_path, check=True, timeout=300)
    answers = np.load(tmp_path / "answers.npz")
    right = []
    for fraction_bits in (6, 20):
        ends = ("first", "last")
        workload = import_onnx(tmp_path / "model.onnx", "net", host=ends, fraction_bits=fraction_bits)
        network = load_network(load_workload(workload.write(tmp_path / "net")[0]))
        found = [infer(network, image).predicted for image in answers["images"]]
        right.append(float(np.mean(found == answers["classes"])))
    assert workload.keys["first"]["fraction_bits"] == 20
    assert workload.keys["layers"][0]["add"] == "first"
    assert right[0] < right[1] == 1.0
    assert len(set(answers["classes"])) > 5


def test_what_the_host_gives_is_added_with_the_option_only(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    model = Builder([1, 3, 6, 6]).add("Conv", chance.normal(size=(4, 3, 3, 3)), pads=[1] * 4)
    made = tail(block(model.add("Clip", -1.0, 1.0), 3), chance, 144)
    with pytest.raises(InputError, match="adds what the host's layers give, of which the sign takes"):
        read(tmp_path, made, 8, ("first",))
    model = Builder([1, 3, 6, 6]).add("Conv", chance.normal(scale=30, size=(4, 3, 3, 3)), pads=[1] * 4)
    stream = model.last
    model.add("Clip", -1.0, 1.0).sign().add("Conv", model.weights(bits(chance, 4, 4, 3, 3)), pads=[1] * 4)
    made = tail(model.add("Mul", 0.3).add("Add", stream), chance, 144)
    with pytest.raises(InputError, match="adds real values of the host's first layers; --fraction-bits N"):
        read(tmp_path, made, None, ("first",))
    with pytest.raises(InputError, match=r"beyond 32 bits"):
        read(tmp_path, made, 24, ("first",))
    network, notes = read(tmp_path, made, 12, ("first",))
    assert "off by 0.0" in notes[0]
    assert network.layers[0].geometry.addend is not None
    check(network, made)
