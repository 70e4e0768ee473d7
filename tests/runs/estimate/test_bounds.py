"""Every run lies between its bounds, and a machine that only waits for one unit reaches the lower one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.compiled.run import simulate_image
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.profile.profile import profile_layers
from o3sim.runs.estimate.bounds import cycle_bounds, ops_of, words_of
from tests.compiled.engines import run_compiled
from tests.machine.harness import architecture, conv, dense, profile, run_one
from tests.machine.strategies import Case, architectures, cases
from tests.sample_runs import images, network


def unknown(geometry: Geometry, scores: bool = False) -> Layer:
    """A layer of which only the shape is known."""
    return Layer("layer", geometry, np.zeros((0, 0), np.uint64), None, scores)


@given(cases())
@settings(max_examples=300, deadline=None)
def test_runs_of_made_up_layers_lie_between(case: Case) -> None:
    layers = [unknown(layer.geometry, layer.scores) for layer in case.profiles]
    bounds = cycle_bounds(case.architecture, layers)
    assert bounds.least <= sum(layer.cycles for layer in run_compiled(case).layers) <= bounds.most


@given(architectures() | architectures("banked"), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_runs_of_a_network_lie_between(arch: object, seed: int) -> None:
    """Here thresholds are known, and the words that they need at least count."""
    assert hasattr(arch, "pe")
    net = network(seed)
    run = simulate_image(arch, net, [layer for layer, _ in profile_layers(net, images(1, seed)[0])])  # type: ignore[arg-type]
    bounds = cycle_bounds(arch, net.layers)  # type: ignore[arg-type]
    assert bounds.least <= sum(layer.cycles for layer in run.layers) <= bounds.most


@pytest.mark.parametrize("geometry", [conv(6, 6, 64, 32), conv(9, 9, 3, 8, pool=Pool(3, 2)), dense(4096, 64)])
def test_an_ideal_dense_machine_comes_close_to_the_lower_bound(geometry: Geometry) -> None:
    arch = architecture(pruning__threshold=False, pruning__pooling=False)
    least = cycle_bounds(arch, [unknown(geometry)]).least
    assert least == -(-words_of(geometry, 8) // 4)
    assert run_one(arch, profile(geometry)).cycles <= 1.02 * least + 10


def test_dram_bounds_a_machine_with_little_bandwidth() -> None:
    arch = architecture(dram__bits_per_cycle=1, dram__latency_cycles=7, weight_buffer__size_kbit=1)
    assert cycle_bounds(arch, [unknown(dense(100, 10))]).least == 1000 + 7


def test_shares_of_a_pooled_layer() -> None:
    geometry = conv(5, 5, 4, 2, pool=Pool(2, 2), padding_pixels=1)
    assert ops_of(geometry) == 2 * 16
    assert words_of(geometry, 8) == 2 * 16 * 5
    arch = architecture(sequencer__width_ops=4, pe__count=1)
    assert cycle_bounds(arch, [unknown(geometry)]).least == 8
    layer = Layer("layer", geometry, np.zeros((2, 1), np.uint64), np.array([0, 10**15]))
    assert cycle_bounds(arch, [layer]).least == 4 * 3  # 18 of 36 edges decide a 1 of channel 0
