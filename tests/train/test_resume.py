"""A training that was interrupted, however, ends in the same bytes as one that was not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from o3sim.errors import InputError  # noqa: E402
from o3sim.train import run  # noqa: E402
from o3sim.train.checkpoint import load_checkpoint, save_checkpoint  # noqa: E402
from o3sim.train.data_set import encoded  # noqa: E402
from o3sim.train.finished import is_finished, load_training  # noqa: E402
from o3sim.train.loop import Trainer  # noqa: E402
from o3sim.train.network import BinaryNetwork  # noqa: E402
from o3sim.train.run import run_training  # noqa: E402
from o3sim.train.task import Task, load_task  # noqa: E402
from tests.train.samples import write_training  # noqa: E402

EVERYTHING = {
    "regularisers": {"pooling": 0.3, "threshold": 0.2, "warm_up_epochs": 2},
    "augmentation": {"shift_pixels": 1, "flip": True},
    "images_shipped": 3,
}
STEPS = 5
"""Of an epoch: 80 images in batches of 16."""


class StoppedError(Exception):
    """Stands for anything that ends a training."""


def task_of(folder: Path, **changes: Any) -> Task:
    return load_task(write_training(folder, **{**EVERYTHING, **changes}))


def results(folder: Path, name: str) -> dict[str, bytes]:
    """Every file of a training by what follows its name."""
    return {path.name.removeprefix(name): path.read_bytes() for path in folder.glob(f"{name}[.-]*")}


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    """What an uninterrupted training leaves."""
    folder = tmp_path / "whole"
    folder.mkdir()
    run_training(task_of(tmp_path), folder / "net", resume=False)
    found = results(folder, "net")
    assert sorted(found) == ["-images.npz", ".jsonl", ".npz", ".yaml"]
    return found


def stop_at(step: int) -> Any:
    def progress(what: str, done: int, _: int) -> None:
        if "measuring" not in what and done == step:
            raise StoppedError

    return progress


@pytest.mark.parametrize("step", [1, STEPS, STEPS + 1, 2 * STEPS + 3, 3 * STEPS])
def test_interrupted_in_any_epoch(tmp_path: Path, whole: dict[str, bytes], step: int) -> None:
    task = task_of(tmp_path)
    with pytest.raises(StoppedError):
        run_training(task, tmp_path / "net", resume=False, progress=stop_at(step))
    run_training(task, tmp_path / "net", resume=True)
    assert results(tmp_path, "net") == whole


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("saved", [False, True])
def test_interrupted_around_a_checkpoint(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, epoch: int, saved: bool
) -> None:
    def save(path: Path, trainer: Trainer) -> None:
        last = trainer.next_epoch == epoch + 1
        if saved or not last:
            save_checkpoint(path, trainer)
        if last:
            raise StoppedError

    task = task_of(tmp_path)
    monkeypatch.setattr(run, "save_checkpoint", save)
    with pytest.raises(StoppedError):
        run_training(task, tmp_path / "net", resume=False)
    monkeypatch.undo()
    run_training(task, tmp_path / "net", resume=True)
    assert results(tmp_path, "net") == whole


KILLED = """\
import os, signal, sys
from pathlib import Path
from o3sim.train.run import run_training
from o3sim.train.task import load_task

def progress(what, done, _):
    if done == int(sys.argv[3]) and "epoch" in what:
        os.kill(os.getpid(), signal.SIGKILL)

