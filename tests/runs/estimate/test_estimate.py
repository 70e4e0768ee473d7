"""Estimates: near what runs give, in a second, whatever the size of the network."""

from __future__ import annotations

import numpy as np
import pytest

import o3sim.runs.estimate.cost
from o3sim.errors import InputError
from o3sim.network.layer import Pool
from o3sim.runs.estimate.bounds import stream_cycles, words_of
from o3sim.runs.estimate.cost import layer_bytes, measure, run_seconds
from o3sim.runs.estimate.estimate import estimate_run
from o3sim.runs.estimate.sample import first_rows
from o3sim.runs.simulation import simulate_all
from tests.machine.harness import conv, random_profile
from tests.sample_runs import architecture, images, network


def test_a_network_that_is_sampled_whole_is_estimated_well() -> None:
    machines, some = [architecture(), architecture("lockstep", scheduler={"policy": "lockstep"})], images(1)
    estimate = estimate_run(machines, network(), some)
    runs = simulate_all(machines, network(), some)
    for machine, run in zip(estimate.machines, runs, strict=True):
        assert machine.name == run.architecture
        assert machine.bounds.least <= run.cycles <= machine.bounds.most
        assert machine.expected_cycles == pytest.approx(run.cycles, rel=0.5)  # layers of ten cycles
        assert machine.expected_us == pytest.approx(machine.expected_cycles / run.configuration["clock_mhz"])
        assert estimate.edges == run.edges.total
    assert estimate.edges_in_all == 2 * estimate.edges
    assert estimate.wall_s > 0
    assert estimate.memory_bytes > 10_000_000


def test_sampling_stops_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that runs fast only the first layer is sampled, and stands for the others."""
    told = iter(range(0, 10_000_000, 10))
    cost = measure([architecture()], network(), images(1)[0], ["compiled"], clock=lambda: float(next(told)))
    edges = [64 * 9 * 6, 96 * 10, 10 * 3]
    assert cost.inference_s == pytest.approx(10 * sum(edges) / edges[0])
    words = [64 * 6, 3 * 10, 3]
    assert cost.machines[0].seconds == pytest.approx(10 * sum(words) / words[0])
    assert cost.seconds == cost.inference_s + cost.profile_s + cost.machines[0].seconds


def test_layers_that_are_not_sampled_wait_for_their_weights() -> None:
    """A dense layer bound by DRAM behind the sampled one takes its weights' time besides that one's."""
    told = iter(range(0, 10_000_000, 10))
    starved = architecture(dram={"bits_per_cycle": 1, "latency_cycles": 0})
    fed = architecture(dram={"bits_per_cycle": "ideal"})
    first, *others = network().layers
    costs = measure([starved, fed], network(), images(1)[0], ["compiled"] * 2, lambda: float(next(told)))
    slow, fast = (machine.cycles for machine in costs.machines)
    words = [words_of(layer.geometry, fed.pe.width_edges) for layer in (first, *others)]
    computing = fast * words[0] / sum(words)
    assert slow == pytest.approx(
        max(computing, *stream_cycles(starved, [first])) + sum(stream_cycles(starved, others))
    )
    assert sum(stream_cycles(starved, others)) > fast - computing  # else it would be no test


@pytest.mark.parametrize("pool", [None, Pool(2, 2), Pool(3, 2)])
def test_first_rows_of_a_layer(pool: Pool | None) -> None:
    whole = random_profile(conv(9, 7, 3, 4, padding_pixels=1, padding="exclude", pool=pool), 1)
    part = first_rows(whole, 300, 8)
    rows = part.geometry.out_height
    assert 0 < rows < whole.geometry.out_height
    assert part.decision.shape == (rows, 7, 4)
    np.testing.assert_array_equal(part.outcome, whole.outcome[:rows])
    assert (part.decision <= part.n_edges[:, :, None]).all()
    assert first_rows(whole, 10**6, 8) is whole
    assert first_rows(whole, 1, 8).geometry.pooled_height == 1


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="activation_buffer"):
        estimate_run(
            [architecture(activation_buffer={"size_kbit": 1}, pe={"width_edges": 8})], wide(), images(1)
        )
    with pytest.raises(InputError, match="no engine"):
        estimate_run([architecture()], network(), images(1), engine="none")


def wide() -> object:
    """The network with a first layer too wide for a kilobit of activations."""
    from tests.runs.test_simulation import replace_network_channels

    return replace_network_channels()


def test_time_and_memory_grow_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(o3sim.runs.estimate.cost.os, "cpu_count", lambda: 4)
    assert run_seconds(0.1, 500, 1) == pytest.approx(50)
    assert run_seconds(0.1, 500, 2) == pytest.approx(26.5)
    assert run_seconds(0.1, 500, 100) == pytest.approx(14)
    assert run_seconds(0.1, 1, 8) == pytest.approx(1.6)
    assert layer_bytes(conv(64, 64, 64, 64)) > 4 * 62 * 62 * 64
