"""Explanations: measured reliefs name the unit that limits, and a result has to be repeated."""

from dataclasses import replace
from typing import Any

import pytest

from o3sim.errors import InputError
from o3sim.results.saved import SavedLayer, SavedRun
from o3sim.runs.simulation import simulate
from o3sim.studies.whatif.measure import Explanation, explain
from o3sim.studies.whatif.relief import relieved
from o3sim.studies.whatif.source import Source
from tests.sample_runs import architecture, images, network

IDEAL: dict[str, dict[str, Any]] = {
    "activation_buffer": {"banks": "ideal"},
    "weight_buffer": {"banks": "ideal"},
    "dram": {"bits_per_cycle": "ideal", "latency_cycles": 0},
    "output_buffer": {"write_width_ops": 1024},
}


def source(**changes: dict[str, Any]) -> Source:
    return Source(architecture("mine", **changes), network(), images(2), ())


def saved(found: Explanation) -> SavedRun:
    layers = tuple(SavedLayer(c.name, c.cycles, c.pe_cycles) for c in found.layers)
    return SavedRun("mine", "tiny", "", 2, False, 1.0, {}, 1, {}, layers)


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
    assert [c.cycles for c in found.layers] == [
        layer.cycles for layer in simulate(given.architecture, given.network, given.images).layers
    ]
    for run in found.relieved:
        result = simulate(relieved(given.architecture, run.relief), given.network, given.images)
        assert list(run.cycles) == [layer.cycles for layer in result.layers]


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
    runs = 2 * (len(found.relieved) + 1)
    assert [done for _, done, _ in told] == list(range(runs))
    assert {total for _, _, total in told} == {runs}
