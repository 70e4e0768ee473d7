"""Points as tasks: those that timing cannot tell apart share a simulation, and wrong outputs are failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from o3sim.compiled.run import simulate_image
from o3sim.config.architecture import Architecture
from o3sim.config.flat import flattened, nested
from o3sim.contract import plan
from o3sim.contract.errors import MachineError
from o3sim.contract.reach import timing_key
from o3sim.network.images import Images
from o3sim.runs import runner, tasks
from o3sim.runs.case import Case, StoredCase, stored_case
from o3sim.runs.engines import ENGINES, engine_named
from o3sim.runs.point import PointCounts, count_point
from o3sim.runs.tasks import PointTask, evaluate, evaluate_all
from tests.profile.test_store import called
from tests.runs.pipeline.samples import images as pipeline_images
from tests.runs.pipeline.samples import network as pipeline_network
from tests.runs.pipeline.samples import pipelined
from tests.sample_runs import architecture, images, network

CASE = Case(network(), Images(images(2), None))
PIPELINE_CASE = Case(pipeline_network(), Images(pipeline_images(2), None))
PIPELINE = pipelined(({}, {"pe": {"count": 3}, "activation_buffer": {"size_kbit": 70}}, {}, {}))

NOT_SEEN: dict[str, Any] = {
    "name": "other",
    "description": "text",
    "note": "text",
    "clock_mhz": 999.0,
    "energy.table": "fpga-28nm",
    "activation_buffer.size_kbit": 1000,
}
NOT_SEEN_OF_STAGES: dict[str, Any] = {
    **NOT_SEEN,
    "dram.bits_per_cycle": 1,
    "dram.latency_cycles": 99,
    "weight_buffer.size_kbit": 5000,
    "stages.1.activation_buffer.size_kbit": 71,
    "stages.2.weight_buffer.size_kbit": 5000,
}


@pytest.fixture
def stored(tmp_path: Path) -> StoredCase:
    return stored_case(CASE, tmp_path)


def changed(base: Architecture, **changes: Any) -> Architecture:
    values = nested({**flattened(base.model_dump(mode="json")), **changes})
    return Architecture.model_validate({**values, "stages": tuple(values.get("stages", ()))})


class Reads:
    """Stands for an architecture, or a part of one, and notes the keys that are read."""

    def __init__(self, inner: Any, found: set[str], prefix: str = "") -> None:
        self._inner, self._found, self._prefix = inner, found, prefix

    def __getattr__(self, name: str) -> Any:
        worked_out = getattr(type(self._inner), name, None)
        if isinstance(worked_out, property) and worked_out.fget is not None:
            return worked_out.fget(self)  # from keys, which are noted
        value = getattr(self._inner, name)
        if hasattr(type(value), "model_fields"):
            return Reads(value, self._found, f"{self._prefix}{name}.")
        if name in type(self._inner).model_fields:
            self._found.add(f"{self._prefix}{name}")
        return value


@pytest.mark.parametrize("engine", ENGINES)
def test_what_timing_does_not_see_is_what_no_engine_reads(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for what only says whether a network fits, and is asked before anything runs."""
    monkeypatch.setattr(plan, "check_activations_fit", lambda *_: None)
    bounded = architecture(dram={"bits_per_cycle": 8}, sequencer={"order": "member_major"})
    read: set[str] = set()
    engine_named(engine)(Reads(bounded, read), CASE.network, list(CASE.at(0).profiles()))  # type: ignore[arg-type]
    before_it_runs = {"organization", "pruning.speculative"}  # choose how, and from which profiles
    if engine == "compiled":
        before_it_runs.add("pe.unit")
    assert {*flattened(bounded.model_dump()), "note"} - read - before_it_runs == set(NOT_SEEN)


@pytest.mark.parametrize("key", NOT_SEEN)
def test_keys_that_timing_does_not_see_change_no_count(key: str) -> None:
    other = changed(architecture(), **{key: NOT_SEEN[key]})
    assert other != architecture()
    assert timing_key(other) == timing_key(architecture())
    assert count_point(other, CASE) == count_point(architecture(), CASE)