run_training(load_task(Path(sys.argv[1])), Path(sys.argv[2]), False, progress)
"""


@pytest.mark.slow
def test_killed_in_the_middle_of_an_epoch(tmp_path: Path, whole: dict[str, bytes]) -> None:
    path = tmp_path / "training.yaml"
    command = [sys.executable, "-c", KILLED, path, tmp_path / "net", str(STEPS + 3)]
    killed = subprocess.run([*map(str, command)], check=False, timeout=300, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert sorted(results(tmp_path, "net")) == [".checkpoint", ".jsonl"]
    program = "from o3sim.cli.app import main; main()"
    command = [sys.executable, "-c", program, "train", path, "-o", tmp_path / "net", "--resume"]
    subprocess.run([*map(str, command)], check=True, timeout=300, capture_output=True)
    assert results(tmp_path, "net") == whole


def test_every_parameter_is_the_same(tmp_path: Path) -> None:
    task = task_of(tmp_path)
    data = encoded(task.train, task.topology.spec, "cpu")

    def new(seed: int) -> Trainer:
        torch.manual_seed(seed)
        network = BinaryNetwork(task.topology.shapes, task.topology.spec, task.training.order)
        return Trainer(task.training, network)

    straight = new(1)
    for _ in range(3):
        straight.train_epoch(data)
    stopped = new(1)
    stopped.train_epoch(data)
    save_checkpoint(tmp_path / "x.checkpoint", stopped)
    resumed = new(2)
    load_checkpoint(tmp_path / "x.checkpoint", resumed)
    assert resumed.next_epoch == 2
    for _ in range(2):
        resumed.train_epoch(data)
    for name, values in straight.network.state_dict().items():
        assert torch.equal(values, resumed.network.state_dict()[name]), name
    for number, state in straight.optimiser.state_dict()["state"].items():
        for key, values in state.items():
            assert torch.equal(values, resumed.optimiser.state_dict()["state"][number][key]), (number, key)


def test_without_a_checkpoint_resume_begins(tmp_path: Path, whole: dict[str, bytes]) -> None:
    run_training(task_of(tmp_path), tmp_path / "net", resume=True)
    assert results(tmp_path, "net") == whole


def test_without_resume_a_checkpoint_is_left_aside(tmp_path: Path, whole: dict[str, bytes]) -> None:
    task = task_of(tmp_path)
    with pytest.raises(StoppedError):
        run_training(task, tmp_path / "net", resume=False, progress=stop_at(STEPS + 1))
    run_training(task, tmp_path / "net", resume=False)
    assert results(tmp_path, "net") == whole


def interrupted(folder: Path) -> Path:
    """The target of a training that was stopped in its second epoch."""
    with pytest.raises(StoppedError):
        run_training(task_of(folder), folder / "net", resume=False, progress=stop_at(STEPS + 1))
    return folder / "net"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04N."])
def test_a_damaged_checkpoint(tmp_path: Path, content: bytes) -> None:
    target = interrupted(tmp_path)
    (tmp_path / "net.checkpoint").write_bytes(content)
    with pytest.raises(InputError, match=r"net\.checkpoint: not a usable checkpoint"):
        run_training(task_of(tmp_path), target, resume=True)


def test_a_checkpoint_that_would_run_code(tmp_path: Path) -> None:
    target = interrupted(tmp_path)
    torch.save({"training": StoppedError("x"), "next_epoch": 1}, tmp_path / "net.checkpoint")
    with pytest.raises(InputError, match=r"net\.checkpoint: not a usable checkpoint"):
        run_training(task_of(tmp_path), target, resume=True)


def test_a_checkpoint_of_other_settings(tmp_path: Path) -> None:
    target = interrupted(tmp_path)
    with pytest.raises(InputError, match=r"net\.checkpoint: of a training with other settings"):
        run_training(task_of(tmp_path, seed=9), target, resume=True)


def test_a_checkpoint_of_another_topology(tmp_path: Path) -> None:
    target = interrupted(tmp_path)
    path = write_training(tmp_path, **EVERYTHING)
    topology = tmp_path / "topology.yaml"
    topology.write_text(topology.read_text().replace("channels: 6", "channels: 7"))
    with pytest.raises(InputError, match=r"net\.checkpoint: does not fit the topology"):
        run_training(load_task(path), target, resume=True)


@pytest.mark.parametrize("content", ["", "{}\n", None])
def test_a_log_that_the_checkpoint_does_not_go_with(tmp_path: Path, content: str | None) -> None:
    target = interrupted(tmp_path)
    log = tmp_path / "net.jsonl"
    log.unlink()
    if content is not None:
        log.write_text(content)
    with pytest.raises(InputError, match=r"net\.jsonl: not this training's log up to epoch 1,"):
        run_training(task_of(tmp_path), target, resume=True)


def test_a_finished_training_is_known_by_its_files(tmp_path: Path, whole: dict[str, bytes]) -> None:
    training = load_training(tmp_path / "training.yaml")
    assert is_finished(training, tmp_path / "whole" / "net")
    interrupted(tmp_path)
    assert not is_finished(training, tmp_path / "net")
