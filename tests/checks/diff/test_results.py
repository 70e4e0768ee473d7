"""What changed from one result to another, and what is no result."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from o3sim.checks.diff.files import compare_files
from o3sim.checks.diff.results import compare_documents
from o3sim.errors import InputError
from o3sim.files.inputs import MOST_JSON_BYTES
from o3sim.results.comparison import compare
from o3sim.results.document import to_document, to_json
from tests.sample_runs import result


def document(scale: int = 1) -> dict[str, Any]:
    return to_document(result("o3bnn", scale), [compare(result("o3bnn", scale), result("dense", 2))])


def test_a_result_is_as_itself() -> None:
    assert compare_documents(document(), document()) is None


def test_the_first_layer_that_changed_is_named_with_every_figure_in_percent() -> None:
    changed = document()
    changed["layers"][1]["cycles"] = 2100
    changed["layers"][1]["events"]["ops"] += 1
    difference = compare_documents(document(), changed)
    assert difference is not None
    assert difference.layer == "scores"
    assert difference.report == [
        "first difference in layer scores",
        "layer scores:",
        "  cycles: 2,000 -> 2,100 (+5.00 %)",
        "  events.ops: 400 -> 401 (+0.25 %)",
    ]


def test_every_part_is_compared() -> None:
    difference = compare_documents(document(), document(3))
    assert difference is not None
    parts = list(difference.changes)
    assert parts == ["layer conv1", "layer scores", "the run", "compared with dense"]


def test_what_was_run_comes_first() -> None:
    changed = document()
    changed["configuration"]["pe"]["count"] = 32
    changed["compare"] = []
    difference = compare_documents(document(), changed)
    assert difference is not None
    assert difference.report == [
        "no layer differs",
        "what was run:",
        "  configuration.pe.count: 64 -> 32 (-50.00 %)",
        "compared with dense:",
        "  all of it: present -> absent",
    ]


def test_layers_that_one_does_not_have() -> None:
    changed = document()
    changed["layers"][0]["name"] = "conv0"
    difference = compare_documents(document(), changed)
    assert difference is not None
    assert difference.report[0] == "first difference in layer conv1"
    assert "layer conv0:" in difference.report


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (to_json(result())[:-50], "is cut off or no JSON"),
        ("{}", "is no result of `o3sim run --json`: no schema_version, architecture"),
        ('{"traceEvents": []}', "is no result"),
        (json.dumps({**document(), "schema_version": 99}), "is of schema_version 99; this o3sim reads"),
        (json.dumps({**document(), "layers": 3}), "no list of layers"),
        (json.dumps({**document(), "layers": [1]}), "no list of layers"),
        ("{" * 100_000, "is cut off or no JSON"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.json").write_text(to_json(result()))
    (tmp_path / "b.json").write_text(content)
    with pytest.raises(InputError, match=message):
        compare_files(tmp_path / "a.json", tmp_path / "b.json")
    assert compare_files(tmp_path / "a.json", tmp_path / "a.json") == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("layers", '[{"name": 5}]'),
        ("compare", "5"),
        ("compare", "[5]"),
        ("compare", "[{}]"),
        ("cycles", '"\\ud800"'),
        ("cycles", "9" * 5000),
        ("cycles", "NaN"),
        ("workload", '"\\u001b[31mred"'),
        ("configuration", "1" + "0" * 30),
        ("configuration", "[" * 60 + "]" * 60),
    ],
)
def test_odd_values_are_one_line(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "a.json").write_text(to_json(result()))
    text = json.dumps({**document(), key: "HERE"}).replace('"HERE"', value)
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(InputError, match=r"b\.json: is ") as caught:
        compare_files(tmp_path / "a.json", tmp_path / "b.json")
    assert "\n" not in str(caught.value)


def test_a_compressed_result_unfolds_to_no_more_than_results_have(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(to_json(result()))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b"{" + b" " * (MOST_JSON_BYTES + 10)))
    with pytest.raises(InputError, match="larger than 33,554,432 bytes"):
        compare_files(tmp_path / "a.json", tmp_path / "b.json.gz")
