"""The profile kernel equals the definition, edge by edge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.network.bits.layers import thresholded
from o3sim.network.bits.packing import pack_bits
from o3sim.network.layer import Geometry, Layer
from o3sim.profile import reference
from o3sim.profile.profile import LayerProfile, profile_layer
from tests.network.bits.strategies import Case, layers_with_input


@settings(deadline=None, max_examples=150)
@given(layers_with_input(), st.data())
def test_decisions_and_outcomes_equal_the_reference(case: Case, data: st.DataObject) -> None:
    layer, codes = case
    profile = profile_layer(layer, codes)
    np.testing.assert_array_equal(profile.outcome, thresholded(layer, codes))
    height, width, channels = profile.decision.shape
    for _ in range(6):
        y = data.draw(st.integers(0, height - 1))
        x = data.draw(st.integers(0, width - 1))
        channel = data.draw(st.integers(0, channels - 1))
        found = (int(profile.decision[y, x, channel]), int(profile.outcome[y, x, channel]))
        assert found == reference.decision(layer, codes, y, x, channel)
        assert profile.n_edges[y, x] == len(reference.edges_of(layer, codes, y, x, channel))


@settings(deadline=None, max_examples=50)
@given(layers_with_input())
def test_sums_are_over_neurons_in_windows_that_vary(case: Case) -> None:
    layer, codes = case
    if layer.fixed_point:
        return
    profile = profile_layer(layer, codes)
    margins, oracle = [], 0
    for y, x in np.argwhere(layer.geometry.pooled_mask()):
        for channel, theta in enumerate(layer.theta if layer.theta is not None else ()):
            edges = reference.edges_of(layer, codes, y, x, channel)
            n, matches = len(edges), sum(edge > 0 for edge in edges)
            needed = min(max(-((-(n + int(theta))) // 2), 0), n + 1)
            oracle += needed if matches >= needed else n - needed + 1
            if 0 < needed <= n:
                margins.append(abs(matches - needed) / n)
    assert profile.margin_count == len(margins)
    assert profile.margin_sum == pytest.approx(sum(margins))
    assert profile.oracle_edges == oracle


def dense(weights: list[int], theta: int, inputs: list[int]) -> LayerProfile:
    layer = Layer(
        "dense", Geometry("dense", 1, 1, len(weights), 1), pack_bits(np.array([weights])), np.array([theta])
    )
    return profile_layer(layer, np.array(inputs))


@pytest.mark.parametrize(
    ("inputs", "decision", "outcome"),
    [
        ([1, 1, 0, 0], 2, 1),  # two matches are all it takes
        ([0, 0, 0, 1], 3, 0),  # after three mismatches one match cannot make up
        ([0, 1, 0, 1], 4, 1),
    ],
)
def test_a_neuron_is_decided_as_soon_as_nothing_can_change_it(
    inputs: list[int], decision: int, outcome: int
) -> None:
    profile = dense([1, 1, 1, 1], 0, inputs)
    assert (profile.decision.item(), profile.outcome.item()) == (decision, outcome)


@pytest.mark.parametrize(("theta", "outcome"), [(-4, 1), (-99, 1), (5, 0), (99, 0)])
def test_constant_channels_take_no_edge(theta: int, outcome: int) -> None:
    profile = dense([1, 0, 1, 0], theta, [0, 1, 1, 0])
    assert (profile.decision.item(), profile.outcome.item()) == (0, outcome)
    assert profile.margin_count == 0


@pytest.mark.parametrize("edge", [63, 64, 65, 127, 128, 199])
def test_decisions_on_either_side_of_a_word_border(edge: int) -> None:
    inputs = [0] * 200
    inputs[edge] = 1
    profile = dense([1] * 200, 2 - 200, inputs)  # one match is enough
    assert profile.decision.item() == edge + 1


def test_scores_take_all_edges() -> None:
    layer = Layer(
        "scores", Geometry("dense", 1, 1, 70, 3), pack_bits(np.ones((3, 70), np.uint8)), None, scores=True
    )
    profile = profile_layer(layer, np.ones(70, np.int64))
    assert profile.decision.tolist() == [[[70, 70, 70]]]
    assert not profile.outcome.any()
    assert profile.scores
