"""Machines whose weight words go round, from the shipped file to figures: run, saved, swept, explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.network.images import Images
from o3sim.runs.case import Case, stored_case, with_words
from o3sim.runs.engines import ENGINES
from o3sim.runs.estimate.bounds import cycle_bounds
from o3sim.runs.point import count_point
from o3sim.runs.simulation import simulate_case
from o3sim.studies.whatif.measure import explain
from o3sim.studies.whatif.source import Source
from tests.sample_runs import images, network


def machine(**changes: object) -> Architecture:
    small = {
        "pe.count": 4,
        "scheduler.groups": 2,
        "scheduler.open_channels": 2,
        "weight_buffer.banks": 4,
        "activation_buffer.patch_kbit": 1,
    }
    return load_architecture("carousel").with_({**small, **changes})


@pytest.fixture
def case() -> Case:
    return Case(network(), Images(images(3), None))


@pytest.mark.parametrize("engine", ENGINES)
def test_outputs_are_those_of_functional_inference_on_either_engine(case: Case, engine: str) -> None:
    (result,) = simulate_case([machine()], case, engine=engine)
    assert all(layer.outputs_exact for layer in result.layers)
    (other,) = simulate_case([machine()], case)
    assert result == other


def test_saved_profiles_give_the_same_with_the_parameters_and_only_to_those_who_ask(
    case: Case, tmp_path: Path
) -> None:
    stored = stored_case(case, tmp_path)
    assert with_words(stored, case, [load_architecture("o3bnn")]) is stored
    asked = with_words(stored, case, [load_architecture("o3bnn"), machine()])
    assert count_point(machine(), asked) == count_point(machine(), case)
    for place in range(3):
        first = next(asked.at(place).profiles())
        assert first.matches_of is not None
        computed = next(case.at(place).profiles()).matches_of
        assert computed is not None
        assert np.array_equal(first.matches_of(8).matches, computed(8).matches)
        assert next(stored.at(place).profiles()).matches_of is None


def test_cycles_lie_within_the_bounds_that_are_told_beforehand(case: Case) -> None:
    for changes in ({}, {"pruning.threshold": False}, {"pe.contexts": 1, "pe.latency_cycles": 5}):
        made = machine(**changes)
        bounds = cycle_bounds(made, case.network.layers)
        for image in count_point(made, case).images:
            assert bounds.least <= image.cycles <= bounds.most


def test_explain_takes_the_limits_of_its_own_units_away(case: Case) -> None:
    found = explain(Source(machine(), case))
    units = [run.what_if.unit for run in found.what_ifs]
    assert {"operand banks", "counters", "patches", "write port", "PE latency", "PEs"} <= set(units)
    assert not {"issue queue", "sequencer", "squash path"} & set(units)


def test_local_reads_are_priced_and_no_queue_is(case: Case) -> None:
    (result,) = simulate_case([machine()], case)
    assert result.energy_pj.patch_memory > 0
    assert result.energy_pj.issue_queue == result.energy_pj.scheduler == result.energy_pj.scoreboard == 0
    larger = machine(**{"activation_buffer.patch_kbit": 4})
    (other,) = simulate_case([larger], case)
    assert other.energy_pj.patch_memory > result.energy_pj.patch_memory
