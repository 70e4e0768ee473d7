"""Explanations: measured what-ifs name the unit that limits, and a result has to be repeated."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.results.saved import SavedLayer, SavedRun
from o3sim.runs.case import Case, stored_case
from o3sim.runs.simulation import simulate, simulate_case
from o3sim.studies.whatif.measure import Explanation, explain
from o3sim.studies.whatif.source import Source
from o3sim.studies.whatif.what_if import with_what_if
from tests.runs.pipeline.samples import images as pipeline_images
from tests.runs.pipeline.samples import network as pipeline_network
from tests.runs.pipeline.samples import pipelined
from tests.sample_runs import architecture, images, network

IDEAL: dict[str, dict[str, Any]] = {
    "activation_buffer": {"banks": "ideal"},
    "weight_buffer": {"banks": "ideal"},
    "dram": {"bits_per_cycle": "ideal", "latency_cycles": 0},
    "output_buffer": {"write_width_ops": 1024},
}


def source(**changes: dict[str, Any]) -> Source:
    return Source(architecture("mine", **changes), Case(network(), Images(images(2), None)))


def saved(found: Explanation) -> SavedRun:
    layers = tuple(SavedLayer(c.name, c.cycles, c.pe_cycles) for c in found.layers)
    return SavedRun("mine", "tiny", "", 2, False, 1.0, {}, 1, {}, layers, 1.0, ())


@pytest.mark.parametrize(
    ("unit", "change"),
    [
        ("DRAM", {"dram": {"bits_per_cycle": 1, "latency_cycles": 500}}),
        ("write port", {"output_buffer": {"write_width_ops": 1}}),
        ("operand banks", {"activation_buffer": {"banks": 1}, "weight_buffer": {"banks": 1}}),
        ("sequencer", {"sequencer": {"width_ops": 1}}),
    ],
)
def test_the_unit_that_is_throttled_is_named(unit: str, change: dict[str, dict[str, Any]]) -> None:
    changes = {key: {**IDEAL.get(key, {}), **change.get(key, {})} for key in {**IDEAL, **change}}
    found = explain(source(**changes))
    assert found.limit()[0] == unit
    assert found.limit(0)[0] == unit


def test_with_nothing_in_the_way_the_pes_limit() -> None:
    slow = {**IDEAL, "pe": {"count": 2, "width_edges": 1, "latency_cycles": 1}}
    found = explain(source(**slow))
    unit, share = found.limit(0)
    assert unit == "PEs"
    assert 0.4 < share < 0.6


def test_cycles_are_those_of_simulating_each_machine() -> None:
    given = source()
    found = explain(given)
    whole = simulate(given.architecture, network(), images(2))
    assert [c.cycles for c in found.layers] == [layer.cycles for layer in whole.layers]
    for run in found.what_ifs:
        result = simulate(with_what_if(given.architecture, run.what_if), network(), images(2))
        assert list(run.cycles.layers) == [layer.cycles for layer in result.layers]
        assert run.cycles.total == result.cycles


def test_neither_jobs_nor_saved_profiles_change_an_explanation(tmp_path: Path) -> None:
    given = source()
    alone = explain(given)
    stored = replace(given, case=stored_case(given.case, tmp_path))  # type: ignore[arg-type]
    for other in (explain(given, jobs=2), explain(stored), explain(stored, jobs=3)):
        assert (other.counts, other.cycles, other.what_ifs) == (alone.counts, alone.cycles, alone.what_ifs)
        assert (other.window, other.occupancy) == (alone.window, alone.occupancy)
        pairs = zip(other.depths, alone.depths, strict=True)
        assert all((one.counts == two.counts).all() for one, two in pairs)


def test_a_pipeline_is_explained_stage_by_stage() -> None:
    case = Case(pipeline_network(), Images(pipeline_images(2), None))
    slow = ({}, {"pe": {"count": 1, "width_edges": 1, "latency_cycles": 1}}, {}, {})
    given = Source(pipelined(slow), case)
    found = explain(given)
    (result,) = simulate_case([given.architecture], case)
    assert result.pipeline is not None
    assert found.cycles.total == result.pipeline.stream_cycles
    assert [each / 2 for each in found.cycles.layers] == [
        stage.work_cycles_per_image for stage in result.pipeline.stages
    ]
    assert found.limit()[0] == "PEs"
    assert found.window.name == result.pipeline.slowest_stage == "layer1"
    assert found.machine.pe.count == 1
    assert "DRAM" not in [run.what_if.unit for run in found.what_ifs]
    (faster,) = simulate_case([with_what_if(given.architecture, found.what_ifs[-1].what_if)], case)
    assert found.what_ifs[-1].cycles.total == faster.cycles


def test_the_watched_layer_is_the_longest_or_the_one_named() -> None:
    found = explain(source())
    assert found.window.name == "conv1"
    assert found.occupancy.cycles == found.window.layer_cycles
    assert explain(source(), "dense2").window.name == "dense2"
    with pytest.raises(InputError, match=r"no layer `dens2` \(did you mean `dense2`\?\)"):
        explain(source(), "dens2")


def test_a_result_that_is_not_repeated_is_refused() -> None:
    given = source()
    run = saved(explain(given))
    explain(replace(given, saved=run))
    other = replace(run, layers=(replace(run.layers[0], cycles=1), *run.layers[1:]))
    with pytest.raises(InputError, match=r"layer conv1 takes .* in the result 1: it is of other images"):
        explain(replace(given, saved=other))
    with pytest.raises(InputError, match="the result has other layers than the network"):
        explain(replace(given, saved=replace(run, layers=run.layers[1:])))


def test_progress_counts_every_run() -> None:
    told: list[tuple[str, int, int]] = []
    found = explain(source(), progress=lambda *what: told.append(what))
    runs = 2 * (len(found.what_ifs) + 1)
    assert [done for _, done, _ in told] == list(range(runs))
    assert {total for _, _, total in told} == {runs}
