"""`o3sim train` where PyTorch is not installed, and what its help imports."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
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


LOG = (
    '{"name": "net", "training": {"name": "net", "family": "f", "topology": "t", "order": "bn_pool",'
    ' "data": {"train": "a", "test": "b"}, "epochs": 1}}\n{"epoch": 1}\n{"accuracy": 0.5}\n'
)
CONFIG = "{name: net, family: f, topology: t, order: bn_pool, data: {train: a, test: b}, epochs: 1}"


@pytest.fixture
def resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], tuple[object, str, str]]:
    """Resume a training that has all its files, with data and topology that are not there any more."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "net.jsonl").write_text(LOG)
    for suffix in (".yaml", ".npz"):
        (tmp_path / f"net{suffix}").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("o3sim.cli.train._check_torch", lambda: None)

    def call() -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["o3sim", "train", "config.yaml", "--resume"])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return caught.value.code, *capsys.readouterr()

    return call


def test_a_finished_training_is_not_trained_again(
    resume: Callable[[], tuple[object, str, str]], tmp_path: Path
) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    said = "net: already finished; remove net.jsonl, or leave --resume away, to train again\n"
    assert resume() == (0, said, "")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


def test_a_finished_training_of_other_settings_is_refused(
    resume: Callable[[], tuple[object, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("epochs: 1", "epochs: 2"))
    status, _, error = resume()
    assert status == 2
    assert error.startswith(
        "error: net.jsonl: of a finished training with other settings; use another --output"
    )


@pytest.mark.parametrize("missing", ["net.yaml", "net.npz", "net.jsonl", "last line", "checkpoint", "log"])
def test_what_is_not_complete_is_not_finished(tmp_path: Path, missing: str) -> None:
    from o3sim.train.finished import is_finished, load_training

    for name in ("net.yaml", "net.npz"):
        (tmp_path / name).write_text("")
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "net.jsonl").write_text(LOG)
    training = load_training(tmp_path / "config.yaml")
    assert is_finished(training, tmp_path / "net")
    if missing == "last line":
        (tmp_path / "net.jsonl").write_text(LOG.rsplit("{", 1)[0])
    elif missing == "checkpoint":
        (tmp_path / "net.checkpoint").write_text("")
    elif missing == "log":
        (tmp_path / "net.jsonl").write_text("[1]\n{")
    else:
        (tmp_path / missing).unlink()
    assert not is_finished(training, tmp_path / "net")
