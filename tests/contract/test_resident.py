"""Which layers' weights stay on the chip, what loading them takes, and what does not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.contract.plan import cut_layers
from o3sim.contract.program import build_program
from o3sim.contract.resident import ResidentWeights, resident_weights
from o3sim.contract.weight_groups import WeightGroup, all_channels, buffer_bits, dram_bits
from o3sim.errors import ConfigError, InputError
from o3sim.network.edge_order import EdgeOrder
from o3sim.network.layer import Geometry, LayerSize, Pool
from tests.machine.carousel.samples import carousel
from tests.machine.harness import architecture, conv, dense, profile, queueless

CONV = conv(6, 6, 64, 16, kernel=1)  # 1,024 bits, as many as a dense layer of 64 by 16
LAYERS = [LayerSize("conv", CONV, False), LayerSize("fc", dense(64, 8), False)]


def machine(resident_kbit: int, size_kbit: int = 1000, **changes: object) -> Architecture:
    return architecture(
        weight_buffer__size_kbit=size_kbit, weight_buffer__resident_kbit=resident_kbit, **changes
    )


def staying(resident_kbit: int, *geometries: Geometry) -> tuple[int, ...]:
    layers = [
        LayerSize(f"layer{number}", geometry, scores=False) for number, geometry in enumerate(geometries)
    ]
    return resident_weights(machine(resident_kbit), layers).layers


def test_layers_with_fewest_positions_stay_first() -> None:
    assert staying(1, CONV, dense(64, 16)) == (1,)  # 1,024 bits each: not the first of the network
    assert staying(1, dense(64, 16), CONV) == (0,)
    assert staying(2, CONV, dense(64, 16)) == (0, 1)


def test_of_as_many_positions_the_first_of_the_network_stays() -> None:
    assert staying(1, dense(64, 9), dense(64, 16)) == (0,)  # not the one that fills the part best


def test_a_layer_that_does_not_fit_lets_the_next_stay() -> None:
    assert staying(1, dense(64, 17), dense(64, 8), CONV, dense(8, 64)) == (1, 3)


def test_the_part_holds_channels_in_whole_words() -> None:
    assert staying(1, dense(1, 128)) == (0,)
    with pytest.raises(InputError, match="takes 2"):
        staying(1, dense(1, 129))


def test_edge_orders_stay_beside_the_weights() -> None:
    granules = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.int32)
    order = EdgeOrder(granules, np.array([0, 1, 0], np.int32), 8, 32)
    geometry = replace(dense(32, 3), edge_order=order)
    assert (
        buffer_bits(geometry, machine(0, pe__width_edges=24)) == 3 * 48 + 2 * order.table_bits
    )  # a table for each order, not channel
    assert dram_bits(geometry) == 3 * 32 + 2 * order.table_bits


@pytest.mark.parametrize(("assignment", "kbit"), [("channel", 3), ("position", 5), ("skewed", 5)])
def test_a_layer_that_stays_takes_of_each_share_what_the_fullest_group_of_pes_takes(
    assignment: str, kbit: int
) -> None:
    """Channels of 512 bits: of five one of two groups has three, or each has a copy of all."""
    arch = queueless("group", scheduler__assignment=assignment, weight_buffer__resident_kbit=kbit)
    layers = [LayerSize("fc", dense(512, 5), False)]
    assert cut_layers(arch, layers) == [[all_channels(0, dense(512, 5))]]
    with pytest.raises(InputError, match=f"fc, takes {kbit}; 0 streams all"):
        cut_layers(arch.with_({"weight_buffer.resident_kbit": kbit - 1}), layers)


def test_each_bank_of_a_carousel_keeps_whole_channels_of_a_layer_that_stays() -> None:
    """Channels of 256 bits in four banks: of five one bank has two."""
    arch = carousel(weight_buffer__banks=4, weight_buffer__resident_kbit=2)
    layers = [LayerSize("fc", dense(256, 5), False)]
    assert cut_layers(arch, layers) == [[all_channels(0, dense(256, 5))]]
    with pytest.raises(InputError, match="fc, takes 2; 0 streams all"):
        cut_layers(arch.with_({"weight_buffer.resident_kbit": 1}), layers)
    other = [*layers, LayerSize("conv", conv(2, 2, 512, 4, kernel=1), False)]
    sizes = {"weight_buffer.size_kbit": 5}
    with pytest.raises(InputError, match=r"half of 3 kbit, besides 2 .*, shared by 4 banks, .* least 6$"):
        cut_layers(arch.with_(sizes), other)


def test_a_layer_that_stays_is_held_to_what_its_machine_can_dispatch() -> None:
    layers = [LayerSize("conv", conv(7, 7, 8, 2, pool=Pool(3, 2)), False)]
    for arch in (queueless("window"), carousel()):
        with pytest.raises(InputError, match="windows of layer conv overlap"):
            cut_layers(arch.with_({"weight_buffer.resident_kbit": 100}), layers)


def test_layers_that_stay_are_one_group_and_the_others_have_halves_of_the_rest() -> None:
    layers = [
        LayerSize("fc", dense(64, 16), scores=False),
        LayerSize("conv", conv(6, 6, 64, 16, kernel=1), scores=False),
    ]
    cuts = cut_layers(machine(1, 2), layers)  # halves of 512 bits, of 1,024 without the part
    assert cuts[0] == [all_channels(0, dense(64, 16))] == [WeightGroup(0, 0, 16, 0)]
    assert [(group.first_channel, group.last_channel) for group in cuts[1]] == [(0, 8), (8, 16)]


def test_program_order_goes_over_all_channels_of_a_layer_that_stays() -> None:
    layer = profile(dense(512, 4))
    arch = machine(2, 2, sequencer__outermost="position", pe__width_edges=8)
    program = build_program(layer, cut_layers(arch, [layer])[0], 0, arch)
    assert program.group_ops == {0: 4}
    assert len(cut_layers(machine(0, 2), [layer])[0]) == 2


def test_layers_are_loaded_one_behind_the_other() -> None:
    layers = [
        LayerSize("a", dense(65, 3), scores=False),
        LayerSize("b", conv(4, 4, 64, 90), scores=False),
        LayerSize("c", dense(10, 2), scores=False),
    ]
    arch = machine(1, dram__bits_per_cycle=100, dram__latency_cycles=7)
    loaded = resident_weights(arch, layers)
    assert loaded == ResidentWeights(
        (0, 2), 195 + 20, 2 + 1 + 7
    )  # not 3 + 7 for all bits, not a latency each


def test_ideal_dram_loads_in_no_cycles() -> None:
    loaded = resident_weights(
        machine(1, dram__latency_cycles=7), [LayerSize("a", dense(64, 3), scores=False)]
    )
    assert loaded == ResidentWeights((0,), 192, 0)


def test_nothing_stays_without_a_part_for_it() -> None:
    assert resident_weights(machine(0), LAYERS) == ResidentWeights((), 0, 0)


def test_a_part_that_holds_no_layer_is_refused_with_the_size_that_would_do() -> None:
    refused = (
        r"^architecture bench: weight_buffer\.resident_kbit: 1 kbit hold .* no layer; .*small, takes 2; 0"
    )
    with pytest.raises(InputError, match=refused):
        resident_weights(
            machine(1),
            [LayerSize("big", dense(64, 90), scores=False), LayerSize("small", dense(64, 20), scores=False)],
        )


def test_halves_that_are_too_small_beside_the_part_are_refused_with_the_size_that_would_do() -> None:
    layers = [
        LayerSize("fc", dense(64, 16), scores=False),
        LayerSize("conv", conv(6, 6, 600, 16, kernel=1), scores=False),
    ]
    with pytest.raises(
        InputError, match=r"size_kbit: half of 1 kbit, besides 1 of resident_kbit, .* least 3$"
    ):
        cut_layers(machine(1, 2), layers)
    assert len(cut_layers(machine(1, 3), layers)[1]) == 16
    with pytest.raises(InputError, match=r"half of 0 kbit.*of layer conv .* least 3$"):
        cut_layers(machine(1, 1), layers)


def test_a_part_larger_than_the_buffer_is_refused() -> None:
    base = machine(0, 8)
    with pytest.raises(
        ConfigError, match=r"weight_buffer\.resident_kbit.*9 kbit are more than .*size_kbit: 8"
    ):
        base.with_({"weight_buffer.resident_kbit": 9})
    assert base.with_({"weight_buffer.resident_kbit": 8}).weight_buffer.resident_kbit == 8


def test_a_part_for_weights_that_stay_is_refused_of_a_pipeline_that_states_it() -> None:
    both = {"organization": "layer_pipelined", "weight_buffer.resident_kbit": 8}
    with pytest.raises(ConfigError, match=r"weight_buffer\.resident_kbit: each stage .* 0, or leave it out"):
        machine(500).with_(both)
    assert machine(500).with_({**both, "weight_buffer.resident_kbit": 0}).is_pipelined


def test_of_a_pipeline_nothing_is_chosen_and_stages_may_be_smaller_than_the_part() -> None:
    pipeline = machine(500).with_(
        {
            "organization": "layer_pipelined",
            "stages": [{"weight_buffer": {"size_kbit": 3}}, {}],
        }
    )
    assert pipeline.weight_buffer.resident_kbit == 0  # dropped, as what a machine inherits and has not
    assert resident_weights(pipeline, LAYERS) == ResidentWeights((), 0, 0)
