"""Streams of images through pipelines: rates, latencies, and the order in which things can happen."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.contract.plan import ImageRun
from o3sim.network.infer import infer
from o3sim.profile.profile import LayerProfile, profile_layers
from o3sim.runs.pipeline.rows import dispatch_cycles, first_row
from o3sim.runs.pipeline.stream import Pipeline
from tests.machine.harness import architecture
from tests.runs.pipeline.samples import FOLDED, images, network, pipelined

NETWORK = network()


def profiles_of(image: Any) -> list[LayerProfile]:
    return [profile for profile, _ in profile_layers(NETWORK, image)]


def stream(
    count: int, stages: tuple[dict[str, Any], ...] = (), **changes: Any
) -> tuple[Pipeline, list[ImageRun]]:
    pipeline = Pipeline(pipelined(stages, **changes), NETWORK)
    return pipeline, [pipeline.run_image(profiles_of(image)) for image in images(count)]


def folded_cycles(profile: LayerProfile, pes: int, width: int) -> int:
    """The closed form of a folded unit, with the positions that its pool takes."""
    words = -(-profile.n_edges[profile.geometry.pooled_mask()] // width)
    assert (words == words[0]).all()
    groups = -(-len(words) * profile.geometry.out_channels // pes)
    return groups * int(words[0])


FOLDINGS = st.lists(st.tuples(st.integers(1, 40), st.sampled_from([1, 3, 8, 64])), min_size=4, max_size=4)


@given(FOLDINGS, st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_a_folded_unit_works_as_many_cycles_as_the_closed_form(
    foldings: list[tuple[int, int]], latency: int
) -> None:
    """Whatever rows it waits for: groups of PEs times words of SIMD, remainders rounded up."""
    stages = tuple({"pe": {"count": pes, "width_edges": width}} for pes, width in foldings)
    without = {**FOLDED, "pe__latency_cycles": latency}
    _, runs = stream(2, stages, **without)
    for run, image in zip(runs, images(2), strict=True):
        for counters, profile, (pes, width) in zip(run.layers, profiles_of(image), foldings, strict=True):
            if profile.geometry.padding == "exclude":
                continue  # neurons at the border have fewer words, and a group lasts as long as its longest
            waits = counters.pe_cycles["input_wait"]
            assert waits % pes == 0
            assert counters.cycles - waits // pes == folded_cycles(profile, pes, width)


@given(FOLDINGS)
@settings(max_examples=15, deadline=None)
def test_the_slowest_stage_sets_the_rate(foldings: list[tuple[int, int]]) -> None:
    """Over a stream of one image, again and again; what it takes to fill the pipeline is no part of it."""
    stages = tuple({"pe": {"count": pes, "width_edges": width}} for pes, width in foldings)
    pipeline = Pipeline(pipelined(stages, **FOLDED), NETWORK)
    profiles = profiles_of(images(1)[0])
    for _ in range(20):
        run = pipeline.run_image(profiles)
    work = [
        counters.cycles - counters.pe_cycles["input_wait"] // pes
        for counters, (pes, _) in zip(run.layers, foldings, strict=True)
    ]
    assert abs(pipeline.exits[-1] - pipeline.exits[0] - 19 * max(work)) <= sum(work)


def test_a_stage_is_occupied_without_a_gap_from_its_first_rows_on() -> None:
    pipeline, runs = stream(5)
    for number, stage in enumerate(pipeline.stages):
        geometry = NETWORK.layers[number].geometry
        rows_there = pipeline.links[number - 1].rows_there[0] if number else np.zeros(geometry.in_height)
        first = dispatch_cycles(geometry, rows_there)[first_row(geometry)]
        assert stage.next_start == first + sum(run.layers[number].cycles for run in runs)


@pytest.mark.parametrize("policy", ["out_of_order", "in_order", "lockstep"])
def test_outputs_are_those_of_functional_inference(policy: str) -> None:
    _, runs = stream(3, scheduler__policy=policy)
    for run, image in zip(runs, images(3), strict=True):
        for made, expected in zip(run.outputs[:-1], infer(NETWORK, image).bits, strict=False):
            assert np.array_equal(made, expected)


def test_the_first_stage_alone_takes_what_it_takes_in_sequence() -> None:
    """But for the cycle that only dispatches, and the latency of the last outcomes."""
    from o3sim.machine.run import simulate_image

    _, runs = stream(1)
    alone = simulate_image(architecture(), NETWORK, profiles_of(images(1)[0])).layers[0]
    first = runs[0].layers[0]
    assert first.cycles < alone.cycles
    assert first.pe_cycles["useful"] == alone.pe_cycles["useful"]
    assert first.edges_executed == alone.edges_executed


def test_an_image_in_an_empty_pipeline_is_faster_than_layer_after_layer() -> None:
    from o3sim.machine.run import simulate_image

    pipeline, _ = stream(1)
    sequential = simulate_image(architecture(), NETWORK, profiles_of(images(1)[0])).layers
    assert pipeline.exits[0] + 1 < sum(counters.cycles for counters in sequential)


def test_no_stage_writes_a_row_before_it_could_read_what_it_takes() -> None:
    pipeline, _ = stream(4)
    for before, after in pairwise(pipeline.links):
        for there, next_there in zip(before.rows_there, after.rows_there, strict=True):
            assert next_there.min() > there.min()
            assert next_there.max() > there.max()
    assert pipeline.exits == sorted(pipeline.exits)
