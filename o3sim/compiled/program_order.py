"""The sequencer's walk: program order, one op at a time, without a list of ops."""

from __future__ import annotations

from o3sim.compiled.memory import Memory, inlined, noinline
from o3sim.compiled.numbers import (
    AT_GROUPS,
    AT_OWNED,
    G_END,
    G_FIRST,
    GROUP_STRIDE,
    L_GROUPS,
    L_MEMBERS,
    L_OPS,
    L_POOLED,
    NEXT_OP,
    S_CHANNEL_OUTERMOST,
    S_GROUP_WINDOWS,
    S_MEMBER_MAJOR,
    SEQ_CHANNEL,
    SEQ_CHANNEL0,
    SEQ_CHUNK,
    SEQ_GROUP,
    SEQ_IN_CHUNK,
    SEQ_LEFT,
    SEQ_MEMBER,
    SEQ_POOLED,
    SEQ_POOLED0,
)


@inlined
def position_at(x: Memory) -> int:
    """Position of the member the walk stands at; -1 if the window owns fewer."""
    m = x.m
    return m[m[AT_OWNED] + m[SEQ_POOLED] * m[L_MEMBERS] + m[SEQ_MEMBER]]


@noinline
def begin_walk(x: Memory) -> None:
    """Stand before the first op of the layer."""
    _begin_group(x)
    while position_at(x) < 0:
        _step(x)


@inlined
def advance(x: Memory) -> None:
    """Step to the next op of the layer."""
    m = x.m
    m[NEXT_OP] += 1
    if m[NEXT_OP] == m[L_OPS]:
        return
    _step(x)
    while position_at(x) < 0:
        _step(x)


@noinline
def _begin_group(x: Memory) -> None:
    """Stand before the first window of a weight group."""
    m = x.m
    group = m[AT_GROUPS] + m[SEQ_GROUP] * GROUP_STRIDE
    m[SEQ_CHANNEL] = m[group + G_FIRST]
    m[SEQ_POOLED] = 0
    m[SEQ_MEMBER] = 0
    m[SEQ_LEFT] = m[L_POOLED] * (m[group + G_END] - m[group + G_FIRST])
    _begin_chunk(x)


@inlined
def _begin_chunk(x: Memory) -> None:
    """Note where the run of windows begins that member_major interleaves."""
    m = x.m
    m[SEQ_CHUNK] = min(m[S_GROUP_WINDOWS], m[SEQ_LEFT]) if m[S_MEMBER_MAJOR] else 1
    m[SEQ_IN_CHUNK] = 0
    m[SEQ_CHANNEL0] = m[SEQ_CHANNEL]
    m[SEQ_POOLED0] = m[SEQ_POOLED]


@inlined
def _next_window(x: Memory) -> None:
    """Step to the next window of the group."""
    m = x.m
    if m[S_CHANNEL_OUTERMOST]:
        m[SEQ_POOLED] += 1
        if m[SEQ_POOLED] == m[L_POOLED]:
            m[SEQ_POOLED] = 0
            m[SEQ_CHANNEL] += 1
        return
    group = m[AT_GROUPS] + m[SEQ_GROUP] * GROUP_STRIDE
    m[SEQ_CHANNEL] += 1
    if m[SEQ_CHANNEL] == m[group + G_END]:
        m[SEQ_CHANNEL] = m[group + G_FIRST]
        m[SEQ_POOLED] += 1


@inlined
def _step(x: Memory) -> None:
    """Step to the next member or window, whether or not it is an op."""
    m = x.m
    if m[SEQ_CHUNK] == 1:
        m[SEQ_MEMBER] += 1
        if m[SEQ_MEMBER] < m[L_MEMBERS]:
            return
    else:
        m[SEQ_IN_CHUNK] += 1
        if m[SEQ_IN_CHUNK] < m[SEQ_CHUNK]:
            _next_window(x)
            return
        m[SEQ_MEMBER] += 1
        if m[SEQ_MEMBER] < m[L_MEMBERS]:
            m[SEQ_IN_CHUNK] = 0
            m[SEQ_CHANNEL] = m[SEQ_CHANNEL0]
            m[SEQ_POOLED] = m[SEQ_POOLED0]
            return
    m[SEQ_MEMBER] = 0
    m[SEQ_LEFT] -= m[SEQ_CHUNK]
    if m[SEQ_LEFT] > 0:
        _next_window(x)
        _begin_chunk(x)
    else:
        m[SEQ_GROUP] += 1
        if m[SEQ_GROUP] < m[L_GROUPS]:
            _begin_group(x)
