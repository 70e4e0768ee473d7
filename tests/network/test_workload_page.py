"""docs/workload.md suffices: its example runs as printed, and it names every key."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from o3sim.config.workload import Workload
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload, workload_images

PAGE = Path(__file__).resolve().parents[2] / "docs" / "workload.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_runs_as_printed(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(block("yaml"))
    (tmp_path / "make.py").write_text(block("python"))
    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True, timeout=60)
    files = load_workload(tmp_path / "tiny.yaml")
    network = load_network(files)
    images = workload_images(files, network)
    assert len(images) == 5
    outputs = [infer(network, image).bits for image in images.x]
    assert outputs[0][1].shape == (3, 3, 24)
    # Thresholds are in the range of the dots: no layer is stuck at one value.
    assert all(0 < layer.mean() < 1 for layer in outputs[0][:-1])


def keys(schema: dict[str, Any]) -> Iterator[str]:
    for model in (schema, *schema["$defs"].values()):
        yield from model["properties"]


@pytest.mark.parametrize("key", sorted(set(keys(Workload.model_json_schema()))))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"[`.{{ ]{key}[`:]", PAGE.read_text("utf-8"))
