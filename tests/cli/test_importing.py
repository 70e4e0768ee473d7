"""`o3sim import`: writes a workload that runs, and refuses what it cannot read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from o3sim.cli import app as cli
from tests.shared_data import data_folder

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


@pytest.mark.parametrize("output", ["lfc", "lfc.yaml"])
def test_an_imported_net_runs(
    o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    data = data_folder()
    folder = data / "bnn-pynq" / "mnist" / "lfcW1A1"
    assert o3sim("import", "bnn-pynq", folder, "--net", "lfc", "-o", tmp_path / output) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lfc.npz", "lfc.yaml"]
    assert o3sim("validate", tmp_path / "lfc.yaml") == 0
    images = data / "images" / "mnist_test1000.npz"
    assert o3sim("profile", tmp_path / "lfc.yaml", "--image-file", images, "--images", "100") == 0
    assert "lfc, 100 images, accuracy 100.0 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("net", "output", "message"),
    [
        ("cnv", "x", "missing"),
        ("cnw", "x", "unknown network (did you mean `cnv`?)"),
    ],
)
def test_refusals(
    o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], net: str, output: str, message: str
) -> None:
    assert o3sim("import", "bnn-pynq", tmp_path, "--net", net, "-o", tmp_path / output) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_links_in_a_circle(o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = tmp_path / "loop.npz"
    loop.symlink_to(loop)
    for command in ("npz", "onnx", "scalesim"):
        assert o3sim("import", command, loop, "-o", tmp_path / "x") == 2
        assert "loop.npz: cannot be read: Too many levels of symbolic links" in capsys.readouterr().err
    assert o3sim("import", "npz", loop, "-o", tmp_path / "loop") == 2
    assert "would overwrite" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["npz", "onnx", "scalesim"])
@pytest.mark.parametrize("device", ["pipe", "/dev/zero", "/dev/urandom"])
def test_what_is_no_file(
    o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, device: str
) -> None:
    path = tmp_path / "pipe" if device == "pipe" else Path(device)
    if device == "pipe":
        os.mkfifo(path)
    assert o3sim("import", kind, path, "-o", tmp_path / "x") == 2
    assert "give a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("net.onnx", "an ONNX model: `o3sim import onnx FILE -o NAME`"),
        ("net.npz", "`o3sim import npz FILE -o NAME`"),
        ("net.csv", "`o3sim import scalesim FILE -o NAME`"),
        ("net.pth", "a checkpoint of PyTorch; export it by `torch.onnx.export`, or save its arrays"),
        ("net.H5", "a model of Keras, or save its arrays: docs/importing.md"),
        ("net", "`o3sim import bnn-pynq DIR --net cnv|lfc -o NAME`"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [("run", "small"), ("validate",), ("import", "onnx"), ("import", "npz"), ("import", "scalesim")],
)
def test_a_model_given_to_the_wrong_command(
    o3sim: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    takes: str,
    command: tuple[str, ...],
) -> None:
    path = tmp_path / name
    if name == "net":
        path.mkdir()
        (path / "0-0-weights.bin").write_bytes(bytes(8))
    else:
        path.write_bytes(b"PK\x03\x04\xff")
    output = ("-o", tmp_path / "x") if command[0] == "import" else ()
    assert o3sim(*command, path, *output) == 2
    error = capsys.readouterr().err
    right = {"onnx": "net.onnx", "npz": "net.npz", "scalesim": "net.csv"}.get(command[-1])
    assert (takes in error) == (name != right)
    assert str(path) in error


def test_bnn_pynq_given_an_onnx_model(o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"x")
    assert o3sim("import", "bnn-pynq", path, "--net", "cnv", "-o", tmp_path / "x") == 2
    assert f"{path}: an ONNX model: `o3sim import onnx FILE -o NAME`" in capsys.readouterr().err


def test_fraction_bits_beyond_what_there_is(
    o3sim: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"x")
    assert o3sim("import", "onnx", path, "--fraction-bits", "40", "-o", tmp_path / "x") == 2
    assert "error: --fraction-bits 40: expected 1 to 24\n" in capsys.readouterr().err
