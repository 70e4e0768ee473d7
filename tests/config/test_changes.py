"""Machines in a script: varied key by key, every variation checked, none ever altered."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from o3sim.config.architecture import Architecture
from o3sim.config.changes import checked, plain
from o3sim.config.load import load_architecture
from o3sim.errors import ConfigError, InputError
from o3sim.studies.sweep.expand import expand, load_sweep
from tests.sample_runs import network


@pytest.fixture
def base() -> Architecture:
    return load_architecture("o3bnn")


def test_keys_are_dotted_or_nested(base: Architecture) -> None:
    dotted = base.with_({"pe.count": 32, "pe.contexts": 4, "name": "mine"})
    assert (dotted.pe.count, dotted.pe.contexts, dotted.name) == (32, 4, "mine")
    assert dotted.pe.width_edges == base.pe.width_edges
    assert base.with_({"pe": {"count": 32}, "pe.contexts": 4, "name": "mine"}) == dotted
    assert base.pe.count == 64


def test_nothing_changed_is_the_same_machine(base: Architecture) -> None:
    for nothing in ({}, {"pe": {}}, {"pe.count": 64}):
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
        ({"pe.count": 0}, r"^architecture o3bnn: pe.count: expected a number >= 1, found"),
        ({"pe.cuont": 2}, r"^no architecture key `pe.cuont` \(did you mean `pe.count`\?\)$"),
        ({"pe": {"cuont": 2}}, "no architecture key `pe.cuont`"),
        ({"count": 2}, r"did you mean `pe.count`"),
        ({"typo": {}}, "no architecture key `typo`"),
        ({3: 4}, "no architecture key `3`"),
        ({"pe": 3}, "pe: expected a mapping of keys"),
        ({"pe.count": 2, "pe": {"count": 3}}, "pe.count: changed twice"),
        ({"pe.count": 2.5}, "pe.count: expected an integer, found the number 2.5"),
        ({"pe.count": "32"}, "pe.count: expected an integer, found `32`"),
        ({"activation_buffer.banks": True}, "banks: expected an integer or `ideal`, found true"),
        ({"clock_mhz": float("nan")}, "clock_mhz: expected a finite number"),
        ({"pe.count": object()}, "no value that a file can state: <object"),
        ({"scheduler.policy": "lockstep", "issue_queue.depth_ops": 4}, "cannot hold a lockstep group"),
        ({"stages": [{"pe": {"count": 2}}]}, "stages: are of organization layer_pipelined only"),
        ({"energy.table": "asic-45"}, r"no shipped table `asic-45` \(did you mean `asic-45nm`\?\)"),
        ({"energy.table": "./none.yaml"}, "energy.table: no file ./none.yaml"),
        ({"scheduler.policy": "none.py:Mine"}, "scheduler.policy: none.py: No such file"),
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
    ],
)  # fmt: skip
def test_what_a_sweep_takes_is_taken_and_nothing_else(
    base: Architecture, key: str, value: Any, tmp_path: Path
) -> None:
    file = tmp_path / "sweep.yaml"
    axes = json.dumps({key: [value]})
    file.write_text(f"name: x\narchitectures: [o3bnn]\nworkloads: [tiny]\naxes: {axes}\n")
    assert _taken(lambda: expand(load_sweep(file), {"tiny": network().layers})) == _taken(
        lambda: base.with_({key: value})
    )


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
        with pytest.raises(ValidationError, match="frozen"):
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


def test_plain_values_are_those_that_files_state() -> None:
    assert plain({"a": (1, np.float64(2.5)), "b": Path("x.yaml"), "c": np.arange(2)}) == {
        "a": [1, 2.5],
        "b": "x.yaml",
        "c": [0, 1],
    }
