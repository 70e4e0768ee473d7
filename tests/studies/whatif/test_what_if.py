"""What-if machines change just one unit, and only where there is a limit to take away."""

from typing import Any

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.config.overrides import laid_over
from o3sim.runs.pipeline.stages import stage_machines
from o3sim.studies.whatif.what_if import (
    ALL_AT_ONCE,
    TWICE_THE_PES,
    UNIT_WHAT_IFS,
    WhatIf,
    what_ifs_for,
    with_what_if,
)
from tests.runs.pipeline.samples import network, pipelined


def leaves(values: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{unit}.{key}": value
        for unit, keys in values.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
    }


@pytest.mark.parametrize("what_if", UNIT_WHAT_IFS, ids=lambda what_if: what_if.unit)
def test_a_what_if_changes_its_keys_and_no_other(what_if: WhatIf) -> None:
    base = load_architecture("o3bnn-64pe")
    before, after = leaves(base.model_dump()), leaves(with_what_if(base, what_if).model_dump())
    changed = {key for key in before if before[key] != after[key]}
    changes = what_if.changes_of(base.model_dump())
    assert changed <= {f"{unit}.{key}" for unit, keys in changes.items() for key in keys}


def test_limits_that_are_not_there_are_not_taken_away() -> None:
    units = [what_if.unit for what_if in what_ifs_for([load_architecture("ideal")])]
    assert not {"operand banks", "DRAM"} & set(units)
    assert units[-2:] == [ALL_AT_ONCE.unit, TWICE_THE_PES.unit]
    assert "squash path" not in units


def units_that_change(name: str, **changes: Any) -> list[str]:
    return [what_if.unit for what_if in what_ifs_for([load_architecture(name).with_(changes)])]


def named(unit: str) -> WhatIf:
    return next(what_if for what_if in UNIT_WHAT_IFS if what_if.unit == unit)


def test_a_queue_in_banks_becomes_one_and_deep_in_each_bank() -> None:
    banked = load_architecture("banked-64pe")
    one = with_what_if(banked, named("queue banks")).scheduler
    assert (one.dispatch, one.banks, one.issue_width_ops) == ("central", None, 65_536)
    odd = banked.with_({"pe.count": 48, "scheduler.banks": 3, "issue_queue.depth_ops": 48})
    deep = with_what_if(odd, named("issue queue"))
    assert (deep.issue_queue.depth_ops, deep.scheduler.banks) == (65_535, 3)
    both = with_what_if(odd, ALL_AT_ONCE)
    assert (both.scheduler.dispatch, both.scheduler.issue_width_ops) == ("central", 65_536)
    assert "queue banks" not in units_that_change("o3bnn-64pe")


def test_a_line_buffer_is_put_before_pes_that_read_banks() -> None:
    assert with_what_if(load_architecture("o3bnn-64pe"), named("line buffer")).activation_buffer.line_buffer
    assert "line buffer" in units_that_change("window-64pe")
    assert "line buffer" not in units_that_change("window-64pe", **{"activation_buffer.line_buffer": True})
    assert "line buffer" not in {*units_that_change("group-64pe"), *units_that_change("carousel-64pe")}


def test_as_many_pes_as_can_be_are_not_doubled() -> None:
    many = load_architecture("window-64pe").with_({"pe.count": 40_000, "scheduler.counters": 40_000})
    assert with_what_if(many, TWICE_THE_PES).pe.count == 40_000


def test_twice_the_pes_fit_a_lockstep_group() -> None:
    dense = load_architecture("dense-64pe")
    twice = with_what_if(dense, TWICE_THE_PES)
    assert twice.pe.count == 128
    assert twice.issue_queue.depth_ops == 512


STAGES = (
    {"pe": {"count": 8}, "scheduler": {"policy": "lockstep"}, "issue_queue": {"depth_ops": 16}},
    {"activation_buffer": {"banks": 2}},
    {},
)


def pipeline() -> Architecture:
    return pipelined(STAGES, pe__count=4, pe__contexts=2, activation_buffer__banks=4)


def units_of(architecture: Architecture, *keys: tuple[str, str]) -> list[tuple[Any, ...]]:
    """The values that the machine of each stage has."""
    machines = [laid_over(architecture.model_dump(), stage) for stage in architecture.model_dump()["stages"]]
    return [tuple(machine[unit][key] for unit, key in keys) for machine in machines]


def test_a_pipeline_has_the_limits_of_all_its_stages_taken_away() -> None:
    banks = next(what_if for what_if in UNIT_WHAT_IFS if what_if.unit == "operand banks")
    ideal = with_what_if(pipeline(), banks)
    assert units_of(ideal, ("activation_buffer", "banks")) == [("ideal",)] * 3
    assert ideal.activation_buffer.banks == "ideal"
    assert ideal.model_dump()["stages"][2] == {}


def test_every_stage_has_twice_its_own_pes() -> None:
    keys = ("pe", "count"), ("issue_queue", "depth_ops")
    depth = pipeline().issue_queue.depth_ops
    assert units_of(with_what_if(pipeline(), TWICE_THE_PES), *keys) == [(16, 32), (8, depth), (8, depth)]


def test_what_only_a_stage_is_limited_by_is_a_what_if_of_the_pipeline() -> None:
    ideal = pipelined(STAGES, activation_buffer__banks="ideal", weight_buffer__banks="ideal")
    machines = [*stage_machines(ideal, (*network().layers[:2], network().layers[-1]))]
    units = [what_if.unit for what_if in what_ifs_for(machines)]
    assert "operand banks" in units
    assert "DRAM" not in units
