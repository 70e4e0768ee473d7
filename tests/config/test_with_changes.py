"""A changed machine is the one that a file with those values describes, or is refused like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from o3sim.config.catalog import names
from o3sim.config.flat import flattened
from o3sim.config.load import load_architecture
from o3sim.config.with_changes import ChangeError, architecture_with
from o3sim.config.yaml_marks import dump_yaml, read_scalar
from o3sim.errors import ConfigError, InputError

LOCKSTEP_KEYS = "pe.count * pe.contexts"


@pytest.mark.parametrize("name", names("architecture"))
def test_no_change_is_the_same_machine(name: str) -> None:
    base = load_architecture(name)
    assert architecture_with(base, {}) == base


@pytest.mark.parametrize(
    "changes",
    [
        {"pe.count": 32},
        {"clock_mhz": 1},
        {"scheduler.policy": "lockstep", "pe.count": 16},
        {"activation_buffer.banks": "ideal", "pruning.threshold": False},
        {"name": "mine", "note": "a note", "energy.table": "fpga-28nm"},
        {"organization": "layer_pipelined", "stages": [{"pe": {"count": 3}}, {}]},
    ],
)
def test_a_changed_machine_is_the_one_of_a_file(changes: dict[str, Any], tmp_path: Path) -> None:
    base = load_architecture("o3bnn")
    values: dict[str, Any] = base.model_dump(mode="json")
    for key, value in changes.items():
        section, _, inner = key.rpartition(".")
        (values[section] if section else values)[inner] = value
    (tmp_path / "same.yaml").write_text(dump_yaml(values))
    changed = architecture_with(base, changes)
    assert changed == load_architecture(tmp_path / "same.yaml")
    assert changed.model_dump_json() == load_architecture(tmp_path / "same.yaml").model_dump_json()
    assert base == load_architecture("o3bnn")


def test_a_stage_is_changed_by_the_number_of_its_layer() -> None:
    base = load_architecture("o3bnn-pipelined")
    changed = architecture_with(base, {"stages.2.pe.count": 7, "stages.2.issue_queue.depth_ops": 99})
    assert (changed.stages[2].pe.count, changed.stages[2].issue_queue.depth_ops) == (7, 99)
    assert changed.stages[:2] == base.stages[:2]
    assert changed.stages[3:] == base.stages[3:]


def test_files_are_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "policy.py").write_text("class Mine: ...\n")
    (tmp_path / "cheap.yaml").write_text("extends: asic-45nm\n")
    monkeypatch.chdir(tmp_path)
    found = architecture_with(
        load_architecture("small"), {"scheduler.policy": "own/policy.py:Mine", "energy.table": "cheap.yaml"}
    )
    assert (found.scheduler.policy, found.energy.table) == ("own/policy.py:Mine", "cheap.yaml")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pe.count": 0}, "pe.count: expected a number >= 1, found the number 0"),
        ({"pe.count": "many"}, "pe.count: expected an integer, found `many`"),
        ({"pe.count": 8.0}, "pe.count: expected an integer, found the number 8.0"),
        ({"pe.count": True}, "pe.count: expected an integer, found true"),
        ({"pe.count": None}, "pe.count: expected an integer, found nothing"),
        ({"clock_mhz": float("nan")}, "clock_mhz: expected a finite number, found the number nan"),
        ({"pe.cuont": 3}, "pe.cuont: no architecture key `pe.cuont` (did you mean `pe.count`?)"),
        ({"pe_count": 3}, "pe_count: no architecture key `pe_count` (did you mean `pe.count`?)"),
        ({"pe": 3}, "no architecture key `pe`"),
        ({"scheduler.policy": "lockstp"}, "(did you mean `lockstep`?)"),
        ({"activation_buffer.banks": "idea"}, "expected an integer or `ideal`, found `idea` (did you"),
        ({"energy.table": "asic-54nm"}, "energy.table: no shipped table `asic-54nm` (did you mean"),
        ({"energy.table": "no/such.yaml"}, "energy.table: no file no/such.yaml"),
        ({"scheduler.policy": "none.py:Mine"}, "scheduler.policy: none.py: No such file"),
        ({"pe.unit": "setup:Mine"}, "expected a class of yours"),
        (
            {"pe.count": 4096, "scheduler.policy": "lockstep"},
            "scheduler.policy: issue_queue.depth_ops: 256 cannot hold a lockstep group of "
            f"{LOCKSTEP_KEYS} = 8192 ops",
        ),
        (
            {"scheduler.policy": "lockstep", "issue_queue.depth_ops": 3},
            f"issue_queue.depth_ops: 3 cannot hold a lockstep group of {LOCKSTEP_KEYS} = 128 ops",
        ),
        ({"stages": [{}]}, "stages: are of organization layer_pipelined only"),
        ({"stages": 3, "stages.0.pe.count": 3}, "stages.0.pe.count: stages is changed as a whole already"),
        ({"stages.0.pe.count": 3}, "stages.0.pe.count: no stage 0 in this machine: there are none"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ChangeError) as caught:
        architecture_with(load_architecture("o3bnn"), changes)
    assert says in str(caught.value)
    assert len(caught.value.refusals) == 1


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("stages.9.pe.count", 3, "no stage 9 in this machine: there are 0 to 8"),
        ("stages.pe.count", 3, "expected stages.N.KEY"),
        ("stages.0", 3, "expected stages.N.KEY"),
        ("stages.0.pe.cuont", 3, "no architecture key `pe.cuont` (did you mean `pe.count`?)"),
        ("stages.0.pe.unit", "standard", "stages.0.pe.unit: unknown key"),
        ("stages.0.clock_mhz", 3, "unknown key"),
        ("stages.0.pe.count", 0, "stages.0.pe.count: expected a number >= 1, found the number 0"),
    ],
)
def test_what_is_wrong_with_a_stage(key: str, value: Any, says: str) -> None:
    with pytest.raises(ChangeError) as caught:
        architecture_with(load_architecture("o3bnn-pipelined"), {key: value})
    assert says in str(caught.value)


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_changes() -> None:
    with pytest.raises(ChangeError) as caught:
        architecture_with(load_architecture("o3bnn"), {"pruning.pooling": 1, "pe.count": 0})
    assert [refusal.key for refusal in caught.value.refusals] == ["pruning.pooling", "pe.count"]


@pytest.mark.parametrize("name", names("architecture"))
def test_every_key_that_is_shown_can_be_changed(name: str) -> None:
    base = load_architecture(name)
    for key, value in flattened(base.model_dump(mode="json")).items():
        assert architecture_with(base, {key: value}) == base


@pytest.mark.parametrize("text", ["32", "1e3", "true", "on", "0x10", "'32'", "", "~", "ü", "3 # three", ".5"])
def test_scalars_are_read_as_in_a_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(f"description: {text}\n")
    from o3sim.config.extends import load_document

    assert read_scalar(text) == load_document(tmp_path / "f.yaml").data["description"]


@pytest.mark.parametrize(
    "text",
    ["a: b", "[1]", "{", "- 3", "*x", "'x", "3\n...\n4", "!foo 3", "9" * 50, "1e999", "\ud800", "[" * 10**5],
)
def test_what_is_no_scalar_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_scalar(text)
    assert not isinstance(caught.value, ConfigError)
    assert "\n" not in str(caught.value)
