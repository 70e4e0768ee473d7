"""A layer that is sampled: what it counts is near what it counts as a whole, by as much as is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from o3sim.compiled.run import run_layers
from o3sim.config.architecture import Architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.sections import OF_STRATUM, STRATA, parts_of
from o3sim.network.layer import Geometry
from o3sim.profile.profile import LayerProfile
from o3sim.runs.sampling import layer as sampling
from o3sim.runs.sampling.estimate import half_width
from o3sim.runs.sampling.layer import SampledRun, sample_layer
from tests.runs.sampling.samples import PLAIN, POOLED, group_of, layer, machine, pair

POSITION = {"sequencer__outermost": "position", "sequencer__order": "member_major"}


def cycles(counters: LayerCounters) -> float:
    """What most intervals here are of."""
    return counters.cycles


def exactly(made: Architecture, profile: LayerProfile) -> LayerCounters:
    """Run a layer as a whole."""
    return run_layers(made, [[group_of(made, profile)]], [profile]).layers[0]


def sampled(made: Architecture, profile: LayerProfile, seed: int = 0) -> SampledRun:
    """Sample a layer."""
    return sample_layer(made, profile, group_of(made, profile), (seed, 0, 0))


@pytest.mark.parametrize(
    ("made", "geometry"),
    [(machine(), PLAIN), (pair(), POOLED), (pair(**POSITION), PLAIN)],
    ids=["ideal", "banks", "position"],
)
def test_of_20_seeds_18_intervals_hold_the_exact_cycles_and_reads(
    made: Architecture, geometry: Geometry
) -> None:
    profile = layer(geometry)
    exact = exactly(made, profile)
    held = {"cycles": 0, "activation_reads": 0, "weight_reads": 0}
    for seed in range(20):
        run, sample = sampled(made, profile, seed)
        for name in held:
            half = half_width([(sample, lambda counters, of=name: getattr(counters, of))])
            held[name] += abs(getattr(run.counters, name) - getattr(exact, name)) <= half
            assert half < 0.1 * getattr(exact, name)
    assert min(held.values()) >= 18


@pytest.mark.parametrize("made", [machine(), pair()], ids=["ideal", "banks"])
def test_what_is_known_beforehand_is_no_estimate(made: Architecture) -> None:
    profile = layer(POOLED)
    exact, run = exactly(made, profile), sampled(made, profile).run
    for name in (
        "ops",
        "retired",
        "squashed",
        "issued",
        "edges_total",
        "edges_pruned_pooling",
        "output_bits",
    ):
        assert getattr(run.counters, name) == getattr(exact, name)
    assert run.counters.pe_cycles["useful"] == exact.pe_cycles["useful"]


@pytest.mark.parametrize("changes", [{}, {"activation_buffer__banks": 2, "weight_buffer__banks": 2}])
def test_parts_without_gaps_are_the_layer_but_for_its_end(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every part is drawn: nothing of an interval is left but the edge."""
    made, profile = machine(**changes), layer()
    every = len(parts_of(made, profile.geometry).body)
    monkeypatch.setattr(sampling, "OF_STRATUM", every)
    run, sample = sampled(made, profile)
    assert sum(len(stratum.seen) for stratum in sample.strata) == every
    assert half_width([(sample, cycles)]) == sample.edge.cycles == 2 * 9 + 1
    assert abs(run.counters.cycles - exactly(made, profile).cycles) <= sample.edge.cycles


def test_a_seed_says_which_stretches_are_run() -> None:
    profile = layer()
    first, again, other = (sampled(pair(), profile, seed) for seed in (1, 1, 2))
    assert (first.run.counters, first.sample) == (again.run.counters, again.sample)
    assert first.sample.strata != other.sample.strata


def test_strata_are_of_few_and_of_many_words_and_of_what_is_far_off() -> None:
    """Of 16 channels one is constant, and takes no words."""
    profile = layer()
    profile.decision[:, :, :] = 72
    profile.decision[:, :, 3] = 0
    profile.decision[:, :, 8:] = 60
    sample = sampled(machine(), profile).sample
    words = [[counters.pe_cycles["useful"] for counters in stratum.seen] for stratum in sample.strata]
    assert [len(each) for each in words] == [OF_STRATUM] * (STRATA + 1)
    assert [max(words[0]) < min(words[1]), max(words[1]) < min(words[2])] == [True, True]
    assert sum(stratum.parts for stratum in sample.strata) == len(parts_of(machine(), PLAIN).body)
    alike = layer()
    alike.decision[:] = 72
    assert len(sampled(machine(), alike).sample.strata) == STRATA


def test_a_layer_without_words_is_sampled_too() -> None:
    profile = layer()
    profile.decision[:] = 0
    run, sample = sampled(machine(), profile)
    exact = exactly(machine(), profile)
    assert abs(run.counters.cycles - exact.cycles) <= half_width([(sample, cycles)])
    assert run.counters.words_executed == exact.words_executed == 0


def test_output_bits_are_the_machines_where_it_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    made, profile = machine(**POSITION), layer(POOLED)
    whole = run_layers(made, [[group_of(made, profile)]], [profile]).outputs[0]
    assert np.array_equal(sampled(made, profile).run.output, whole)
    run_section = sampling.run_section

    def wrong(*arguments: Any) -> Any:
        ran = run_section(*arguments)
        return ran._replace(output=1 - ran.output)

    monkeypatch.setattr(sampling, "run_section", wrong)
    run, sample = sampled(made, profile)
    differ = int((run.output != whole).sum()) * 4
    assert sample.simulated_ops / 2 < differ <= sample.simulated_ops < sample.ops / 2


@pytest.mark.parametrize("outermost", ["channel", "position"])
def test_output_bits_lie_where_program_order_says(outermost: str) -> None:
    """Windows that were not run have the profile's bits: those that were would not fit there by chance."""
    made, profile = machine(sequencer__outermost=outermost), layer(PLAIN)
    run, _ = sampled(made, profile)
    assert np.array_equal(run.output, profile.outcome)
