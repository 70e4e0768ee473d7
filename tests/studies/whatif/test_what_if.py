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
    base = load_architecture("o3bnn")
    before, after = leaves(base.model_dump()), leaves(with_what_if(base, what_if).model_dump())
    changed = {key for key in before if before[key] != after[key]}
    assert changed <= {f"{unit}.{key}" for unit, keys in what_if.changes.items() for key in keys}


def test_limits_that_are_not_there_are_not_taken_away() -> None:
    units = [what_if.unit for what_if in what_ifs_for([load_architecture("ideal")])]
    assert not {"operand banks", "DRAM"} & set(units)
    assert units[-2:] == [ALL_AT_ONCE.unit, TWICE_THE_PES.unit]
    assert "squash path" not in units


def test_twice_the_pes_fit_a_lockstep_group() -> None:
    dense = load_architecture("dense")
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
