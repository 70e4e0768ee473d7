"""docs/training.md names every key and every figure of the log, and its example is valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from o3sim.cli.kinds import kind_of
from o3sim.config.catalog import folder
from o3sim.config.extends import load_document
from o3sim.config.load import check, load_model
from o3sim.train.config import Training

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training.md"


def keys(schema: dict[str, Any]) -> Iterator[str]:
    for model in (schema, *schema["$defs"].values()):
        yield from model["properties"]


@pytest.mark.parametrize("key", sorted(set(keys(Training.model_json_schema()))))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"^\| (`\w+`, )?`{key}`", PAGE.read_text("utf-8"), re.MULTILINE)


def test_no_other_key_is() -> None:
    table = PAGE.read_text("utf-8").split("| key | meaning |")[1].split("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE))))
    assert named == set(keys(Training.model_json_schema()))


def test_the_example_is_a_training(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    path = tmp_path / "training.yaml"
    path.write_text(found[1])
    document = load_document(path)
    assert kind_of(document).label == "training"
    assert check(document, Training).regularisers.warm_up_epochs == 2


def test_every_format_that_is_read_is_named() -> None:
    from o3sim.formats.datasets import arrays, cifar_binary, cifar_python, png_strips
    from o3sim.formats.datasets.read import FORMATS

    text = PAGE.read_text("utf-8")
    assert len(FORMATS) == 5
    for name in (
        *(file for form in (cifar_binary, cifar_python) for file in form.FILES["test"]),
        *png_strips.STRIPS["test"],
        *png_strips.LABELS.values(),
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
    ):
        assert f"`{name}`" in text
    assert arrays.__doc__ is not None
    for name in re.findall(r"`(\w+\.npy)`", arrays.__doc__):
        assert f"`{name}`" in text


def test_the_shipped_logs_are_of_the_files_beside_them() -> None:
    shipped = folder("workload") / "training"
    for log in sorted(shipped.glob("*.jsonl")):
        asked = json.loads(log.read_text().splitlines()[0])
        path = log.with_suffix(".yaml")
        assert asked["training"] == load_model(path, Training).model_dump(mode="json"), log.name
        assert asked["name"] == log.stem, log.name


def test_every_figure_of_the_log_is_explained(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    from o3sim.train.run import run_training
    from o3sim.train.task import load_task
    from tests.train.samples import write_training

    run_training(load_task(write_training(tmp_path, epochs=1)), tmp_path / "net", resume=False)
    lines = [json.loads(line) for line in (tmp_path / "net.jsonl").read_text().splitlines()]
    text = PAGE.read_text("utf-8").split("## The log")[1]
    for key in {key for line in lines for key in line}:
        assert f"`{key}`" in text, key
