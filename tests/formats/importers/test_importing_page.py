"""docs/importing.md: its PyTorch recipe runs as printed, and it names every array and node."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from o3sim.formats.importers.plain.network import import_npz
from o3sim.formats.importers.qonnx.operations import OPERATIONS, SELECTIONS
from o3sim.network.bits.layers import pooled, thresholded
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload

Array = NDArray[Any]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "importing.md"


MODEL = """
torch.manual_seed(3)
for each, spread in ((norm, 40.0), (last, 9.0)):
    nn.init.normal_(each.weight)  # of either sign
    nn.init.normal_(each.bias)
    each.running_mean.normal_(std=spread)
    each.running_var.uniform_(1.0, spread**2)
"""
"""What training would have left in the recipe's model; goes in before it is saved."""

FORWARD = """
images = np.random.default_rng(1).integers(0, 256, (20, 28, 28, 1), np.uint8)
with torch.no_grad():
    for module in (conv, norm, linear, last):
        module.double().eval()
    for module in (conv, linear):
        module.weight.data = binary(module.weight).double()
    x = torch.from_numpy(images.transpose(0, 3, 1, 2) / 255)
    hidden = nn.functional.max_pool2d(binary(norm(conv(x))).double(), 2)
    scores = last(linear(hidden.flatten(1)))
    np.savez("answers.npz", images=images, hidden=hidden.numpy(), scores=scores.numpy())
"""
"""The forward pass that the recipe is about, in double precision."""


def test_the_recipe_for_pytorch(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    found = re.search(r"### From PyTorch.*?```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    recipe = found[1].replace('save(\n    "arrays.npz"', f'{MODEL}save(\n    "arrays.npz"')
    assert MODEL in recipe
    (tmp_path / "save.py").write_text(recipe + FORWARD)
    subprocess.run([sys.executable, "save.py"], cwd=tmp_path, check=True, timeout=60)
    topology, _ = import_npz(tmp_path / "arrays.npz", "mine").write(tmp_path / "mine")
    network = load_network(load_workload(topology))
    assert [layer.name for layer in network.layers] == ["conv1", "scores"]
    answers = np.load(tmp_path / "answers.npz")
    for image, hidden, scores in zip(answers["images"], answers["hidden"], answers["scores"], strict=True):
        bits = pooled(network.layers[0].geometry, thresholded(network.layers[0], network.encode(image)))
        np.testing.assert_array_equal(2.0 * bits - 1, hidden.transpose(1, 2, 0))
        np.testing.assert_allclose(infer(network, image).scores, scores, rtol=1e-5, atol=1e-5)


class LarqLayer:
    """A stand-in for a layer of Larq: latent kernels, seen through ``ste_sign`` in a quantized scope."""

    quantized = False

    def __init__(self, kernel: Array | None = None, **numbers: Array) -> None:
        self._kernel = kernel
        self.epsilon = 1e-3
        for name, values in numbers.items():
            setattr(self, name, SimpleNamespace(numpy=lambda values=values: values))

    def get_weights(self) -> list[Array | None]:
        assert LarqLayer.quantized
        return [None if self._kernel is None else ste_sign(self._kernel)]


def ste_sign(values: Array) -> Array:
    """Larq's binarizer: +1 from 0 on, else -1."""
    return np.where(values >= 0, 1.0, -1.0)


@contextmanager
def quantized_scope(on: bool) -> Iterator[None]:
    LarqLayer.quantized = on
    yield
    LarqLayer.quantized = False


def test_the_recipe_for_larq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """QuantConv2D (valid, kernel [ky, kx, in, out]), BatchNormalization, then QuantDense on sign of NHWC."""
    found = re.search(r"### From Larq.*?```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    random = np.random.default_rng(5)
    kernel, matrix = random.normal(size=(3, 3, 1, 4)), random.normal(size=(26 * 26 * 4, 3))
    kernel[0, 0, 0, 0] = 0.0
    gamma, beta, mean, variance = random.normal(size=(4, 4))
    layers = {
        "conv1": LarqLayer(kernel),
        "scores": LarqLayer(matrix),
        "norm1": LarqLayer(gamma=gamma, beta=beta, moving_mean=mean, moving_variance=variance**2),
    }
    monkeypatch.chdir(tmp_path)
    larq = SimpleNamespace(context=SimpleNamespace(quantized_scope=quantized_scope))
    model = SimpleNamespace(get_layer=layers.__getitem__)
    exec(found[1], {"np": np, "larq": larq, "model": model})  # the page's own lines
    topology, _ = import_npz(tmp_path / "arrays.npz", "mine").write(tmp_path / "mine")
    network = load_network(load_workload(topology))
    for image in random.integers(0, 256, (5, 28, 28, 1), np.uint8):
        x = image / 255 * 2 - 1
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(0, 1))[:, :, 0]
        sums = np.einsum("yxab,abo->yxo", windows, ste_sign(kernel)[:, :, 0])
        hidden = ste_sign(gamma * (sums - mean) / np.sqrt(variance**2 + 1e-3) + beta)
        np.testing.assert_array_equal(infer(network, image).scores, hidden.reshape(-1) @ ste_sign(matrix))


@pytest.mark.parametrize("node", [*OPERATIONS, *SELECTIONS])
def test_every_node_is_named(node: str) -> None:
    assert f"`{node}`" in PAGE.read_text("utf-8")


def test_every_array_is_named() -> None:
    source = "".join(
        path.read_text() for path in (PAGE.parents[1] / "o3sim/formats/importers/plain").glob("*.py")
    )
    names = {
        name.replace("{layer}", "conv1") for name in re.findall(r'"((?:input_|\{layer\}_)[a-z_]+)"', source)
    }
    names |= {f"conv1_{part}" for part in ("gamma", "beta", "mean", "variance", "epsilon")}
    assert len(names) > 15
    for name in names:
        assert f"`{name}`" in PAGE.read_text("utf-8"), name
