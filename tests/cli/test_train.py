"""`o3sim train` where PyTorch is not installed, and what its help imports."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from o3sim.cli import app as cli


def test_without_pytorch_it_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("name: net\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("sys.argv", ["o3sim", "train", str(path)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    assert capsys.readouterr().err == "error: training needs PyTorch: pip install 'o3sim[train]'\n"
    assert list(tmp_path.iterdir()) == [path]


def test_validating_a_training_needs_no_pytorch(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(
        "{name: net, family: f, topology: fashion-vgg, order: bn_pool, data: {train: a, test: b}, epochs: 1}"
    )
    code = (
        "import sys; sys.argv = ['o3sim', 'validate', 'net.yaml']\n"
        "from o3sim.cli.app import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "net.yaml: valid training\n"), done.stderr
