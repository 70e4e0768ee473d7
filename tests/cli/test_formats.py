"""`o3sim import onnx`, `import npz` and `o3sim export`: files written, and one line and status 2 else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from o3sim.cli import app as cli
from tests.network.samples import write_tiny

Run = Callable[..., int | str | None]


@pytest.fixture
def o3sim(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process; return its exit status."""

    def call(*arguments: str | Path) -> int | str | None:
        monkeypatch.setattr("sys.argv", ["o3sim", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return caught.value.code

    return call


def test_there_and_back(o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    model = tmp_path / "model.onnx"
    assert o3sim("export", "fashion-vgg", "-o", model) == 0
    assert o3sim("import", "onnx", model, "-o", tmp_path / "back") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"wrote {tmp_path / name}" for name in ("model.onnx", "back.yaml", "back.npz")
    ]
    assert o3sim("validate", tmp_path / "back.yaml") == 0


def test_what_is_left_out_is_said(o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    topology = write_tiny(tmp_path, conv_member_order=np.array([3, 1, 0, 2]))
    assert o3sim("export", topology, "-o", tmp_path / "model.onnx") == 0
    assert "left out: orders and speculation of conv, which" in capsys.readouterr().out


def test_refusals_are_one_line(o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    for arguments in (
        ("import", "onnx", broken, "-o", tmp_path / "x"),
        ("import", "onnx", tmp_path / "absent.onnx", "-o", tmp_path / "x"),
        ("import", "npz", broken, "-o", tmp_path / "x"),
        ("export", "fashion-vgg", "-o", tmp_path / "model.txt"),
        ("export", "fashion-vgg", "-o", tmp_path / "absent" / "model.onnx"),
        ("export", "lfc", "-o", tmp_path / "model.onnx"),
        ("export", "fashion-vg", "-o", tmp_path / "model.onnx"),
    ):
        assert o3sim(*arguments) == 2, arguments
        out, err = capsys.readouterr()
        assert not out
        assert err.startswith("error: ")
        assert len(err.splitlines()) == 1, err
    assert list(tmp_path.iterdir()) == [broken]


def test_a_link_to_itself_is_refused(o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.npz").symlink_to("net.npz")
    assert o3sim("import", "npz", tmp_path / "net.npz", "-o", tmp_path / "out") == 2
    assert "net.npz: cannot be read: Too many levels of symbolic links" in capsys.readouterr().err


def test_the_arrays_are_not_overwritten(
    o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "net.npz", layout="pytorch")
    content = (tmp_path / "net.npz").read_bytes()
    assert o3sim("import", "npz", tmp_path / "net.npz", "-o", tmp_path / "net") == 2
    assert "would overwrite" in capsys.readouterr().err
    assert (tmp_path / "net.npz").read_bytes() == content


def test_without_the_package(
    o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    (tmp_path / "model.onnx").write_bytes(b"")
    assert o3sim("export", "fashion-vgg", "-o", tmp_path / "other.onnx") == 2
    assert o3sim("import", "onnx", tmp_path / "model.onnx", "-o", tmp_path / "x") == 2
    assert capsys.readouterr().err.count("pip install 'o3sim[onnx]'") == 2
