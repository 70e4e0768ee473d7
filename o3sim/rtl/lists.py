"""Lists of tasks that are no even steps through places and channels: a table for each group of PEs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.contract.tasks import layer_tasks
from o3sim.contract.weight_groups import all_channels, weight_words
from o3sim.rtl.lines import line

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.tasks import LayerTasks
    from o3sim.network.layer import Geometry

LISTED = "channel_balanced", "skewed"
"""Values of ``scheduler.assignment`` whose lists are tables."""


def is_listed(architecture: Architecture) -> bool:
    """Return whether the lists of a machine's counters are tables."""
    return architecture.scheduler.assignment in LISTED


def list_length(geometry: Geometry, architecture: Architecture) -> int:
    """Return the tasks of the longest list; 0 where lists are no tables."""
    if not is_listed(architecture):
        return 0
    starts = _tasks(geometry, architecture).list_start
    return int((starts[1:] - starts[:-1]).max())


def list_words(geometry: Geometry, architecture: Architecture, length: int) -> list[int]:
    """Return the tables, one group's after another, each filled up with 0 to some length.

    The fields of a line are 1, the row of the weight memory among those of the group, channel and place.
    """
    tasks = _tasks(geometry, architecture)
    words = []
    for start, end in zip(tasks.list_start[:-1], tasks.list_start[1:], strict=True):
        for task in tasks.listed[start:end].tolist():
            row = _row(tasks, task, geometry, architecture)
            words.append(line(1, row, int(tasks.channel[task]), int(tasks.place[task])))
        words += [0] * (length - int(end - start))
    return words


def listed_rows(geometry: Geometry, architecture: Architecture) -> list[int | None]:
    """Return the channel of each row of the weight memory, groups side by side; None where it is of none."""
    tasks, groups = _tasks(geometry, architecture), architecture.scheduler.groups
    row_of = {
        (_row(tasks, task, geometry, architecture), int(tasks.unit[task])): int(tasks.channel[task])
        for task in range(len(tasks.unit))
    }
    rows = 1 + max(row for row, _ in row_of)
    return [row_of.get((row, unit)) for row in range(rows) for unit in range(groups)]


def _row(tasks: LayerTasks, task: int, geometry: Geometry, architecture: Architecture) -> int:
    words = weight_words(geometry, architecture.pe.width_edges) * architecture.scheduler.groups
    return int(tasks.weight_base[task]) // words


def _tasks(geometry: Geometry, architecture: Architecture) -> LayerTasks:
    return layer_tasks(geometry, [all_channels(0, geometry)], architecture)
