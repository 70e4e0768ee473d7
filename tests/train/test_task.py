"""Whatever is wrong with a training's file or data is one error with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="needs the extra train")

from o3sim.cli import app as cli  # noqa: E402
from o3sim.errors import ConfigError, InputError  # noqa: E402
from o3sim.files import save_npz  # noqa: E402
from o3sim.train.run import run_training  # noqa: E402
from o3sim.train.task import OUTPUTS, load_task  # noqa: E402
from tests.train.samples import images, topology, training, write_training  # noqa: E402


def exit_of(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int | str | None:
    """Run the command line in this process."""
    monkeypatch.setattr("sys.argv", ["o3sim", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": None}, "name", "required, but absent"),
    ({"family": None}, "family", "required, but absent"),
    ({"topology": None}, "topology", "required, but absent"),
    ({"order": None}, "order", "required, but absent"),
    ({"data": None}, "data", "required, but absent"),
    ({"epochs": None}, "epochs", "required, but absent"),
    ({"epoch": 3}, "epoch", "unknown key (did you mean `epochs`?)"),
    ({"regularisers": {"pool": 1}}, "regularisers.pool", "unknown key (did you mean `pooling`?)"),
    ({"name": "a/b"}, "name", "a/b"),
    ({"name": ""}, "name", ""),
    ({"order": "pool-bn"}, "order", "`pool_bn`"),
    ({"epochs": 0}, "epochs", "0"),
    ({"epochs": 2.5}, "epochs", "2.5"),
    ({"epochs": "three"}, "epochs", "three"),
    ({"batch_images": 1}, "batch_images", "1"),
    ({"learning_rate": 0}, "learning_rate", "0"),
    ({"learning_rate": float("nan")}, "learning_rate", "nan"),
    ({"learning_rate": "fast"}, "learning_rate", "fast"),
    ({"smoothing": 1}, "smoothing", "1"),
    ({"seed": -1}, "seed", "-1"),
    ({"threads": 0}, "threads", "0"),
    ({"precision": "float16"}, "precision", "bfloat16"),
    ({"device": "tpu"}, "device", "tpu"),
    ({"width_factor": 0}, "width_factor", "0"),
    ({"width_factor": 65}, "width_factor", "65"),
    ({"images_shipped": -1}, "images_shipped", "-1"),
    ({"images_profiled": 0}, "images_profiled", "0"),
    ({"augmentation": {"shift_pixels": -1}}, "augmentation.shift_pixels", "-1"),
    ({"augmentation": {"flip": 1}}, "augmentation.flip", "1"),
    ({"augmentation": 3}, "augmentation", "3"),
    ({"regularisers": {"pooling": -0.1}}, "regularisers.pooling", "-0.1"),
    ({"regularisers": {"threshold": 1001}}, "regularisers.threshold", "1001"),
    ({"regularisers": {"warm_up_epochs": 4}}, "regularisers.warm_up_epochs", "4 epochs of warm-up in 3"),
    ({"regularisers": {"pooling_form": "marge"}}, "regularisers.pooling_form", "margin"),
    ({"images_shipped": 2, "images_file": "x.npz"}, "images_shipped", "one of the two"),
    ({"data": {"train": "train.npz"}}, "data.test", "required, but absent"),
    ({"data": {"train": "train.npz", "test": ""}}, "data.test", ""),
    ({"topology": "no-such-net"}, "topology", "no workload `no-such-net`"),
    ({"topology": "none.yaml"}, "topology", "none.yaml: no such file"),
    ({"data": {"train": "none.npz", "test": "test.npz"}}, "data.train", "none.npz: cannot be read: No such"),
    ({"data": {"train": "train.npz", "test": "none"}}, "data.test", "none: cannot be read: No such file"),
    ({"data": {"train": "training.yaml", "test": "test.npz"}}, "data.train", "neither a folder nor a whole"),
    ({"topology": "fashion-vgg"}, "data.train", "x: expected uint8 images [N, 28, 28, 1]"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "key", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any], key: str, message: str,
) -> None:  # fmt: skip
    path = write_training(tmp_path, **changes)
    before = sorted(tmp_path.iterdir())
    assert exit_of(monkeypatch, "train", path, "-o", tmp_path / "net") == 2
    problem, count = capsys.readouterr().err.splitlines()
    place, _, rest = problem.removeprefix(f"{path}:").partition(": ")
    assert all(part.isdigit() for part in place.split(":"))
    assert rest.startswith(f"{key}: ")
    assert message in rest
    assert count == "error: 1 problem in the configuration"
    assert sorted(tmp_path.iterdir()) == before


def test_the_place_is_that_of_the_key(tmp_path: Path) -> None:
    path = write_training(tmp_path)
    lines = [f"{key}: {value}" for key, value in training(data="{train: none.npz, test: test.npz}").items()]
    path.write_text("\n".join(lines))
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("data"))
    with pytest.raises(ConfigError, match=rf"training\.yaml:{line}:15: data\.train: .*none\.npz: cannot"):
        load_task(path)


def test_what_is_wrong_with_the_topology_has_its_place_there(tmp_path: Path) -> None:
    path = write_training(tmp_path, {**topology(), "classes": 4})
    with pytest.raises(ConfigError, match=r"topology\.yaml:\d+:\d+: classes: "):
        load_task(path)


def test_layers_that_get_too_wide(tmp_path: Path) -> None:
    shape = topology()
    shape["layers"][3]["features"] = 2000
    path = write_training(tmp_path, shape, width_factor=64)
    with pytest.raises(
        ConfigError, match=r"training\.yaml:\d+:\d+: topology: layer dense1 would be 128,000 wide"
    ):
        load_task(path)


def test_a_gpu_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"training\.yaml:\d+:\d+: device: PyTorch finds no GPU here"):
        load_task(write_training(tmp_path, device="cuda"))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": images(4)["x"]}, "no labels"),
        (
            {"x": images(4)["x"], "y": np.array([0, 1, 2, 3])},
            "labels from 0 to 3, but the classes are 0 to 2",
        ),
        ({"x": images(4)["x"], "y": np.array([0, 1])}, r"y: expected integers \[4\]"),
        ({"y": np.array([0, 1])}, "no array `x`"),
        ({"x": images(1)["x"], "y": np.array([0])}, "1 image; training needs 2"),
        ({"x": images(4)["x"].astype(float), "y": np.zeros(4, int)}, "expected uint8"),
    ],
)
def test_images_that_do_not_fit(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    path = write_training(tmp_path)
    save_npz(tmp_path / "train.npz", arrays)
    with pytest.raises(ConfigError, match=rf"training\.yaml:\d+:\d+: data\.train: .*train\.npz: .*{message}"):
        load_task(path)


def test_paths_are_relative_to_the_file_that_states_them(tmp_path: Path) -> None:
    write_training(tmp_path)
    variants = tmp_path / "variants"
    variants.mkdir()
    path = variants / "other.yaml"
    path.write_text("extends: ../training.yaml\nname: other\nregularisers: {pooling: 0.1}\n")
    task = load_task(path)
    assert task.training.name == "other"
    assert len(task.train) == 80
    assert set(task.inputs) >= {path, tmp_path / "variants" / ".." / "train.npz"}


@pytest.mark.parametrize("suffix", OUTPUTS)
def test_nothing_that_is_read_is_written_over(tmp_path: Path, suffix: str) -> None:
    path = write_training(tmp_path)
    data = tmp_path / f"mine{suffix}"
    if suffix == ".yaml":
        path = path.rename(data)
    else:
        save_npz(data, images(80))
    source = data if data.name.endswith(".npz") else tmp_path / "train.npz"
    if suffix in (".jsonl", ".checkpoint"):
        source = data.with_suffix(f"{suffix}.d")
        source.mkdir()
        for split in ("train", "test"):
            for letter, array in images(8).items():
                np.save(source / f"{letter}_{split}.npy", array)
        data.unlink()
        data.symlink_to(source)
        source = data
    keys = yaml.safe_load(path.read_text())
    keys["data"]["train"] = source.name
    path.write_text(yaml.safe_dump(keys))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=rf"mine{suffix}: the training reads this file"):
        run_training(load_task(path), tmp_path / "mine", resume=False)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_training(tmp_path)
    assert exit_of(monkeypatch, "train", path, "-o", tmp_path / "none" / "net") == 2
    assert f"no folder {tmp_path / 'none'}" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["net", "net.yaml"])
def test_the_command_writes_the_workload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    path = write_training(tmp_path, epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["o3sim", "train", str(path), "-o", str(tmp_path / output)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
    assert caught.value.code == 0
    target = tmp_path / "net"
    assert capsys.readouterr().out == f"wrote {target}.yaml, {target}.npz and {target}.jsonl\n"
    assert {path.name for path in tmp_path.glob("net*")} == {"net.yaml", "net.npz", "net.jsonl"}
    assert exit_of(monkeypatch, "validate", path, tmp_path / "net.yaml") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: valid training",
        f"{target}.yaml: valid workload",
    ]


@pytest.mark.parametrize("suffix", OUTPUTS)
@pytest.mark.parametrize(
    "content", [b"mine", b"", b'{"name": "other", "training": {}, "torch": "2"}\n', b"[1]\n"]
)
def test_files_of_others_are_not_written_over_unasked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    suffix: str,
    content: bytes,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_training(tmp_path, epochs=1)
    own = tmp_path / f"small{suffix}"
    own.write_bytes(content)
    for options in ([], ["--resume"]):
        assert exit_of(monkeypatch, "train", "training.yaml", *options) == 2
        assert f"small{suffix}: is there already, and not from a training `small`; give --output" in (
            capsys.readouterr().err
        )
    assert own.read_bytes() == content


def test_a_training_is_repeated_over_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_training(tmp_path, epochs=1)
    assert exit_of(monkeypatch, "train", "training.yaml") == 0
    first = (tmp_path / "small.npz").read_bytes()
    write_training(tmp_path, epochs=2)
    assert exit_of(monkeypatch, "train", "training.yaml") == 0
    assert (tmp_path / "small.npz").read_bytes() != first


def test_where_a_target_is_asked_for_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_training(tmp_path, epochs=1)
    (tmp_path / "small.yaml").write_text("mine")
    assert exit_of(monkeypatch, "train", "training.yaml", "-o", "small") == 0
    assert "mine" not in (tmp_path / "small.yaml").read_text()