@pytest.mark.parametrize("key", NOT_SEEN_OF_STAGES)
def test_nor_those_of_a_pipeline(key: str) -> None:
    other = changed(PIPELINE, **{key: NOT_SEEN_OF_STAGES[key]})
    assert other != PIPELINE
    assert timing_key(other) == timing_key(PIPELINE)
    assert count_point(other, PIPELINE_CASE) == count_point(PIPELINE, PIPELINE_CASE)


@pytest.mark.parametrize(
    "change",
    [
        {"pe.count": 5},
        {"pruning.argmax": True},
        {"sequencer.group_windows": 7},
        {"weight_buffer.size_kbit": 2000},
        {"dram.latency_cycles": 3},
    ],
)
def test_all_other_keys_make_another_simulation(change: dict[str, Any]) -> None:
    assert timing_key(changed(architecture(), **change)) != timing_key(architecture())
    assert timing_key(changed(PIPELINE, **{"stages.1.pe.count": 4})) != timing_key(PIPELINE)


def test_points_of_one_simulation_are_simulated_once(
    stored: StoredCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = [
        changed(architecture(), **{"clock_mhz": clock, "energy.table": table, "pe.count": count})
        for count in (8, 16)
        for clock in (100.0, 200.0)
        for table in ("asic-45nm", "fpga-28nm")
    ]
    points = [PointTask(number, machine, stored) for number, machine in enumerate(machines)]
    ran: list[int] = []
    count_task = tasks.count_task

    def noting(task: PointTask) -> PointCounts:
        ran.append(task.number)
        return count_task(task)

    monkeypatch.setattr(tasks, "count_task", noting)
    together = evaluate_all(points)
    assert ran == [0, 4]
    assert together == [evaluate(point) for point in points]
    assert len({outcome.columns["latency_us"] for outcome in together}) == 4
    assert len({outcome.columns["energy_pj.total"] for outcome in together}) == 8


def test_a_simulation_that_fails_fails_in_the_words_of_each_of_its_points(
    stored: StoredCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(task: PointTask) -> PointCounts:
        raise MachineError(f"{task.architecture.name} broke")

    monkeypatch.setattr(tasks, "count_task", broken)
    points = [PointTask(number, architecture(name), stored) for number, name in enumerate("ab")]
    assert [outcome.error for outcome in evaluate_all(points)] == ["a broke", "b broke"]


def test_outputs_that_are_not_exact_are_a_failure(
    stored: StoredCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(machine: Architecture, *arguments: Any, **_: Any) -> Any:
        run = simulate_image(machine, *arguments)
        run.outputs[1].flat[0] ^= 1
        return run

    monkeypatch.setattr(runner, "run_on_engine", faulty)
    outcome = evaluate(PointTask(0, architecture(), stored))
    assert outcome.error == "outputs are not exact: not those of functional inference in dense2"
    assert (outcome.columns, outcome.layers) == ({}, [])


def test_called_outputs_are_no_failure_but_others_than_those_called_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(called(network()), Images(images(2), None))
    calling = architecture("calling", pruning={"speculative": True})
    point = PointTask(0, calling, stored_case(case, tmp_path, [True]))
    outcome = evaluate(point)
    assert (outcome.error, outcome.columns["outputs_exact"]) == ("", False)
    assert 0 <= outcome.columns["agreement"] <= 1

    def faulty(machine: Architecture, *arguments: Any, **_: Any) -> Any:
        run = simulate_image(machine, *arguments)
        run.outputs[0].flat[0] ^= 1
        return run

    monkeypatch.setattr(runner, "run_on_engine", faulty)
    assert evaluate(point).error == "layer conv1: outputs are not those that were called"


def test_a_point_without_parameters_counts_as_one_with_them(tmp_path: Path) -> None:
    for machine, case in ((architecture(), CASE), (PIPELINE, PIPELINE_CASE)):
        assert count_point(machine, stored_case(case, tmp_path)) == count_point(machine, case)
    assert np.array_equal(stored_case(CASE, tmp_path).network.layers[0].weights, np.zeros((0, 0)))
