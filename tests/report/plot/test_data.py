"""The numbers behind the figures."""

from dataclasses import replace

import numpy as np
import pytest

from o3sim.contract.counters import PE_CYCLE_CAUSES
from o3sim.errors import InputError
from o3sim.report.plot.depth import depth_data
from o3sim.report.plot.image_boxes import boxes_data
from o3sim.report.plot.occupancy import occupancy_data
from o3sim.report.plot.speedup import speedup_data
from o3sim.report.plot.stack import look_of, stack_data
from o3sim.results.saved import SavedLayer, SavedRun
from o3sim.studies.whatif.depths import depths_of
from o3sim.studies.whatif.occupancy import Occupancy
from tests.machine.harness import dense, profile

CAUSES = dict.fromkeys(PE_CYCLE_CAUSES, 0)


def run(
    name: str, cycles: tuple[int, int] = (10, 30), latency_us: float = 2.0, peak: float = 64.0
) -> SavedRun:
    """Two layers on 4 PEs, two images; half of the PE-cycles useful, a quarter wasted, the rest drain."""
    layers = tuple(
        SavedLayer(layer, count, {**CAUSES, "useful": 2 * count, "wasted": count, "drain": count})
        for layer, count in zip(("conv1", "scores"), cycles, strict=True)
    )
    total = {cause: sum(layer.pe_cycles[cause] for layer in layers) for cause in CAUSES}
    images_us = (0.5 * latency_us, 1.5 * latency_us)
    return SavedRun(name, "net", "abc", 2, False, latency_us, {}, sum(cycles), total, layers, peak, images_us)


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
    assert data.architectures == ("dense", "fast", "slow")
    assert data.by_workload["net"].tolist() == [1.0, 3.0, 0.5]
    assert data.by_workload["big (synthetic)"][:2].tolist() == [1.0, 3.0]
    assert np.isnan(data.by_workload["big (synthetic)"][2])
    assert data.notes == ()


def test_a_speed_up_spreads_over_its_images() -> None:
    fast = replace(run("fast", latency_us=2.0), image_latencies_us=(1.0, 3.0))
    data = speedup_data([[replace(run("dense"), image_latencies_us=(4.0, 6.0)), fast]], "dense")
    assert data.spreads["net"].tolist() == [[1.0, 2.0], [1.0, 4.0]]


def test_figures_say_where_machines_are_not_of_one_size() -> None:
    runs = [run("dense"), run("half", peak=32.0), run("same")]
    says = ("half has 0.5 times the peak (edges a second) of dense.",)
    assert speedup_data([runs], "dense").notes == says
    assert stack_data(runs).notes == says
    assert boxes_data(runs).notes[1:] == says
    assert stack_data(runs[:1]).notes == ()


def test_boxes_are_of_the_same_images() -> None:
    assert boxes_data([run("a"), run("b", latency_us=4.0)]).latencies_us == {"a": (1.0, 3.0), "b": (2.0, 6.0)}
    with pytest.raises(InputError, match="not of the same images: 3 of net beside 2 of net"):
        boxes_data([run("a"), replace(run("b"), images=3)])
    with pytest.raises(InputError, match="two runs are of a"):
        boxes_data([run("a"), run("a")])


def test_the_baseline_may_be_a_control_of_each_results_machine() -> None:
    small = [run("o3bnn", latency_us=2.0), run("o3bnn-dense", latency_us=6.0)]
    large = [replace(run("wide", latency_us=1.0), workload="big"), replace(run("wide-dense"), workload="big")]
    data = speedup_data([small, large], "dense")
    assert data.architectures == ("dense", "o3bnn", "wide")
    assert data.by_workload["net"][1] == 3.0
    assert data.by_workload["big"][2] == large[1].latency_us
    other = speedup_data([[*small, run("dense", latency_us=2.0)]], "dense")
    assert other.architectures == ("dense", "o3bnn", "o3bnn-dense")


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
