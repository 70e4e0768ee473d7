"""The numbers behind the figures."""

from dataclasses import replace

import numpy as np
import pytest

from o3sim.contract.counters import PE_CYCLE_CAUSES
from o3sim.errors import InputError
from o3sim.report.plot.depth import depth_data
from o3sim.report.plot.occupancy import occupancy_data
from o3sim.report.plot.speedup import speedup_data
from o3sim.report.plot.stack import look_of, stack_data
from o3sim.results.saved import SavedLayer, SavedRun
from o3sim.studies.whatif.depths import depths_of
from o3sim.studies.whatif.occupancy import Occupancy
from tests.machine.harness import dense, profile

CAUSES = dict.fromkeys(PE_CYCLE_CAUSES, 0)


def run(name: str, cycles: tuple[int, int] = (10, 30), latency_us: float = 2.0) -> SavedRun:
    """Two layers on 4 PEs, two images; half of the PE-cycles useful, a quarter wasted, the rest drain."""
    layers = tuple(
        SavedLayer(layer, count, {**CAUSES, "useful": 2 * count, "wasted": count, "drain": count})
        for layer, count in zip(("conv1", "scores"), cycles, strict=True)
    )
    total = {cause: sum(layer.pe_cycles[cause] for layer in layers) for cause in CAUSES}
    return SavedRun(name, "net", "abc", 2, False, latency_us, {}, sum(cycles), total, layers)


def test_one_run_is_stacked_by_layer_in_percent() -> None:
    data = stack_data([run("a")])
    assert data.bars == ("conv1", "scores")
    assert {cause: heights.tolist() for cause, heights in data.parts.items()} == {
        "useful": [50, 50],
        "wasted": [25, 25],
        "drain": [25, 25],
    }


def test_several_runs_are_stacked_in_cycles_per_image() -> None:
    data = stack_data([run("a"), run("b", (20, 30))])
    assert data.bars == ("a", "b")
    assert sum(data.parts.values()).tolist() == [20, 25]  # type: ignore[union-attr]
    assert data.parts["useful"].tolist() == [10, 12.5]
    layer = stack_data([run("a"), run("b", (20, 30))], "conv1")
    assert sum(layer.parts.values()).tolist() == [5, 10]  # type: ignore[union-attr]
    assert stack_data([run("a"), run("b", (20, 30))], "0").title == layer.title


def test_stacks_of_different_networks_or_layers_are_refused() -> None:
    with pytest.raises(InputError, match="not all of one network: net, other"):
        stack_data([run("a"), replace(run("b"), network_digest="x", workload="other")])
    with pytest.raises(InputError, match=r"no layer `conv2` \(did you mean `conv1`\?\)"):
        stack_data([run("a")], "conv2")


def test_every_look_is_told_apart() -> None:
    assert len(set(map(look_of, PE_CYCLE_CAUSES))) == len(PE_CYCLE_CAUSES)


def test_speed_up_is_the_ratio_of_latencies() -> None:
    small = [run("dense", latency_us=6.0), run("fast", latency_us=2.0), run("slow", latency_us=12.0)]
    big = [replace(each, workload="big", synthetic=True) for each in small[:2]]
    data = speedup_data([small, big], "dense")
    assert data.architectures == ("fast", "slow")
    assert data.by_workload["net"].tolist() == [3.0, 0.5]
    assert data.by_workload["big (synthetic)"][0] == 3.0
    assert np.isnan(data.by_workload["big (synthetic)"][1])


def test_the_baseline_may_be_a_control_of_each_results_machine() -> None:
    small = [run("o3bnn", latency_us=2.0), run("o3bnn-dense", latency_us=6.0)]
    large = [replace(run("wide", latency_us=1.0), workload="big"), replace(run("wide-dense"), workload="big")]
    data = speedup_data([small, large], "dense")
    assert data.architectures == ("o3bnn", "wide")
    assert data.by_workload["net"][0] == 3.0
    assert data.by_workload["big"][1] == large[1].latency_us
    other = speedup_data([[*small, run("dense", latency_us=2.0)]], "dense")
    assert other.architectures == ("o3bnn", "o3bnn-dense")


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([["dense"]], "nothing beside dense: run with --controls or --compare"),
        ([["fast", "dence"]], r"has no run of `dense` \(did you mean `dence`\?\); there are: fast, dence"),
        ([["dense", "fast"], ["dense", "fast"]], "two results are of net"),
    ],
)
def test_speed_ups_without_a_baseline_are_refused(names: list[list[str]], says: str) -> None:
    with pytest.raises(InputError, match=says):
        speedup_data([[run(name) for name in result] for result in names], "dense")


def test_depths_are_shares_of_neurons() -> None:
    layer = profile(dense(100, 4), decision=np.array([[[10, 10, 50, 100]]]))
    shares = depth_data([depths_of(layer)])["layer"]
    assert shares[[9, 10, 49, 50, 99, 100]].tolist() == [0, 50, 50, 75, 75, 100]


def test_occupancies_share_bins() -> None:
    found = {
        "a": Occupancy(10, {0: 5, 63: 5}, {1: 10}),
        "b": Occupancy(4, {2: 1, 3: 3}, {0: 2, 2: 2}),
    }
    queued, in_flight = occupancy_data(found)
    assert queued.edges[1] == 2
    assert queued.shares["a"][[0, 31]].tolist() == [50, 50]
    assert queued.shares["b"][1] == 100
    assert in_flight.shares["b"].tolist() == [50, 0, 50]
    assert all(shares.sum() == pytest.approx(100) for shares in queued.shares.values())
