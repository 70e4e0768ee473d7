"""The weight stream, and the groups of ops that hold a half of the weight buffer."""

from __future__ import annotations

from o3sim.compiled.memory import Memory, inlined, noinline
from o3sim.compiled.numbers import (
    AT_GROUPS,
    D_ARRIVAL,
    D_BITS,
    D_CHANNEL_FREE,
    D_GROUPS,
    D_HALF_FREE,
    D_HALVES_FREED,
    D_HEADER,
    D_REQUESTED,
    D_START,
    ENDED,
    G_LEFT,
    GROUP_STRIDE,
    L_FIRST_GROUP,
    MOVED,
    S_DRAM_BITS,
    S_DRAM_LATENCY,
)


@inlined
def stream_place(x: Memory, run: int, group: int) -> int:
    """Place of a group's number in one of the runs of the weight stream (two spare at each end)."""
    return D_HEADER + run * (x.d[D_GROUPS] + 2) + group


@inlined
def arrival_of(x: Memory, group: int) -> int:
    """Cycle from which a weight group of the layer can be used; -1 if it is not asked for yet."""
    return x.d[stream_place(x, D_ARRIVAL, x.m[L_FIRST_GROUP] + group)]


@inlined
def arrived(x: Memory, group: int, cycle: int) -> bool:
    """Tell whether a weight group of the layer can be used."""
    return x.m[S_DRAM_BITS] == 0 or 0 <= arrival_of(x, group) <= cycle


@noinline
def pump(x: Memory) -> None:
    """Begin every transfer whose half of the buffer is known to be free, one after another."""
    d, bits_per_cycle = x.d, x.m[S_DRAM_BITS]
    if bits_per_cycle == 0:
        return
    while d[D_REQUESTED] < min(d[D_GROUPS], d[D_HALVES_FREED]):
        group = d[D_REQUESTED]
        start = max(d[D_CHANNEL_FREE], d[stream_place(x, D_HALF_FREE, group)])
        d[stream_place(x, D_START, group)] = start
        d[D_CHANNEL_FREE] = start + (d[stream_place(x, D_BITS, group)] + bits_per_cycle - 1) // bits_per_cycle
        d[stream_place(x, D_ARRIVAL, group)] = d[D_CHANNEL_FREE] + x.m[S_DRAM_LATENCY]
        d[D_REQUESTED] = group + 1


@inlined
def op_ended(x: Memory, group: int, cycle: int) -> None:
    """Count an op that ended; the last of its group frees a half of the weight buffer."""
    m = x.m
    m[ENDED] += 1
    m[MOVED] = 1
    left = m[AT_GROUPS] + group * GROUP_STRIDE + G_LEFT
    m[left] -= 1
    if m[left] == 0:
        x.d[stream_place(x, D_HALF_FREE, x.d[D_HALVES_FREED])] = cycle + 1
        x.d[D_HALVES_FREED] += 1
        pump(x)
