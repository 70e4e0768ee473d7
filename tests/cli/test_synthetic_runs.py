"""Runs on made-up numbers say so, in text and in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from o3sim.cli import app as cli

WORKLOAD = """\
name: made
classes: 3
input: {height: 8, width: 8, channels: 1, encoding: {type: binary, threshold: 128}}
layers:
  - {name: conv, type: conv, channels: 6, kernel: 3, pool: {size: 2, stride: 2}}
  - {name: scores, type: dense, features: 3, scores: true}
parameters: {synthetic: {seed: 1, ones: 0.3}}
images: {synthetic: {seed: 1, count: 3}}
"""

Call = Callable[..., str]


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call o3sim in this process; return what it prints."""

    def call(*arguments: str | Path) -> str:
        monkeypatch.setattr("sys.argv", ["o3sim", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == 0
        return capsys.readouterr().out

    return call


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "made.yaml"
    path.write_text(WORKLOAD)
    return path


def test_a_run_says_synthetic(o3sim: Call, made: Path) -> None:
    assert "synthetic parameters and images: " in o3sim("run", "small", made)
    document = json.loads(o3sim("run", "small", made, "--json", "-", "--compare", "o3bnn"))
    assert document["synthetic"] == ["parameters", "images"]
    assert document["compare"][0]["synthetic"] == ["parameters", "images"]
    assert document["accuracy"] is None


def test_a_profile_says_synthetic(o3sim: Call, made: Path) -> None:
    assert "synthetic parameters and images: " in o3sim("profile", made)
    assert json.loads(o3sim("profile", made, "--json", "-"))["synthetic"] == ["parameters", "images"]


def test_with_images_of_ones_own_the_parameters_are_synthetic_still(
    o3sim: Call, made: Path, tmp_path: Path
) -> None:
    np.savez(tmp_path / "own.npz", x=np.zeros((1, 8, 8), np.uint8))
    said = o3sim("run", "small", made, "--image-file", tmp_path / "own.npz")
    assert "synthetic parameters: classes mean nothing" in said
    assert "accuracy" in said


def test_a_trained_network_on_real_images_says_nothing(o3sim: Call) -> None:
    assert json.loads(o3sim("profile", "--images", "1", "--json", "-"))["synthetic"] == []
    assert "synthetic" not in o3sim("profile", "--images", "1")
