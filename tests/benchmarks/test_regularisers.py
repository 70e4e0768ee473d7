"""The study of regularisers: every form trains, a finished one does not again, and its table adds up."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")

from o3sim.config.catalog import folder as folder_of
from o3sim.files import load_npz, save_npz
from o3sim.train.config import Training
from scripts.benchmarks import regularisers
from scripts.benchmarks.study import FIGURES, ROOT

FOLDERS = (ROOT / FIGURES / "regularisers", ROOT / FIGURES / "regularisers" / "cifar10")


def test_forms_train_once_and_give_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images = load_npz(folder_of("workload") / "fashion-vgg-images.npz")
    save_npz(tmp_path / "train.npz", {key: values[:80] for key, values in images.items()})
    save_npz(tmp_path / "test.npz", {key: values[80:100] for key, values in images.items()})
    monkeypatch.setattr(regularisers, "SEEDS", (1,))
    monkeypatch.setattr(regularisers, "IMAGES", 1)
    small = {"epochs": 3, "images_profiled": 2, "batch_images": 32}
    monkeypatch.setattr(regularisers, "COMMON", {**regularisers.COMMON, **small})
    asked = [str(tmp_path / name) for name in ("train.npz", "test.npz", "forms")] + ["--validation", "10"]
    asked += ["--width-factor", "0.1"]
    regularisers.main(asked)
    said = capsys.readouterr().out
    with (tmp_path / "forms" / "table.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["form"] for row in rows] == list(regularisers.FORMS)
    assert said.count("trained ") == len(rows)
    for row in rows:
        log = (tmp_path / "forms" / f"{row['form']}-seed1.jsonl").read_text().splitlines()
        assert json.loads(log[-1])["validation_accuracy"] == pytest.approx(
            float(row["validation_percent"]) / 100
        )
        assert int(row["ideal_cycles"]) <= int(row["o3bnn_cycles"])
    weights = json.loads((tmp_path / "forms" / "cycles-seed1.jsonl").read_text().splitlines()[0])
    assert sum(weights["training"]["regularisers"]["layer_weights"].values()) == pytest.approx(1, abs=1e-3)
    assert weights["training"]["width_factor"] == 0.1
    regularisers.main(asked)
    again = capsys.readouterr().out
    assert "trained " not in again
    assert again == said[said.index("| form") :]
    assert "on the front: " in again


def test_a_front_and_what_lies_between_its_points() -> None:
    points = {"slow": (1.0, -2.0), "beaten": (-0.25, 3.0), "plain": (0.0, 4.0), "fast": (-2.0, 12.0)}
    assert regularisers.front_of(points) == ["slow", "plain", "fast"]
    assert regularisers.speed_at(points, 0.5) == 1.0
    assert regularisers.speed_at(points, -0.5) == 6.0
    assert [regularisers.speed_at(points, end) for end in (2.0, -3.0)] == [-2.0, 12.0]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_page_stands_on_logs_of_the_forms_as_they_are(folder: Path) -> None:
    """Every point of the table has its log, of settings that are those of its form."""
    with (folder / "table.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(log.stem for log in folder.glob("*.jsonl")) == sorted(
        f"{row['form']}-seed{row['seed']}" for row in rows
    )
    for row in rows:
        log = (folder / f"{row['form']}-seed{row['seed']}.jsonl").read_text()
        first, *_, last = map(json.loads, log.splitlines())
        training = Training.model_validate_json(json.dumps(first["training"]))
        form = regularisers.FORMS[row["form"]]
        for key, value in form.regularisers.items():
            assert getattr(training.regularisers, key) == value
        assert (training.start is not None, training.distillation is not None) == (
            form.from_plain,
            form.taught,
        )
        assert last["test_accuracy"] == pytest.approx(float(row["test_percent"]) / 100, abs=1e-4)
