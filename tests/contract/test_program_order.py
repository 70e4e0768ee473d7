"""Program order against loops that say what it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.config.architecture import Sequencer
from o3sim.contract.program import build_program
from o3sim.contract.program_order import ops_in_order, window_members
from o3sim.contract.weight_groups import cut_layer
from o3sim.network.layer import Geometry, Pool
from tests.machine.harness import architecture, conv, dense, profile
from tests.machine.strategies import convolutions, dense_layers


def slow_windows(geometry: Geometry) -> dict[tuple[int, int], list[int]]:
    """Pooled positions and the positions they hold, in raster order."""
    if geometry.pool is None:
        width = geometry.out_width
        return {(y, x): [y * width + x] for y in range(geometry.out_height) for x in range(width)}
    size, stride = geometry.pool.size, geometry.pool.stride
    return {
        (py, px): [
            (py * stride + ky) * geometry.out_width + px * stride + kx
            for ky in range(size)
            for kx in range(size)
        ]
        for py in range(geometry.pooled_height)
        for px in range(geometry.pooled_width)
    }


def slow_owned(geometry: Geometry) -> list[list[int]]:
    """Positions each pooled position owns: those no earlier one holds."""
    taken: set[int] = set()
    owned = []
    for held in slow_windows(geometry).values():
        owned.append([position for position in held if position not in taken])
        taken.update(held)
    return owned


def slow_order(geometry: Geometry, first: int, last: int, sequencer: Sequencer) -> Iterator[tuple[int, int]]:
    """Program order of one weight group as (position, channel)."""
    owned, channels = slow_owned(geometry), range(first, last)
    if sequencer.outermost == "channel":
        windows = [(channel, members) for channel in channels for members in owned]
    else:
        windows = [(channel, members) for members in owned for channel in channels]
    run = sequencer.group_windows if sequencer.order == "member_major" else 1
    for start in range(0, len(windows), run):
        group = windows[start : start + run]
        for member in range(max(len(members) for _, members in group)):
            for channel, members in group:
                if member < len(members):
                    yield members[member], channel


def sequencers() -> st.SearchStrategy[Sequencer]:
    return st.builds(
        Sequencer,
        width_ops=st.just(1),
        order=st.sampled_from(["window_major", "member_major"]),
        outermost=st.sampled_from(["channel", "position"]),
        group_windows=st.integers(1, 9),
    )


@given(st.one_of(convolutions(), dense_layers()), sequencers(), st.data())
@settings(max_examples=300, deadline=None)
def test_order_is_that_of_the_slow_loops(
    geometry: Geometry, sequencer: Sequencer, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, geometry.out_channels - 1))
    last = data.draw(st.integers(first + 1, geometry.out_channels))
    positions, channels = ops_in_order(window_members(geometry), first, last, sequencer)
    expected = list(slow_order(geometry, first, last, sequencer))
    assert list(zip(positions.tolist(), channels.tolist(), strict=True)) == expected


@given(convolutions(), sequencers())
@settings(max_examples=100, deadline=None)
def test_each_op_comes_exactly_once(geometry: Geometry, sequencer: Sequencer) -> None:
    positions, channels = ops_in_order(window_members(geometry), 0, geometry.out_channels, sequencer)
    seen = np.zeros((geometry.out_height * geometry.out_width, geometry.out_channels), dtype=int)
    np.add.at(seen, (positions, channels), 1)
    expected = np.broadcast_to(geometry.pooled_mask().reshape(-1, 1), seen.shape)
    np.testing.assert_array_equal(seen, expected)


def test_positions_in_no_window_are_not_ops() -> None:
    positions, _ = ops_in_order(window_members(conv(7, 7, 1, 1, pool=Pool(2, 2))), 0, 1, sequencer_of())
    assert sorted(positions) == [y * 5 + x for y in range(4) for x in range(4)]


def test_overlapping_windows_own_an_op_once_and_hold_it_often() -> None:
    members = window_members(conv(7, 7, 1, 1, pool=Pool(3, 2)))
    assert members.owned[0].tolist() == [0, 1, 2, 5, 6, 7, 10, 11, 12]
    assert members.owned[1].tolist() == [3, 4, 8, 9, 13, 14, -1, -1, -1]
    assert members.windows_of[12].tolist() == [0, 1, 2, 3]  # the middle is in all four


def test_an_op_is_aged_by_the_first_window_that_holds_it() -> None:
    geometry = conv(7, 7, 1, 1, pool=Pool(3, 2))
    positions, _ = ops_in_order(window_members(geometry), 0, 1, sequencer_of())
    assert positions.tolist().index(12) == 8  # the ninth of window 0, not the first of window 3


def test_member_major_takes_the_kth_neuron_that_each_window_owns() -> None:
    geometry = conv(5, 7, 1, 1, pool=Pool(3, 2))  # one row of windows of 9 and 6 neurons
    sequencer = sequencer_of(order="member_major", group_windows=2)
    positions, _ = ops_in_order(window_members(geometry), 0, 1, sequencer)
    assert positions.tolist() == [0, 3, 1, 4, 2, 8, 5, 9, 6, 13, 7, 14, 10, 11, 12]


def test_a_layer_without_pool_is_the_same_in_both_orders() -> None:
    members = window_members(conv(5, 5, 1, 3))
    major = ops_in_order(members, 0, 3, sequencer_of(order="window_major"))
    interleaved = ops_in_order(members, 0, 3, sequencer_of(order="member_major"))
    np.testing.assert_array_equal(major, interleaved)


@pytest.mark.parametrize("outermost", ["channel", "position"])
def test_weight_groups_come_one_after_another_whatever_is_outermost(outermost: str) -> None:
    arch = architecture(weight_buffer__size_kbit=1, sequencer__outermost=outermost)
    layer = profile(conv(4, 4, 24, 4, pool=Pool(2, 2)))  # 216 edges: two channels to a group
    program = build_program(layer, cut_layer(0, "layer", layer.geometry, arch), 5, arch)
    assert program.group_of.tolist() == [5] * 8 + [6] * 8
    assert set(program.channel[:8]) == {0, 1}


def test_ops_carry_what_the_profile_says_of_their_neuron() -> None:
    arch = architecture(pe__width_edges=4, sequencer__outermost="position")
    layer = profile(dense(10, 3), decision=[[[3, 10, 0]]], outcome=[[[1, 0, 1]]])
    program = build_program(layer, cut_layer(0, "layer", layer.geometry, arch), 0, arch)
    assert program.words.tolist() == [3, 3, 3]
    assert program.decided_words.tolist() == [1, 3, 0]
    assert program.outcome.tolist() == [1, 0, 1]


def test_without_threshold_pruning_every_word_is_needed() -> None:
    arch = architecture(pe__width_edges=4, pruning__threshold=False)
    layer = profile(dense(10, 2), decision=[[[3, 0]]])
    program = build_program(layer, cut_layer(0, "layer", layer.geometry, arch), 0, arch)
    assert program.decided_words.tolist() == [3, 3]


def sequencer_of(**changes: object) -> Sequencer:
    values = {"width_ops": 1, "order": "window_major", "outermost": "channel", "group_windows": 4}
    return Sequencer.model_validate({**values, **changes})
