"""The least depth between two stages by a closed form, which knows of no others: slow, obvious, for tests.

The reader stands at the first op of a row until the rows that it reads are whole. By when one is whole the
writer has begun all rows up to some newest one. From the oldest that the reader needs from there on, up
to that one, rows have to have a place.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from o3sim.config.architecture import Architecture
from o3sim.contract.program_order import ops_in_order, window_members
from o3sim.network.layer import Geometry
from o3sim.runs.pipeline.rows import release_cycles, rows_read

Side = tuple[Geometry, Architecture]
Numbers = NDArray[np.int64]


def least_rows(writer: Side, reader: Side) -> int | None:
    """Return the least depth in rows; None where the reader leaves rows unread: not of this form."""
    windows, last_op = _passes(*writer)
    newest = np.maximum.accumulate(windows.max(axis=1) // writer[0].pooled_width)[last_op]
    geometry, machine = reader
    own_rows = _positions(geometry, machine) // geometry.out_width
    _, ended = _passes(geometry, machine)
    last_use = release_cycles(geometry, np.full(len(newest), -1), ended)
    if last_use.min() < 0:
        return None
    depth = 1
    for row, (first, end) in enumerate(zip(*rows_read(geometry, len(newest)), strict=True)):
        ops = np.flatnonzero(own_rows == row)
        if first < end and len(ops):
            held = np.flatnonzero(last_use >= oldest_waiting(geometry, machine, int(ops[0])))
            depth = max(depth, int(newest[first:end].max() - held[0]) + 1)
    return depth


def oldest_waiting(geometry: Geometry, machine: Architecture, place: int) -> int:
    """The oldest op that may wait for a lockstep group to be full while one waits for rows; that one if none.

    Each older one is tried: how many of those behind it, up to that one, would have to wait like it.
    """
    if machine.scheduler.policy != "lockstep":
        return place
    group = machine.pe.count * machine.pe.contexts
    own_rows = _positions(geometry, machine) // geometry.out_width
    if not machine.pruning.pooling or geometry.pool is None:
        begins = np.flatnonzero(np.diff(own_rows)) + 1
        return place if (begins % group == 0).all() else max(0, place - (group - 1))
    each = windows_of(geometry, machine)
    first = {window: op for op, of in reversed(list(enumerate(each))) for window in of}
    for op in range(place if group > 1 else 0):
        behind = [other for other in range(op + 1, place) if _waits_too(each, first, other, op)]
        if len(behind) <= group - 2 + _passed_over(each, op, machine):
            return op
    return place


def windows_of(geometry: Geometry, machine: Architecture) -> list[frozenset[tuple[int, int]]]:
    """The windows, by pooled position and channel, that each op is in, in program order."""
    members = window_members(geometry)
    ops = zip(*ops_in_order(members, 0, geometry.out_channels, machine.sequencer), strict=True)
    return [
        frozenset((int(w), int(channel)) for w in members.windows_of[at] if w >= 0) for at, channel in ops
    ]


def _waits_too(
    each: list[frozenset[tuple[int, int]]], first: dict[tuple[int, int], int], other: int, op: int
) -> bool:
    """Whether no windows begun before an op let one behind it be squashed; alone, its own window does not."""
    alone = all(len(of) == 1 for of in each)
    return any(first[window] >= op for window in each[other]) or (alone and each[other] == each[op])


def _passed_over(each: list[frozenset[tuple[int, int]]], op: int, machine: Architecture) -> int:
    """Ops of windows begun after one that may end before it, as it waits for others of its windows."""
    sizes: dict[tuple[int, int], list[int]] = {}
    for number, of in enumerate(each):
        for window in of:
            sizes.setdefault(window, []).append(number)
    members, of_each = len(next(iter(sizes.values()))), max(map(len, each))
    alone = of_each == 1
    limit = machine.scheduler.window_in_flight_ops
    most = members if limit == "unlimited" else min(limit, members)
    group, queue = machine.pe.count * machine.pe.contexts, machine.issue_queue.depth_ops
    scheduler = machine.scheduler
    apart = 1 + (scheduler.select_cycles + scheduler.issue_latency_cycles if alone and most == 1 else 0)
    unseen = ceil(machine.pe.latency_cycles / apart)
    unseen += ceil((machine.pruning.squash_latency_cycles - 1) / apart)
    batches = sum((sum(o < op for o in sizes[w]) if alone else members - 1) // most for w in each[op])
    open_at_once = max(sum(ops[0] <= at < ops[-1] for ops in sizes.values()) for at in range(len(each)))
    of_a_start = min(of_each * group, of_each * (queue - 1) // members + open_at_once)
    return batches * (1 + unseen) * of_a_start * members


def _passes(geometry: Geometry, machine: Architecture) -> tuple[Numbers, Numbers]:
    """Windows of each op in program order, and the last op of each row of them."""
    windows = window_members(geometry).windows_of[_positions(geometry, machine)].astype(np.int64)
    last_op = [
        np.flatnonzero(((windows >= 0) & (windows // geometry.pooled_width == row)).any(axis=1))[-1]
        for row in range(geometry.pooled_height)
    ]
    return windows, np.array(last_op)


def _positions(geometry: Geometry, machine: Architecture) -> NDArray[np.int32]:
    return ops_in_order(window_members(geometry), 0, geometry.out_channels, machine.sequencer)[0]
