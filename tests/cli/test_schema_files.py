"""The JSON Schemas are current, valid, and agree with the models on the shipped files."""

import copy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from o3sim.cli.schema_files import MODELS, json_schema, schema_files
from o3sim.config.catalog import KINDS, folder, names
from o3sim.config.load import load_architecture
from o3sim.config.yaml_marks import read_yaml

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def errors(kind: str, data: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(json_schema(kind)).iter_errors(data)]


def test_the_schemas_in_docs_are_current() -> None:
    assert {file.name: file.read_text() for file in SCHEMAS.iterdir()} == schema_files(), (
        "run `o3sim schema -o docs/schemas`"
    )


@pytest.mark.parametrize("kind", MODELS)
def test_schemas_are_schemas(kind: str) -> None:
    Draft202012Validator.check_schema(json_schema(kind))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in names(kind)])
def test_shipped_files_conform(kind: Any, name: str) -> None:
    assert errors(kind, read_yaml(folder(kind) / f"{name}.yaml").data) == []


def test_without_extends_every_key_is_required() -> None:
    data = load_architecture("o3bnn").model_dump()
    assert errors("architecture", data) == []
    for section, key in [("pe", "count"), ("dram", "latency_cycles"), ("energy", "table")]:
        less = copy.deepcopy(data)
        del less[section][key]
        assert errors("architecture", less) == [f"'{key}' is a required property"]
        assert errors("architecture", {**less, "extends": "o3bnn"}) == []
    assert len(errors("architecture", {"name": "x"})) == 12 - 1  # without a queue that is all


@pytest.mark.parametrize(
    "wrong",
    [
        {"pe": {"coutn": 1}},
        {"unit": 1},
        {"clock_mhz": "200"},
        {"scheduler": {"policy": "lockstp"}},
        {"scheduler": {"window_in_flight_ops": 0}},
        {"dram": {"bits_per_cycle": "unlimited"}},
        {"extends": 3},
    ],
)
def test_schemas_refuse_what_the_model_refuses(wrong: dict[str, Any]) -> None:
    assert errors("architecture", {"extends": "o3bnn", **wrong})
