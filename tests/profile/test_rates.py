"""Pruning rates: check widths, windows in raster order, what the total leaves out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from o3sim.network.layer import Geometry, Pool
from o3sim.profile.profile import LayerProfile, undecided
from o3sim.profile.rates import LayerRates, executed_edges, needed_mask, rates_of, total_of


def skip_one_by_one(geometry: Geometry, outcome: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Walk the map in raster order with a state for each window: the definition."""
    pool = geometry.pool
    assert pool is not None
    ones: set[tuple[int, int, int]] = set()
    needed = np.zeros(outcome.shape, np.bool_)
    for y, x, channel in np.ndindex(outcome.shape):
        windows = {
            (wy, wx, channel)
            for wy in range(geometry.pooled_height)
            for wx in range(geometry.pooled_width)
            if 0 <= y - wy * pool.stride < pool.size and 0 <= x - wx * pool.stride < pool.size
        }
        if windows and not windows <= ones:
            needed[y, x, channel] = True
            if outcome[y, x, channel]:
                ones |= windows
    return needed


@settings(deadline=None, max_examples=60)
@given(
    st.integers(3, 8),
    st.integers(3, 8),
    st.sampled_from([Pool(2, 2), Pool(3, 2), Pool(2, 1), Pool(3, 3)]),
    st.floats(0, 1),
    st.integers(0, 2**32),
)
def test_members_are_skipped_when_all_their_windows_are_one(
    height: int, width: int, pool: Pool, p1: float, seed: int
) -> None:
    geometry = Geometry("conv", height, width, 1, 2, pool=pool)
    outcome = (np.random.default_rng(seed).random((height, width, 2)) < p1).astype(np.uint8)
    np.testing.assert_array_equal(needed_mask(geometry, outcome), skip_one_by_one(geometry, outcome))


def test_an_op_of_two_windows_waits_for_both() -> None:
    geometry = Geometry("conv", 3, 5, 1, 1, pool=Pool(3, 2))
    outcome = np.zeros((3, 5, 1), np.uint8)
    outcome[0, 0] = 1  # decides the left window only
    needed = needed_mask(geometry, outcome)[:, :, 0]
    assert needed.tolist() == [[True, False, True, True, True]] + [[False, False, True, True, True]] * 2


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 400))
def test_whole_words_are_executed_up_to_the_last_edge(decision: int, more: int, width: int) -> None:
    n = decision + more
    executed = executed_edges(np.array([decision], np.int32), np.array([n], np.int32), width).item()
    words = 0
    while words * width < decision:
        words += 1
    assert executed == min(words * width, n)


def profile(geometry: Geometry, decision: NDArray[np.int32], outcome: NDArray[np.uint8]) -> LayerProfile:
    return LayerProfile("layer", geometry, decision, outcome, geometry.n_edges_map())


def test_rates_of_a_window_by_hand() -> None:
    geometry = Geometry("conv", 2, 2, 100, 1, pool=Pool(2, 2))
    decision = np.array([[[90], [33]], [[64], [100]]], np.int32)
    outcome = np.array([[[0], [1]], [[0], [1]]], np.uint8)
    rates = rates_of(profile(geometry, decision, outcome), (1, 32))
    rates.add(profile(geometry, decision, outcome))
    assert (rates.edges, rates.neurons, rates.p1) == (400, 4, 0.5)
    assert rates.threshold == {1: 287, 32: 96 + 64 + 64 + 100}
    assert rates.pooling == 200  # the second row is skipped
    assert rates.both == {1: 123, 32: 96 + 64}
    assert rates.percent_pruned(rates.pooling) == pytest.approx(50)


def test_leftovers_of_the_pool_do_not_count() -> None:
    geometry = Geometry("conv", 3, 3, 10, 1, pool=Pool(2, 2))
    full = profile(geometry, np.full((3, 3, 1), 10, np.int32), np.ones((3, 3, 1), np.uint8))
    rates = rates_of(full, (1,))
    rates.add(full)
    assert (rates.neurons, rates.edges, rates.pooling) == (4, 40, 10)


def test_the_total_leaves_out_fixed_point_and_scores() -> None:
    fixed = Geometry("dense", 1, 1, 10, 1, planes=8)
    binary = Geometry("dense", 1, 1, 10, 1)
    layers: list[LayerRates] = []
    for found in (
        profile(fixed, np.full((1, 1, 1), 80, np.int32), np.zeros((1, 1, 1), np.uint8)),
        profile(binary, np.full((1, 1, 1), 4, np.int32), np.zeros((1, 1, 1), np.uint8)),
        undecided("scores", binary),
    ):
        layers.append(rates_of(found, (1,)))
        layers[-1].add(found)
    assert [layer.in_total for layer in layers] == [False, True, False]
    total = total_of(layers, (1,))
    assert (total.edges, total.threshold[1]) == (10, 4)
    assert total.percent_pruned(total.threshold[1]) == pytest.approx(60)


@given(
    st.lists(st.tuples(st.integers(0, 2**30), st.integers(0, 2**30)), min_size=1),
    st.sampled_from([2, 33, 2**20, 2**30 + 1, 2**31 - 1, 2**31, 2**100]),
)
def test_no_width_is_too_wide(pairs: list[tuple[int, int]], width: int) -> None:
    decision, n = (np.array(each, np.int32) for each in zip(*map(sorted, pairs), strict=True))
    expected = [min(-(-d // width) * width, most) for d, most in map(sorted, pairs)]
    assert executed_edges(decision, n, width).tolist() == expected
