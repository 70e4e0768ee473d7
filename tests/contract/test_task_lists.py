"""Lists of tasks without a row for each say what the rows do, and take no room for most tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from o3sim.config.architecture import Architecture
from o3sim.contract.task_lists import TaskLists, task_lists
from o3sim.contract.tasks import layer_tasks
from o3sim.contract.weight_groups import WeightGroup
from o3sim.network.layer import Geometry, Pool
from tests.machine.harness import conv, queueless

ASSIGNED = [
    ("window", {}),
    *(
        ("group", {"scheduler__assignment": how})
        for how in ("channel", "channel_balanced", "position", "skewed")
    ),
]
GROUPS = [WeightGroup(0, 0, 5, 1), WeightGroup(0, 5, 7, 1), WeightGroup(0, 7, 8, 1)]
"""Of 8 channels; the last two have fewer than there are groups of PEs, which share them."""


def bench(dispatch: str, **changes: Any) -> Architecture:
    binding = {"scheduler__groups": 4} if dispatch == "group" else {}
    return queueless(dispatch, **{"pe__count": 8, "scheduler__bundle_positions": 2, **binding, **changes})


def rows_of(lists: TaskLists, geometry: Geometry, by_channel: bool) -> list[list[list[int]]]:
    """Write down place, channel, group, first op, members and weight base of the tasks of each list."""
    windows = lists.listed.tolist()
    if len(lists.list_start) == 2:
        places = range(len(lists.members))
        for group in GROUPS:
            channels = range(group.first_channel, group.last_channel)
            pairs = (
                [(p, c) for c in channels for p in places]
                if by_channel
                else [(p, c) for p in places for c in channels]
            )
            windows += [place * geometry.out_channels + channel for place, channel in pairs]
    found = []
    for number, (begin, end) in enumerate(zip(lists.list_start[:-1], lists.list_start[1:], strict=True)):
        found.append([])
        for window in windows[begin:end]:
            place, channel = divmod(window, geometry.out_channels)
            which = next(n for n, group in enumerate(GROUPS) if channel < group.last_channel)
            first, size = GROUPS[which].first_channel, int(lists.members[place])
            op = lists.ops_of_channel * channel + int(lists.ops_before[place])
            if not by_channel:
                channels = GROUPS[which].last_channel - first
                op = lists.ops_of_channel * first + int(lists.ops_before[place]) * channels
                op += size * (channel - first)
            base = int(lists.weight_base[channel]) + number
            found[-1].append([place, channel, which, op, size, base])
    return found


@pytest.mark.parametrize("outermost", ["channel", "position"])
@pytest.mark.parametrize(("dispatch", "changes"), ASSIGNED)
@pytest.mark.parametrize("pool", [None, Pool(3, 2)])
def test_lists_say_what_rows_say(
    dispatch: str, changes: dict[str, Any], outermost: str, pool: Pool | None
) -> None:
    """Bundles of which the last of a row is shorter, windows that own fewer members than others."""
    arch = bench(dispatch, sequencer__outermost=outermost, **changes)
    geometry = replace(conv(7, 9, 3, 8, pool=pool), channel_work=(5, 1, 4, 4, 2, 9, 9, 1))
    tasks = layer_tasks(geometry, GROUPS, arch)
    columns = tasks.place, tasks.channel, tasks.weight_group, tasks.first_op[:-1], np.diff(tasks.first_op)
    rows = np.stack([*columns, tasks.weight_base], axis=1)[tasks.listed]
    by_list = [part.tolist() for part in np.split(rows, tasks.list_start[1:-1])]
    assert rows_of(task_lists(geometry, GROUPS, arch), geometry, outermost == "channel") == by_list


@pytest.mark.parametrize(("dispatch", "most_bytes"), [("window", 0), ("group", 4)])
def test_tasks_take_no_room_in_one_list_and_four_bytes_in_several(dispatch: str, most_bytes: int) -> None:
    arch = bench(dispatch, scheduler__bundle_positions=1)
    geometry = conv(18, 18, 8, 64)
    lists = task_lists(geometry, [WeightGroup(0, 0, 64, 1)], arch)
    tasks = int(lists.list_start[-1])
    assert tasks == 16 * 16 * 64
    rows_of_places = (16 * 16 * 12 + 64 * 8) / tasks
    bytes_kept = sum(table.nbytes for table in lists if isinstance(table, np.ndarray))
    assert bytes_kept / tasks < most_bytes + rows_of_places + 0.1
