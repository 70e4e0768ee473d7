"""Which ops a lockstep stage may still hold while it waits for rows: too few for a group.

Its queue then holds fewer ops than make a group, else one would start. Which these are depends on the image
and on the speed of the stages beside it, so what is worked out here holds whatever these do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """What decides which ops a stage holds back.

    Attributes
    ----------
    group_ops : int
        Ops of a group; 1 of stages that do not start groups.
    squashes : bool
        Whether ops of a window that is 1 are squashed.
    queue_ops : int
        Places in the queue.
    in_flight_ops : int
        Of a window at a time; so many as it has where that is not limited.
    unseen_starts : int
        Groups that may start, at most, while an op of the one before them is still in flight.
    """

    group_ops: int
    squashes: bool
    queue_ops: int
    in_flight_ops: int
    unseen_starts: int


def groups_of(geometry: Geometry, machine: Architecture) -> Groups:
    """Return what decides which ops a stage holds back."""
    if machine.scheduler.policy != "lockstep":
        return Groups(1, False, 0, 1, 0)
    group_ops = machine.pe.count * machine.pe.contexts
    if group_ops == 1 or not machine.pruning.pooling or geometry.pool is None:
        return Groups(group_ops, False, 0, 1, 0)
    limit, members = machine.scheduler.window_in_flight_ops, geometry.pool.size**2
    in_flight_ops = members if limit == "unlimited" else min(limit, members)
    alone = in_flight_ops == 1 and geometry.pool.stride >= geometry.pool.size
    return Groups(
        group_ops,
        True,
        machine.issue_queue.depth_ops,
        in_flight_ops,
        _unseen_starts(machine, alone),
    )


def _unseen_starts(machine: Architecture, alone: bool) -> int:
    """Count the groups that may start while an op of the one before them is still in flight.

    Parameters
    ----------
    alone : bool
        Whether nothing but its own outcome settles the window of an op in flight.
    """
    scheduler, latency_cycles = machine.scheduler, machine.pe.latency_cycles
    apart = 1  # cycles between two starts: one whose ops are all squashed may be over in the next
    if alone:
        apart += scheduler.select_cycles + scheduler.issue_latency_cycles
    # its context is free with its last word; while an outcome waits to be written none starts
    return -(-latency_cycles // apart) + -(-(machine.pruning.squash_latency_cycles - 1) // apart)


def least_ended(windows: Numbers, waiting: Numbers, members: int, groups: Groups) -> Numbers:
    """Count the ops, from the first on, that have ended whenever a stage waits for rows.

    An op waits behind newer ones only where those in flight of its window are as many as may be, for the
    oldest ready ones go first. Of windows begun after it those alone can be done with that an op was issued
    of then. All other ops behind it wait like it, unless windows begun before it let them be squashed, and
    those that wait are fewer than make a group.

    Parameters
    ----------
    windows : int64 array, shape (ops, overlap)
        By op in program order the windows that it is in, -1 padded.
    waiting : int64 array
        Ops, by their place, each of which may wait for rows.
    members : int
        Ops of a window.
    groups : Groups

    Returns
    -------
    int64 array
        For each of those that wait.
    """
    if not groups.squashes:
        return np.maximum(waiting - (groups.group_ops - 1), 0)
    seen = _Windows.of(windows, members)
    most = groups.group_ops - 2 + _passed_over(seen, members, groups)
    oldest = [np.argmax(seen.kept_by_each(place) <= most[:place]) if place else 0 for place in waiting]
    return np.array(oldest, np.int64)


@dataclass(frozen=True)
class _Windows:
    """What matters of the windows of each op, in program order.

    Attributes
    ----------
    begun : int64 array, shape (ops,)
        The first op of the window that it is in; of several the newest one.
    others : int64 array, shape (ops, overlap)
        Ops of each of its windows that may be issued before it: older ones, where windows do not overlap.
    most_open : int
        Windows at a time, at most, of which some ops are before a place in program order and some behind.
    """

    begun: Numbers
    others: Numbers
    most_open: int

    @classmethod
    def of(cls, windows: Numbers, members: int) -> _Windows:
        """Look at the windows of ops."""
        ops, overlap = windows.shape
        own, column = np.nonzero(windows >= 0)
        number = windows[own, column]
        first, last = np.full(number.max() + 1, ops), np.zeros(number.max() + 1, np.int64)
        np.minimum.at(first, number, own)
        np.maximum.at(last, number, own)
        begun, others = np.zeros(ops, np.int64), np.zeros(windows.shape, np.int64)
        np.maximum.at(begun, own, first[number])
        others[own, column] = members - 1
        if overlap == 1:
            others[np.argsort(begun, kind="stable"), 0] = np.arange(ops) % members
        opened = np.bincount(first, minlength=ops) - np.bincount(last, minlength=ops)
        return cls(begun, others, int(opened.cumsum().max()))

    def kept_by_each(self, end: int) -> Numbers:
        """Count the ops behind each, of those before an end, that are not squashed while it waits.

        These are those of windows that were begun no earlier than it, and of its own one.
        """
        places, begun = np.arange(end), self.begun[:end]
        later = begun < places  # they may be squashed while one waits from behind the first of theirs on
        squashed = np.bincount(begun[later] + 1, minlength=end) - np.bincount(places[later], minlength=end)
        kept: Numbers = end - 1 - places - squashed.cumsum()
        if self.others.shape[1] == 1:
            own = np.bincount(begun, minlength=end)[begun] - 1 - self.others[:end, 0]
            kept += np.where(later, own, 0)
        return kept


def _passed_over(seen: _Windows, members: int, groups: Groups) -> Numbers:
    """Count the ops behind each, of windows begun after it, that may end before it.

    No window of which an op is issued for the first time has lost one to a squash, so all of its ops are in
    the queue then, or still to come.
    """
    starts = (seen.others // groups.in_flight_ops).sum(axis=1) * (1 + groups.unseen_starts)
    of_each = seen.others.shape[1]
    in_queue = of_each * (groups.queue_ops - 1) // members + seen.most_open
    passed: Numbers = starts * (min(of_each * groups.group_ops, in_queue) * members)
    return passed
