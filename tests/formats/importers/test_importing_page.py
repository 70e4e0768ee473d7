"""docs/importing.md: its PyTorch recipe runs as printed, and it names every array and node."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from o3sim.formats.importers.plain.network import import_npz
from o3sim.formats.importers.qonnx.operations import OPERATIONS, SELECTIONS
from o3sim.network.bits.layers import pooled, thresholded
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload

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
