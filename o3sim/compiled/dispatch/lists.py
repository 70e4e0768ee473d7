"""The lists of tasks that counters take from, where their next tasks are, and what these wait for."""

from __future__ import annotations

from typing import Protocol

from o3sim.compiled.dispatch.patch import Patched, holds
from o3sim.compiled.kernel import inlined, quotient
from o3sim.compiled.records.ledger import CAUSE
from o3sim.compiled.records.weight_stream import group_at
from o3sim.compiled.records.windows import (
    ListEnd,
    Seat,
    list_end_at,
    listed_window,
    members_of,
    ops_before,
    weight_base_of,
)
from o3sim.compiled.weight_stream import Streaming, arrived


class Listed(Streaming, Patched, Protocol):
    """The memory of a layer, as far as lists of tasks go."""


@inlined
def list_of(x: Listed, counter: int) -> int:
    """Return the list that a counter takes from: its own, or the only one."""
    return counter if x.windows.lists > 1 else 0


@inlined
def waits_because(x: Listed, number: int, cycle: int) -> int:
    """Why the next task of a list cannot go out, whatever contexts are free, as a cause; -1 if it can."""
    left = list_end_at(x.windows, number)
    if left.next == left.end:
        return CAUSE.drain
    if not arrived(x, left.weight_group, cycle):
        return CAUSE.weight_wait
    return -1 if holds(x, left.place, left.weight_group) else CAUSE.input_wait


@inlined
def seat_next(x: Listed, number: int, seat: Seat) -> None:
    """Let the next task of a list have a seat."""
    windows, left = x.windows, list_end_at(x.windows, number)
    place, channel, size = left.place, left.channel, members_of(windows, left.place)
    group = group_at(x.weight_groups, left.weight_group)
    seat.place = place
    seat.channel = channel
    seat.weight_group = left.weight_group
    if windows.by_channel:
        seat.first_op = windows.ops_of_channel * channel + ops_before(windows, place)
    else:
        channels = group.end_channel - group.first_channel
        seat.first_op = windows.ops_of_channel * group.first_channel + ops_before(windows, place) * channels
        seat.first_op += size * (channel - group.first_channel)
    seat.weight_base = weight_base_of(windows, channel) + number
    seat.begun = 0
    seat.size = size
    left.next += 1
    if left.next < left.end:
        _find_next(x, left)


@inlined
def _find_next(x: Listed, left: ListEnd) -> None:
    """Find where the next task of a list is: in the only one, where program order leads."""
    windows = x.windows
    if windows.lists > 1:
        window = listed_window(windows, left.next)
        left.place = quotient(window, windows.out_channels, windows.channels_shift)
        left.channel = window - left.place * windows.out_channels
        while left.channel >= group_at(x.weight_groups, left.weight_group).end_channel:
            left.weight_group += 1
        return
    group = group_at(x.weight_groups, left.weight_group)
    if windows.by_channel:
        left.place += 1
        if left.place == windows.places:
            left.place = 0
            left.channel += 1
    else:
        left.channel += 1
        if left.channel == group.end_channel:
            left.place += 1
            left.channel = group.first_channel
            if left.place == windows.places:
                left.place = 0
                left.channel = group.end_channel
    if left.channel == group.end_channel:
        left.weight_group += 1
