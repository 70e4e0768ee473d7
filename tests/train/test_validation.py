"""Images kept aside, figures every few epochs, compiled steps, and settings that change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from o3sim.files import save_npz  # noqa: E402
from o3sim.network.infer import accuracy  # noqa: E402
from o3sim.train.data_set import encoded  # noqa: E402
from o3sim.train.loop import Trainer  # noqa: E402
from o3sim.train.network import BinaryNetwork  # noqa: E402
from o3sim.train.run import run_training  # noqa: E402
from o3sim.train.task import load_task  # noqa: E402
from tests.train.samples import images, write_training  # noqa: E402

ASIDE = {"train": "train.npz", "test": "test.npz", "validation": 16}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_images_kept_aside_are_the_last_and_train_nothing(tmp_path: Path) -> None:
    task = load_task(write_training(tmp_path, data=ASIDE))
    network = run_training(task, tmp_path / "net", resume=False)
    _, *epochs, last = lines(tmp_path / "net.jsonl")
    for line in epochs:
        assert "validation_accuracy" in line
        assert "test_accuracy" not in line
        assert "pruned_percent" not in line
    whole = images(80)
    assert last["validation_accuracy"] == round(accuracy(network, whole["x"][64:], whole["y"][64:]), 6)
    assert last["validation_images"] == 16
    assert epochs[-1]["validation_accuracy"] == last["validation_accuracy"]
    # The same weights as of a training that has never seen these images.
    path = write_training(tmp_path)
    save_npz(tmp_path / "train.npz", {key: values[:64] for key, values in whole.items()})
    run_training(load_task(path), tmp_path / "less", resume=False)
    assert (tmp_path / "net.npz").read_bytes() == (tmp_path / "less.npz").read_bytes()


def test_figures_after_every_second_epoch_and_the_last(tmp_path: Path) -> None:
    for name, changes in (("each", {}), ("second", {"measure_every": 2})):
        run_training(load_task(write_training(tmp_path, **changes)), tmp_path / name, resume=False)
    each, second = (lines(tmp_path / f"{name}.jsonl") for name in ("each", "second"))
    assert ["test_accuracy" in line for line in second] == [False, False, True, False, True]
    assert second[2] == each[2]
    assert second[-1] == each[-1]
    assert (tmp_path / "each.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_compiled_or_not_a_cpu_trains_to_the_same_bytes(tmp_path: Path) -> None:
    for name, compiled in (("as-it-is", False), ("compiled", True)):
        run_training(load_task(write_training(tmp_path, compile=compiled)), tmp_path / name, resume=False)
    assert (tmp_path / "as-it-is.npz").read_bytes() == (tmp_path / "compiled.npz").read_bytes()
    first, second = (lines(tmp_path / f"{name}.jsonl") for name in ("as-it-is", "compiled"))
    assert first[1:] == second[1:]


def test_settings_that_came_later_are_in_a_log_only_where_a_training_has_them(tmp_path: Path) -> None:
    asked = load_task(write_training(tmp_path)).training.model_dump(mode="json")
    later = {"compile", "start", "distillation", "measure_every", "keep_latent"}
    assert not later & asked.keys()
    assert asked["data"].keys() == {"train", "test"}
    assert asked["regularisers"].keys() == {"pooling", "pooling_form", "threshold", "warm_up_epochs"}
    changed = load_task(write_training(tmp_path, data=ASIDE, measure_every=3)).training.model_dump(
        mode="json"
    )
    assert (changed["data"]["validation"], changed["measure_every"]) == (16, 3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU here")
@pytest.mark.parametrize("compiled", [False, True])
def test_a_gpu_is_not_waited_for_between_steps(tmp_path: Path, compiled: bool) -> None:
    terms = {"pooling": 1.0, "threshold": 1.0}
    more = {"augmentation": {"shift_pixels": 1, "flip": True}, "regularisers": terms, "compile": compiled}
    task = load_task(write_training(tmp_path, device="cuda", **more))
    network = BinaryNetwork(task.topology.shapes, task.topology.spec, task.training.order).to("cuda")
    trainer, data = Trainer(task.training, network), encoded(task.train, task.topology.spec, "cuda")
    trainer.train_epoch(data)  # whatever is set up once

    def strict(_what: str, done: int, _steps: int) -> None:
        torch.cuda.set_sync_debug_mode("error" if done % 5 else "default")

    try:
        losses = trainer.train_epoch(data, strict)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert np.isfinite(losses.loss)
