"""How layers are cut into weight groups, and what does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from o3sim.config.architecture import Architecture
from o3sim.contract.live_maps import check_activations_fit, live_bits
from o3sim.contract.weight_groups import WeightGroup, cut_layer
from o3sim.errors import InputError
from o3sim.network.layer import Geometry, LayerSize, Padding, Pool
from tests.machine.harness import architecture, conv, dense


def test_groups_hold_as_many_channels_as_fit_one_half() -> None:
    arch = architecture(weight_buffer__size_kbit=1, pe__width_edges=8)  # a half: 512 bits
    groups = cut_layer(3, "layer", dense(160, 7), arch)
    assert groups == [WeightGroup(3, 0, 3, 480), WeightGroup(3, 3, 6, 480), WeightGroup(3, 6, 7, 160)]


def test_a_channel_takes_whole_words_of_the_buffer_but_only_its_bits_of_dram() -> None:
    arch = architecture(weight_buffer__size_kbit=1, pe__width_edges=512)
    assert cut_layer(0, "layer", dense(10, 2), arch) == [WeightGroup(0, 0, 1, 10), WeightGroup(0, 1, 2, 10)]


def test_bit_planes_share_the_weights() -> None:
    arch = architecture(weight_buffer__size_kbit=1)
    assert cut_layer(0, "layer", conv(3, 3, 8, 2, planes=8), arch)[0].bits == 2 * 72


def test_a_channel_that_does_not_fit_is_refused_with_the_size_that_would_do() -> None:
    geometry = dense(513, 1)
    with pytest.raises(InputError, match=r"bench: weight_buffer.size_kbit: .*'?fc'?.* at least 2$"):
        cut_layer(0, "fc", geometry, architecture(weight_buffer__size_kbit=1))
    assert cut_layer(0, "fc", geometry, architecture(weight_buffer__size_kbit=2))


def test_maps_that_do_not_fit_are_refused_with_the_size_that_would_do() -> None:
    geometry = conv(10, 10, 16, 32, pool=Pool(2, 2), planes=2)  # 3200 bits in, 4 * 4 * 32 out
    with pytest.raises(InputError, match=r"bench: activation_buffer.size_kbit: .*conv1 needs 4 kbit"):
        fit([geometry], architecture(activation_buffer__size_kbit=3))
    fit([geometry], architecture(activation_buffer__size_kbit=4))


@pytest.mark.parametrize("padding", ["-1", "+1", "exclude"])
def test_maps_take_their_padding_and_outputs_that_of_the_layer_that_reads_them(padding: Padding) -> None:
    geometry = conv(6, 6, 32, 30, padding_pixels=1, padding=padding)  # 8 * 8 * 32 = 2 kbit in
    reader = conv(6, 6, 30, 1, padding_pixels=1, padding=padding)  # 8 * 8 * 30 bits out
    room = architecture(activation_buffer__size_kbit=4)
    fit([geometry, reader], room)
    fit([geometry, dense(6 * 6 * 30, 1)], room)
    wider = replace(geometry, out_channels=33), replace(reader, in_channels=33)
    with pytest.raises(InputError, match=r"conv1 needs 5 kbit for its input and output with their padding"):
        fit(list(wider), room)
    fit([wider[0], dense(6 * 6 * 33, 1)], room)


def fit(shapes: list[Geometry], arch: Architecture) -> None:
    """Ask whether the maps of a first layer fit, of several in a row."""
    sizes = [LayerSize(f"conv{number}", shape, False) for number, shape in enumerate(shapes, 1)]
    check_activations_fit("conv1", live_bits(sizes)[0], arch)
