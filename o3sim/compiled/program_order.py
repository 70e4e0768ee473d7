"""The sequencer's walk: program order, one op at a time, without a list of ops."""

from __future__ import annotations

from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.layer import owned_position
from o3sim.compiled.records.weight_stream import group_at


@inlined
def position_at(x: Memory) -> int:
    """Position of the member the walk stands at; -1 if the window owns fewer."""
    return owned_position(x.layer, x.sequencer.pooled * x.layer.members + x.sequencer.member)


@noinline
def begin_walk(x: Memory) -> None:
    """Stand before the first op of the layer."""
    _begin_group(x)
    while position_at(x) < 0:
        _step(x)


@inlined
def advance(x: Memory) -> None:
    """Step to the next op of the layer."""
    x.sequencer.next_op += 1
    if x.sequencer.next_op == x.layer.ops:
        return
    _step(x)
    while position_at(x) < 0:
        _step(x)


@noinline
def _begin_group(x: Memory) -> None:
    """Stand before the first window of a weight group."""
    walk = x.sequencer
    group = group_at(x.weight_groups, walk.group)
    walk.channel = group.first_channel
    walk.pooled = 0
    walk.member = 0
    walk.windows_left = x.layer.pooled_positions * (group.end_channel - group.first_channel)
    _begin_chunk(x)


@inlined
def _begin_chunk(x: Memory) -> None:
    """Note where the run of windows begins that member_major interleaves."""
    walk = x.sequencer
    walk.chunk = min(x.settings.group_windows, walk.windows_left) if x.settings.member_major else 1
    walk.in_chunk = 0
    walk.chunk_channel = walk.channel
    walk.chunk_pooled = walk.pooled


@inlined
def _next_window(x: Memory) -> None:
    """Step to the next window of the group."""
    walk = x.sequencer
    if x.settings.channel_outermost:
        walk.pooled += 1
        if walk.pooled == x.layer.pooled_positions:
            walk.pooled = 0
            walk.channel += 1
        return
    group = group_at(x.weight_groups, walk.group)
    walk.channel += 1
    if walk.channel == group.end_channel:
        walk.channel = group.first_channel
        walk.pooled += 1


@inlined
def _step(x: Memory) -> None:
    """Step to the next member or window, whether or not it is an op."""
    walk = x.sequencer
    if walk.chunk == 1:
        walk.member += 1
        if walk.member < x.layer.members:
            return
    else:
        walk.in_chunk += 1
        if walk.in_chunk < walk.chunk:
            _next_window(x)
            return
        walk.member += 1
        if walk.member < x.layer.members:
            walk.in_chunk = 0
            walk.channel = walk.chunk_channel
            walk.pooled = walk.chunk_pooled
            return
    walk.member = 0
    walk.windows_left -= walk.chunk
    if walk.windows_left > 0:
        _next_window(x)
        _begin_chunk(x)
    else:
        walk.group += 1
        if walk.group < x.weight_groups.n_groups:
            _begin_group(x)
