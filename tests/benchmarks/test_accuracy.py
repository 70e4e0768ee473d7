"""Accuracy by inference beside the logs: the same, another, and images that do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from o3sim.checks.reproduce.training_logs import load_logs
from o3sim.config.catalog import folder
from o3sim.files import load_npz, save_npz
from o3sim.network.infer import accuracy
from o3sim.network.load import load_network, load_workload
from scripts.benchmarks import accuracy as script

NAME, COUNT = "fashion-bn-pool", 6


@pytest.mark.parametrize("off", [0.0, 1e-6])
def test_a_log_is_met_to_its_last_digit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], off: float
) -> None:
    images = load_npz(folder("workload") / "fashion-vgg-images.npz")
    some = {key: values[:COUNT] for key, values in images.items()}
    found = round(accuracy(load_network(load_workload(NAME)), some["x"], some["y"]), 6)
    log = replace(load_logs()[NAME], accuracy=found + off)
    monkeypatch.setattr(script, "load_logs", lambda: {NAME: log})
    save_npz(tmp_path / "other.npz", {"x": np.zeros((1, 32, 32, 3), np.uint8), "y": np.zeros(1, np.int64)})
    save_npz(tmp_path / "images.npz", images)
    status = script.main([str(tmp_path / "other.npz"), str(tmp_path / "images.npz"), "--images", str(COUNT)])
    assert status == (1 if off else 0)
    assert ("NOT THE SAME" in capsys.readouterr().out) is bool(off)


def test_images_that_fit_no_network_are_no_agreement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "load_logs", lambda: {NAME: load_logs()[NAME]})
    save_npz(tmp_path / "other.npz", {"x": np.zeros((1, 32, 32, 3), np.uint8), "y": np.zeros(1, np.int64)})
    assert script.main([str(tmp_path / "other.npz")]) == 1
    assert "no file with labels fits it" in capsys.readouterr().out
