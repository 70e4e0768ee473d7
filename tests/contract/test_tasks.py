"""What counters hand out, to whom it is bound, and which columns of the map it reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from o3sim.contract.patch import patch_columns
from o3sim.contract.plan import plan_groups
from o3sim.contract.tasks import LayerTasks, layer_tasks
from o3sim.contract.weight_groups import cut_layer
from o3sim.errors import InputError
from o3sim.network.layer import Geometry, Layer, LayerSize, Pool
from tests.machine.harness import conv, dense, queueless


def tasks_of(geometry: Geometry, dispatch: str = "group", **changes: Any) -> LayerTasks:
    arch = queueless(dispatch, **{"pe__count": 8, **changes})
    return layer_tasks(geometry, cut_layer(0, "layer", geometry, arch), arch)


def test_windows_are_listed_in_program_order() -> None:
    geometry = conv(6, 4, 8, 3, pool=Pool(2, 2))  # 2 places
    tasks = tasks_of(geometry, "window")
    assert tasks.place.tolist() == [0, 0, 0, 1, 1, 1]
    assert tasks.channel.tolist() == [0, 1, 2, 0, 1, 2]
    assert tasks.first_op.tolist() == [0, 4, 8, 12, 16, 20, 24]
    by_channel = tasks_of(geometry, "window", sequencer__outermost="channel")
    assert by_channel.channel.tolist() == [0, 0, 1, 1, 2, 2]
    assert by_channel.place.tolist() == [0, 1] * 3


def test_channels_are_dealt_out_in_turns() -> None:
    tasks = tasks_of(dense(8, 7), scheduler__groups=4)
    assert tasks.unit.tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert tasks.listed.tolist() == [0, 4, 1, 5, 2, 6, 3]
    assert tasks.list_start.tolist() == [0, 2, 4, 6, 7]


def test_groups_share_a_channel_where_there_are_few() -> None:
    tasks = tasks_of(conv(1, 5, 8, 3, kernel=1), scheduler__groups=8, weight_buffer__banks=8)
    of_channel = {channel: tasks.unit[tasks.channel == channel].tolist() for channel in range(3)}
    assert of_channel == {0: [0, 1, 0, 1, 0], 1: [2, 3, 2, 3, 2], 2: [4, 5, 4, 5, 4]}


def test_places_are_dealt_out_by_position_and_skewed() -> None:
    geometry = conv(1, 5, 8, 2, kernel=1)
    by_position = tasks_of(geometry, scheduler__groups=4, scheduler__assignment="position")
    assert by_position.unit[by_position.channel == 1].tolist() == [0, 1, 2, 3, 0]
    skewed = tasks_of(geometry, scheduler__groups=4, scheduler__assignment="skewed")
    assert skewed.unit[skewed.channel == 1].tolist() == [3, 0, 1, 2, 3]


def test_weights_of_a_group_lie_in_its_own_banks() -> None:
    """Word n of a group's share is n * groups + group, so that modulo banks each has banks of its own."""
    tasks = tasks_of(dense(80, 6), scheduler__groups=4)  # ten words a channel
    assert tasks.weight_base.tolist() == [0, 1, 2, 3, 40, 41]


@pytest.mark.parametrize(
    ("assignment", "channels"), [("channel", [8, 4]), ("position", [2] * 6), ("skewed", [2] * 6)]
)
def test_a_group_has_its_share_of_a_half(assignment: str, channels: list[int]) -> None:
    """A half of 4 kbit, 1 kbit for each of four groups, holds two channels of 512 bits, or so many copies."""
    arch = queueless(
        "group", scheduler__groups=4, scheduler__assignment=assignment, weight_buffer__size_kbit=8
    )
    cut = cut_layer(0, "layer", dense(512, 12), arch)
    assert [group.last_channel - group.first_channel for group in cut] == channels


def test_a_channel_larger_than_a_groups_share_is_refused_with_the_size_that_would_do() -> None:
    arch = queueless("group", scheduler__groups=4, weight_buffer__size_kbit=8)
    with pytest.raises(
        InputError, match=r"half of 8 kbit, shared by 4 groups, cannot hold.*give at least 16"
    ):
        cut_layer(0, "layer", dense(2048, 1), arch)


def test_columns_of_pooled_places() -> None:
    arch = queueless("window", activation_buffer__patch_kbit=1)
    columns = patch_columns(conv(4, 8, 8, 1, pool=Pool(2, 2)), arch)  # rows of 4 taps, 32 bits a column
    assert columns.first.tolist() == [0, 2, 4]
    assert columns.end.tolist() == [4, 6, 8]
    assert (columns.per_pass, columns.column_words, columns.capacity) == (8, 4, 32)


def test_rows_of_places_begin_with_columns_of_their_own() -> None:
    arch = queueless("window", activation_buffer__patch_kbit=1, scheduler__bundle_positions=2)
    columns = patch_columns(
        conv(4, 5, 8, 1, planes=2), arch
    )  # two rows of three positions: bundles of 2 and 1
    assert columns.first.tolist() == [0, 2, 5, 7]
    assert columns.end.tolist() == [4, 5, 9, 10]
    assert columns.column_words == 3 * 8 * 2 // 8


def test_padding_is_part_of_the_map() -> None:
    arch = queueless("window", activation_buffer__patch_kbit=1)
    columns = patch_columns(conv(3, 3, 8, 1, padding_pixels=1), arch)
    assert columns.end.tolist() == [3, 4, 5, 8, 9, 10, 13, 14, 15]
    assert np.all(columns.end - columns.first == 3)


def test_channels_are_balanced_by_their_work() -> None:
    geometry = replace(dense(8, 6), channel_work=(1, 9, 5, 5, 2, 2))
    tasks = tasks_of(geometry, scheduler__groups=2, scheduler__assignment="channel_balanced")
    assert tasks.unit.tolist() == [0, 0, 1, 1, 0, 1]  # 9 + 2 + 1 and 5 + 5 + 2
    assert tasks.weight_base.tolist() == [4, 0, 1, 3, 2, 5]
    alike = replace(geometry, channel_work=(7,) * 6)
    tasks = tasks_of(alike, scheduler__groups=2, scheduler__assignment="channel_balanced")
    assert tasks.unit.tolist() == [0, 1] * 3


def test_balance_needs_a_workload_that_was_measured() -> None:
    arch = queueless("group", scheduler__assignment="channel_balanced")
    layer = Layer("conv1", dense(8, 6), np.zeros((6, 1), np.uint64), np.zeros(6, np.int64))
    says = "nobody measured the work of the channels of layer conv1; take a workload that `o3sim balance`"
    with pytest.raises(InputError, match=says):
        plan_groups(arch, [layer])
    plan_groups(arch, [LayerSize("conv1", dense(8, 6), False)])  # before parameters may bring it
