"""Which layers are sampled; what keeps a machine from it is named."""

from __future__ import annotations

from typing import Any

import pytest

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.contract.sections import parts_of
from o3sim.errors import InputError
from o3sim.network.layer import LayerSize, Pool
from o3sim.network.load import layer_sizes, load_workload
from o3sim.runs.sampling.choice import choose_layers
from tests.machine.harness import conv, dense, queueless
from tests.runs.sampling.samples import PLAIN, POOLED, machine

LAYERS = [
    LayerSize("plain", PLAIN, False),
    LayerSize("pooled", POOLED, False),
    LayerSize("scores", dense(9, 3), True),
]


def test_layers_that_are_large_enough_are_sampled() -> None:
    choice = choose_layers(machine(), LAYERS, None)
    assert choice.layers == {0, 1}
    assert choice.others == (("scores", "ops"),)
    run = sum(parts_of(machine(), geometry).simulated_ops for geometry in (PLAIN, POOLED)) + 3
    assert choice.ops_share == run / (2 * 16384 + 3)


def test_what_is_sampled_of_vgg16() -> None:
    layers = layer_sizes(load_workload("vgg16"))
    choice = choose_layers(load_architecture("o3bnn-64pe"), layers, None)
    assert [layers[number].name for number in sorted(choice.layers)] == [
        *("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3"),
    ]
    reasons = dict(choice.others)
    assert (reasons["conv4_1"], reasons["conv4_2"]) == ("ops", "dram.bits_per_cycle")


@pytest.mark.parametrize(
    ("changes", "layer", "reason"),
    [
        ({"scheduler__window_in_flight_ops": 2}, "pooled", "scheduler.window_in_flight_ops"),
        ({"weight_buffer__size_kbit": 1}, "plain", "weight_buffer.size_kbit"),
    ],
)
def test_other_layers_are_run_as_a_whole(changes: dict[str, Any], layer: str, reason: str) -> None:
    assert dict(choose_layers(machine(**changes), LAYERS, None).others) == {layer: reason, "scores": "ops"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"scheduler__issue_latency_cycles": 1},
            r"bench cannot be sampled \(scheduler.issue_latency_cycles\): st",
        ),
        (
            {"dram__bits_per_cycle": 64},
            r"bench cannot be sampled \(dram.bits_per_cycle\): stretches of plain",
        ),
        (
            {"pe__count": 4},
            r"no layer is large enough to gain on bench: .* 16,384 ops, and 19,856 are needed",
        ),
    ],
)
def test_a_machine_that_samples_no_layer_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        choose_layers(machine(**changes), LAYERS, None)


def test_windows_that_overlap_are_not_sampled() -> None:
    unpruned = machine(pruning__pooling=False)
    layers = [LAYERS[0], LayerSize("overlapping", conv(64, 64, 8, 4, pool=Pool(3, 2)), False)]
    assert choose_layers(unpruned, layers, None).others == (("overlapping", "windows that overlap"),)


@pytest.mark.parametrize(
    ("made", "engine", "says"),
    [
        (load_architecture("finn-cnv"), None, r"finn-cnv cannot be sampled \(organization\)"),
        (load_architecture("carousel"), None, r"carousel cannot be sampled \(scheduler.dispatch\)"),
        (queueless("window"), None, r"bench cannot be sampled \(scheduler.dispatch\)"),
        (queueless("group"), None, r"bench cannot be sampled \(scheduler.dispatch\)"),
        (machine(), "simpy", "bench: only the compiled engine"),
        (
            load_architecture("o3bnn-64pe"),
            None,
            r"no layer is large enough to gain on o3bnn-64pe: .* 16,384 ops, and [4-5].*,",
        ),
    ],
)
def test_machines_that_gain_nothing_are_refused(made: Architecture, engine: str | None, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        choose_layers(made, LAYERS[:1] if made.name == "bench" else LAYERS, engine)
    assert "\n" not in str(caught.value)
