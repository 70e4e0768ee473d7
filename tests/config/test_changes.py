"""A changed machine is the one that a file with those values describes, or is refused like it.

None is ever altered. What a script, ``--set``, a sweep and a search say of a change, they say alike.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from o3sim.cli.machines import load_machine
from o3sim.config import named_files
from o3sim.config.architecture import Architecture
from o3sim.config.catalog import names
from o3sim.config.changes import ChangeError, checked, plain
from o3sim.config.flat import flattened
from o3sim.config.load import load_architecture
from o3sim.config.yaml_marks import dump_yaml
from o3sim.errors import ConfigError, InputError
from o3sim.studies.search.plan import check_search
from o3sim.studies.sweep.expand import expand, load_sweep
from tests.sample_runs import network

LOCKSTEP_KEYS = "pe.count * pe.contexts"

NESTED: list[Any] = []
NESTED.append(NESTED)


@pytest.fixture
def base() -> Architecture:
    return load_architecture("o3bnn-64pe")


def test_keys_are_dotted_or_nested(base: Architecture) -> None:
    dotted = base.with_({"pe.count": 32, "pe.contexts": 4, "name": "mine"})
    assert (dotted.pe.count, dotted.pe.contexts, dotted.name) == (32, 4, "mine")
    assert dotted.pe.width_edges == base.pe.width_edges
    assert base.with_({"pe": {"count": 32}, "pe.contexts": 4, "name": "mine"}) == dotted
    assert base.pe.count == 64


def test_nothing_changed_is_the_same_machine(base: Architecture) -> None:
    for nothing in ({}, {"pe": {}}, {"stages": {}}, {"pe.count": 64}):
        same = base.with_(nothing)
        assert same == base
        assert hash(same) == hash(base)
    assert len({base, base.with_({"pe.count": 32}), base.with_({"pe.count": 64})}) == 2


def test_values_of_scripts_are_taken(base: Architecture, tmp_path: Path) -> None:
    table = tmp_path / "mine.yaml"
    table.write_text("")
    assert base.with_({"pe.count": np.int64(32), "clock_mhz": 100}) == base.with_(
        {"pe.count": 32, "clock_mhz": 100.0}
    )
    assert base.with_({"energy.table": table}).energy.table == str(table)


def test_stages_and_notes_can_be_given(base: Architecture) -> None:
    stages = ({"pe": {"count": 8}}, {"issue_queue": {"depth_ops": 4}})
    made = base.with_({"organization": "layer_pipelined", "stages": stages, "note": "two layers"})
    assert (made.stages[0].pe.count, made.stages[1].issue_queue.depth_ops) == (8, 4)
    assert made.with_({"pe.count": 16}).stages == made.stages
    assert hash(made) == hash(made.with_({}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pe.count": 0}, r"^architecture o3bnn-64pe: pe.count: expected a number >= 1, found"),
        ({"pe.cuont": 2}, r"^no architecture key `pe.cuont` \(did you mean `pe.count`\?\)$"),
        ({"pe": {"cuont": 2}}, "no architecture key `pe.cuont`"),
        ({"count": 2}, r"did you mean `pe.count`"),
        ({"typo": {}}, "no architecture key `typo`"),
        ({3: 4}, "no architecture key `3`"),
        ({"pe": 3}, "pe: expected a mapping of keys"),
        ({"pe.count": 2, "pe": {"count": 3}}, "pe.count: changed twice"),
        ({"pe.count": 2, "pe": 3}, "pe.count: pe is changed as a whole already"),
        ({"pe": 3, "pe.count": 2}, "pe.count: pe is changed as a whole already"),
        ({"pe.count": {"many": 2}}, "no architecture key `pe.count.many`"),
        ({"stages": {0: {"pe": {"count": 3}}}}, "no stage 0 in this machine: there are none"),
        ({"stages.00.pe.count": 3}, "expected stages.N.KEY"),
        ({"pe.count": NESTED}, "pe.count: no value that a file can state"),
        ({"name": "\x1b[2J"}, r"name: character U\+001B"),
        ({"pe.count": 2.5}, "pe.count: expected an integer, found the number 2.5"),
        ({"pe.count": "32"}, "pe.count: expected an integer, found `32`"),
        ({"activation_buffer.banks": True}, "banks: expected an integer or `ideal`, found true"),
        ({"clock_mhz": float("nan")}, "clock_mhz: expected a finite number"),
        ({"pe.count": object()}, "no value that a file can state: <object"),
        ({"scheduler.policy": "lockstep", "issue_queue.depth_ops": 4}, "cannot hold a lockstep group"),
        ({"stages": [{"pe": {"count": 2}}]}, "stages: are of organization layer_pipelined only"),
        ({"energy.table": "asic-45"}, r"no shipped table `asic-45` \(did you mean `asic-45nm`\?\)"),
        ({"energy.table": "./none.yaml"}, "energy.table: no file ./none.yaml"),
        ({"scheduler.policy": "none.py:Mine"}, "scheduler.policy: none.py: cannot be read: No such file"),
        (["pe.count"], "expected a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(base: Architecture, changes: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        base.with_(changes)


def test_all_problems_are_said_at_once(base: Architecture) -> None:
    with pytest.raises(ConfigError) as found:
        base.with_({"pe.count": 0, "clock_mhz": -1.0})
    assert len(found.value.problems) == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pe.count", 3), ("pe.count", 0), ("pe.count", 1.0), ("pe.count", "many"), ("pe.count", True),
        ("clock_mhz", 1), ("clock_mhz", -1), ("weight_buffer.banks", "ideal"), ("pe.speculate", 1),
        ("scheduler.policy", "lockstep"), ("scheduler.policy", "random"), ("pe.count", 2**17),
        ("energy.table", "fpga-28nm"), ("energy.table", "none"), ("name", ""), ("pe.cuont", 3),
        ("energy.table", "./none.yaml"), ("scheduler.policy", "none.py:Mine"), ("note", "a note"), ("pe", 3),
        ("stages", 3), ("stages.0.pe.count", 3), ("issue_queue.depth_ops", 1),
    ],
)  # fmt: skip
def test_what_a_sweep_takes_is_taken_and_nothing_else(
    base: Architecture, key: str, value: Any, tmp_path: Path
) -> None:
    file = tmp_path / "sweep.yaml"
    axes = json.dumps({key: [value]})
    file.write_text(f"name: x\narchitectures: [o3bnn-64pe]\nworkloads: [tiny]\naxes: {axes}\n")
    assert _taken(lambda: expand(load_sweep(file), {"tiny": network().layers})) == _taken(
        lambda: base.with_({key: value})
    )


REFUSED = [
    ("o3bnn-64pe", "pe.count", 0), ("o3bnn-64pe", "pe.count", "many"),
    ("o3bnn-64pe", "pe.cuont", 3), ("o3bnn-64pe", "pe", 3),
    ("o3bnn-64pe", "energy.table", "asic-54nm"), ("o3bnn-64pe", "energy.table", "none.yaml"),
    ("o3bnn-64pe", "scheduler.policy", "none.py:Mine"), ("o3bnn-64pe", "scheduler.policy", "lockstp"),
    ("o3bnn-64pe", "stages.0.pe.count", 3), ("o3bnn-pipelined", "stages.9.pe.count", 3),
    ("o3bnn-pipelined", "stages.0.pe.cuont", 3), ("o3bnn-pipelined", "stages.0.clock_mhz", 3),
    ("o3bnn-pipelined", "stages.0.pe.count", 0), ("o3bnn-pipelined", "stages.0", 3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "key", "value"), REFUSED)
def test_all_ways_to_change_a_machine_refuse_in_the_same_words(
    name: str, key: str, value: Any, tmp_path: Path
) -> None:
    with pytest.raises(ChangeError) as script:
        load_architecture(name).with_({key: value})
    (refusal,) = script.value.refusals
    assert refusal.key == key
    with pytest.raises(InputError) as option:
        load_machine(name, [f"{key}={value}"])
    assert str(option.value) == f"--set {key}={value}: {refusal.what}"
    sweep, search = tmp_path / "sweep.yaml", tmp_path / "search.yaml"
    axes = json.dumps({key: [value]})
    sweep.write_text(f"name: x\narchitectures: [{name}]\nworkloads: [tiny]\naxes: {axes}\n")
    with pytest.raises(ConfigError, match=r":4:\d+: axes\.") as swept:
        expand(load_sweep(sweep), {"tiny": network().layers})
    search.write_text(
        f"name: x\narchitecture: {name}\nworkload: tiny\nparameters: {axes}\n"
        "objectives: {cycles: minimise}\ntrials: 1\nseed: 0\n"
    )
    with pytest.raises(ConfigError, match=r":4:\d+: parameters\.") as searched:
        check_search(search)
    assert f"{key}: {refusal.what}" in str(swept.value)
    assert f"{key}: {refusal.what}" in str(searched.value)


def test_a_file_on_an_axis_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(named_files, "is_table", lambda name: asked.append(name) or name != "none.yaml")
    file = tmp_path / "sweep.yaml"
    axes = "{energy.table: [asic-45nm, none.yaml], pe.count: [1, 2, 4, 8]}"
    file.write_text(f"name: x\narchitectures: [o3bnn-64pe]\nworkloads: [tiny]\naxes: {axes}\n")
    with pytest.raises(ConfigError) as caught:
        expand(load_sweep(file), {"tiny": network().layers})
    assert len(caught.value.problems) == 4
    assert asked.count("none.yaml") == 1


def _taken(attempt: Any) -> bool:
    try:
        attempt()
    except InputError:
        return False
    return True


def test_a_copy_with_unchecked_changes_is_refused(base: Architecture) -> None:
    for model in (base, base.pe):
        with pytest.raises(InputError, match=r"checks nothing.*\.with_\("):
            model.model_copy(update={"count": 32})
    assert base.model_copy() == base == base.model_copy(deep=True)


def test_no_part_of_a_machine_changes(base: Architecture) -> None:
    piped = load_architecture("finn-cnv")
    stage = piped.stages[0]
    for part, key in ((base, "name"), (base.pe, "count"), (stage, "pe"), (stage.pe, "count")):
        with pytest.raises(InputError, match=r"no part of a machine ever changes.*\.with_\("):
            setattr(part, key, 3)


def test_a_machine_that_was_tampered_with_does_not_pass(base: Architecture) -> None:
    assert checked(base) == base
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        smuggled = base.copy(update={"pe.count": 32})
        broken = base.copy(update={"pe": base.pe.copy(update={"count": 0})})
    with pytest.raises(InputError, match=r"pe.count: unknown key"):
        checked(smuggled)
    with pytest.raises(InputError, match=r"pe.count: expected a number >= 1"):
        checked(broken)
    with pytest.raises(InputError, match="architecture x: pe: required, but absent"):
        checked(Architecture.model_construct(name="x"))
    object.__setattr__(base, "pe", 7)
    with pytest.raises(InputError, match="pe: expected a mapping"):
        checked(base)
    with pytest.raises(InputError, match=r"pe.unit: required, but absent"):
        base.with_({"pe.count": 3})


def test_plain_values_are_those_that_files_state() -> None:
    assert plain({"a": (1, np.float64(2.5)), "b": Path("x.yaml"), "c": np.arange(2)}) == {
        "a": [1, 2.5],
        "b": "x.yaml",
        "c": [0, 1],
    }


@pytest.mark.parametrize("name", names("architecture"))
def test_no_change_is_the_same_machine(name: str) -> None:
    base = load_architecture(name)
    assert base.with_({}) == base


@pytest.mark.parametrize(
    "changes",
    [
        {"pe.count": 32},
        {"clock_mhz": 1},
        {"scheduler.policy": "lockstep", "pe.count": 16},
        {"activation_buffer.banks": "ideal", "pruning.threshold": False},
        {"name": "mine", "note": "a note", "energy.table": "fpga-28nm"},
        {
            "organization": "layer_pipelined",
            "stages": [{"pe": {"count": 3}}, {}],
            "weight_buffer.resident_kbit": 0,
        },
    ],
)
def test_a_changed_machine_is_the_one_of_a_file(changes: dict[str, Any], tmp_path: Path) -> None:
    base = load_architecture("o3bnn-64pe")
    values: dict[str, Any] = base.model_dump(mode="json")
    for key, value in changes.items():
        section, _, inner = key.rpartition(".")
        (values[section] if section else values)[inner] = value
    (tmp_path / "same.yaml").write_text(dump_yaml(values))
    made = base.with_(changes)
    assert made == load_architecture(tmp_path / "same.yaml")
    assert made.model_dump_json() == load_architecture(tmp_path / "same.yaml").model_dump_json()
    assert base == load_architecture("o3bnn-64pe")


def test_a_stage_is_changed_by_the_number_of_its_layer() -> None:
    base = load_architecture("o3bnn-pipelined")
    made = base.with_({"stages.2.pe.count": 7, "stages.2.issue_queue.depth_ops": 99})
    assert (made.stages[2].pe.count, made.stages[2].issue_queue.depth_ops) == (7, 99)
    assert made.stages[:2] == base.stages[:2]
    assert made.stages[3:] == base.stages[3:]
    assert made == base.with_(
        {"stages": {2: {"pe": {"count": 7}, "issue_queue.depth_ops": 99}, 3: {"pe": {}}}}
    )


def test_files_are_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "policy.py").write_text("class Mine: ...\n")
    (tmp_path / "cheap.yaml").write_text("extends: asic-45nm\n")
    monkeypatch.chdir(tmp_path)
    found = load_architecture("small").with_(
        {"scheduler.policy": "own/policy.py:Mine", "energy.table": "cheap.yaml"}
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
        ({"pe.cuont": 3}, "no architecture key `pe.cuont` (did you mean `pe.count`?)"),
        ({"pe_count": 3}, "no architecture key `pe_count` (did you mean `pe.count`?)"),
        ({"pe": 3}, "pe: expected a mapping of keys, found the number 3"),
        ({"scheduler.policy": "lockstp"}, "(did you mean `lockstep`?)"),
        ({"activation_buffer.banks": "idea"}, "expected an integer or `ideal`, found `idea` (did you"),
        ({"energy.table": "asic-54nm"}, "energy.table: no shipped table `asic-54nm` (did you mean"),
        ({"energy.table": "no/such.yaml"}, "energy.table: no file no/such.yaml"),
        ({"scheduler.policy": "none.py:Mine"}, "scheduler.policy: none.py: cannot be read: No such file"),
        ({"pe.unit": "setup:Mine"}, "expected a class of yours"),
        (
            {"pe.count": 4096, "scheduler.policy": "lockstep"},
            "scheduler.policy: issue_queue.depth_ops: 512 cannot hold a lockstep group of "
            f"{LOCKSTEP_KEYS} = 12288 ops",
        ),
        (
            {"scheduler.policy": "lockstep", "issue_queue.depth_ops": 3},
            f"issue_queue.depth_ops: 3 cannot hold a lockstep group of {LOCKSTEP_KEYS} = 192 ops",
        ),
        ({"stages": [{}]}, "stages: are of organization layer_pipelined only"),
        ({"stages": 3, "stages.0.pe.count": 3}, "stages.0.pe.count: stages is changed as a whole already"),
        ({"stages.0.pe.count": 3}, "stages.0.pe.count: no stage 0 in this machine: there are none"),
    ],
)
def test_each_thing_that_is_wrong_is_one_refusal(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ChangeError) as caught:
        load_architecture("o3bnn-64pe").with_(changes)
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
        load_architecture("o3bnn-pipelined").with_({key: value})
    assert says in str(caught.value)


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_changes() -> None:
    with pytest.raises(ChangeError) as caught:
        load_architecture("o3bnn-64pe").with_({"pruning.pooling": 1, "pe.count": 0})
    assert [refusal.key for refusal in caught.value.refusals] == ["pruning.pooling", "pe.count"]


@pytest.mark.parametrize("name", names("architecture"))
def test_every_key_that_is_shown_can_be_changed(name: str) -> None:
    base = load_architecture(name)
    for key, value in flattened(base.model_dump(mode="json")).items():
        assert base.with_({key: value}) == base
