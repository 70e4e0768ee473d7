"""docs/importing.md: its PyTorch recipe runs as printed, and it names every array and node."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from o3sim.importers.plain.network import import_npz
from o3sim.importers.qonnx.operations import OPERATIONS, SELECTIONS
from o3sim.network.load import load_network, load_workload

PAGE = Path(__file__).resolve().parents[2] / "docs" / "importing.md"


def test_the_recipe_for_pytorch(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    found = re.search(r"### From PyTorch.*?```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    (tmp_path / "save.py").write_text(found[1])
    subprocess.run([sys.executable, "save.py"], cwd=tmp_path, check=True, timeout=60)
    topology, _ = import_npz(tmp_path / "arrays.npz", "mine").write(tmp_path / "mine")
    network = load_network(load_workload(topology))
    assert [layer.name for layer in network.layers] == ["conv1", "scores"]
    assert network.encode(np.full((28, 28), 255, np.uint8)).max() == 255


@pytest.mark.parametrize("node", [*OPERATIONS, *SELECTIONS])
def test_every_node_is_named(node: str) -> None:
    assert f"`{node}`" in PAGE.read_text("utf-8")


def test_every_array_is_named() -> None:
    source = "".join(path.read_text() for path in (PAGE.parents[1] / "o3sim/importers/plain").glob("*.py"))
    names = {
        name.replace("{layer}", "conv1") for name in re.findall(r'"((?:input_|\{layer\}_)[a-z_]+)"', source)
    }
    names |= {f"conv1_{part}" for part in ("gamma", "beta", "mean", "variance", "epsilon")}
    assert len(names) > 15
    for name in names:
        assert f"`{name}`" in PAGE.read_text("utf-8"), name
