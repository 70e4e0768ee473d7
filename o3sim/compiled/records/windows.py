"""Windows in contexts, the counters that hand them out, and the patches that hold their activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from o3sim.compiled.allocation import Records, located, records
from o3sim.compiled.record import Table, numbers, rows
from o3sim.compiled.records.settings import or_zero, shift_of
from o3sim.compiled.ring import Ring, ring_of
from o3sim.contract.patch import patch_columns
from o3sim.contract.task_lists import task_lists

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.contract.task_lists import TaskLists
    from o3sim.contract.weight_groups import WeightGroup
    from o3sim.network.layer import Geometry


class Seat:
    """The task in a context.

    Attributes
    ----------
    place, channel, weight_group : int
    first_op : int
        Op that it begins with.
    weight_base : int
        Address of the first word of its weights.
    begun, size : int
        Members that have begun, and all it has.
    """

    place: int
    channel: int
    weight_group: int
    first_op: int
    weight_base: int
    begun: int
    size: int


class Turn:
    """The context of a PE that was served last, counted from its first."""

    context: int


class Passing:
    """A context whose next member begins in the next cycle, counted over all PEs."""

    context: int


class ListEnd:
    """What is left of a list of tasks, ``next <= n < end``, and where the next of them is."""

    next: int
    end: int
    place: int
    channel: int
    weight_group: int


class Left:
    """Tasks at a place that have not left their contexts."""

    tasks: int


class Patch:
    """The patch memories of all PEs.

    Attributes
    ----------
    is_there, stays : int
        Whether there are any; whether they hold the whole map, so that one pass fills it for all groups.
    words_per_cycle : int
        Words that are broadcast in a cycle at most; 0 for a column.
    capacity, column_words, per_pass, columns : int
        Columns they hold, words of one, columns of a pass over the map, and of all passes.
    places : int
        Places of a pass.
    open : int
        The oldest place whose tasks have not all left, counted over all passes.
    filled, there : int
        Columns filled, and those that were at the end of the last cycle.
    column_words_in, words : int
        Words in of the column at work, and of all.
    first, end : table
        As in :class:`~o3sim.contract.patch.PatchColumns`.
    left : table
        By place, counted over all passes.
    """

    is_there: int
    stays: int
    words_per_cycle: int
    capacity: int
    column_words: int
    per_pass: int
    columns: int
    places: int
    open: int
    filled: int
    there: int
    column_words_in: int
    words: int
    first: Table[np.int64]
    end: Table[np.int64]
    left: Table[Left]


class Windows:
    """Tasks on their way.

    Attributes
    ----------
    is_windowed, prunes : int
        Whether the members of a task are of one window, and a 1 ends it.
    counters, lists, windows_per_cycle, range_pes : int
        Counters, lists that they take from, tasks each hands out in a cycle, and PEs of its range.
    barrel : int
        Whether contexts take turns.
    by_channel, places, out_channels, channels_shift : int
        Whether tasks follow one another channel by channel; places of a channel, and channels.
    ops_of_channel : int
    members_of, ops_before, weight_base_of, listed : table
        As in :class:`~o3sim.contract.task_lists.TaskLists`.
    ends : table
        What is left of each list.
    seats, turns : table
        The task of each context, and whose turn it was in each PE.
    passing, n_passing : table, int
        Contexts whose next member begins in the next cycle.
    constants : ring
        Members that began behind another and need no word.
    patch : Patch
    """

    is_windowed: int
    prunes: int
    counters: int
    lists: int
    windows_per_cycle: int
    range_pes: int
    barrel: int
    by_channel: int
    places: int
    out_channels: int
    channels_shift: int
    ops_of_channel: int
    members_of: Table[np.int32]
    ops_before: Table[np.int64]
    weight_base_of: Table[np.int64]
    listed: Table[np.int32]
    ends: Table[ListEnd]
    seats: Table[Seat]
    turns: Table[Turn]
    passing: Table[Passing]
    n_passing: int
    constants: Ring
    patch: Patch


members_of = numbers("members_of", np.int32)
ops_before = numbers("ops_before", np.int64)
weight_base_of = numbers("weight_base_of", np.int64)
listed_window = numbers("listed", np.int32)
list_end_at = rows("ends", ListEnd)
seat_at = rows("seats", Seat)
turn_at = rows("turns", Turn)
passing_at = rows("passing", Passing)
first_column = numbers("first", np.int64)
end_column = numbers("end", np.int64)
left_at = rows("left", Left)


def windows_of(
    architecture: Architecture, geometry: Geometry, groups: list[WeightGroup], prunes: bool, slots: int
) -> dict[str, Any]:
    """Begin with no task handed out."""
    a, scheduler = architecture, architecture.scheduler
    tasks = task_lists(geometry, groups, a)
    counters = scheduler.groups if scheduler.dispatch == "group" else scheduler.counters
    contexts = a.pe.count * a.pe.contexts
    return {
        "is_windowed": geometry.pool is not None,
        "prunes": prunes,
        "counters": counters,
        "lists": len(tasks.list_start) - 1,
        "windows_per_cycle": scheduler.windows_per_cycle,
        "range_pes": a.pe.count // counters,
        "barrel": a.pe.pick == "barrel",
        "by_channel": a.sequencer.outermost == "channel",
        "places": len(tasks.members),
        "out_channels": geometry.out_channels,
        "channels_shift": shift_of(geometry.out_channels),
        "ops_of_channel": tasks.ops_of_channel,
        "members_of": located(tasks.members, np.int32),
        "ops_before": located(tasks.ops_before, np.int64),
        "weight_base_of": located(tasks.weight_base, np.int64),
        "listed": located(tasks.listed, np.int32),
        "ends": _ends_of(tasks, geometry, groups),
        "seats": records(Seat, contexts),
        "turns": records(Turn, a.pe.count, context=a.pe.contexts - 1),
        "passing": records(Passing, contexts),
        "constants": ring_of(slots),
        "patch": {} if a.activation_buffer.patch_kbit is None else _patch_of(a, geometry, groups),
    }


def _ends_of(tasks: TaskLists, geometry: Geometry, groups: list[WeightGroup]) -> Records:
    """Begin with the first task of each list, where it has one."""
    begin, end = tasks.list_start[:-1], tasks.list_start[1:]
    first = np.zeros(len(begin), np.int64)
    if len(tasks.listed):
        first[begin < end] = tasks.listed[begin[begin < end]]
    channel = first % geometry.out_channels
    group = np.searchsorted([group.last_channel for group in groups], channel, side="right")
    where = {"place": first // geometry.out_channels, "channel": channel, "weight_group": group}
    return records(ListEnd, len(begin), next=begin, end=end, **where)


def _patch_of(architecture: Architecture, geometry: Geometry, groups: list[WeightGroup]) -> dict[str, Any]:
    """Begin with empty patches."""
    columns = patch_columns(geometry, architecture)
    places = len(columns.first)
    passes = 1 if columns.stays else len(groups)
    channels = [group.last_channel - group.first_channel for group in groups]
    tasks = np.repeat([sum(channels)] if columns.stays else channels, places)
    return {
        "is_there": True,
        "stays": columns.stays,
        "words_per_cycle": or_zero(architecture.activation_buffer.banks),
        "capacity": columns.capacity,
        "column_words": columns.column_words,
        "per_pass": columns.per_pass,
        "columns": columns.per_pass * (passes - 1) + int(columns.end[-1]),
        "places": places,
        "first": located(columns.first, np.int64),
        "end": located(columns.end, np.int64),
        "left": records(Left, places * passes, tasks=tasks),
    }
