"""The weight stream, and the groups of ops that hold a half of the weight buffer."""

from __future__ import annotations

from typing import Protocol

from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.weight_stream import WeightGroups, group_at, stream_at, transfer_at


class Dram(Protocol):
    """Settings, as far as the weight stream needs them."""

    @property
    def dram_bits_per_cycle(self) -> int:
        """0 stands for ``ideal``."""

    @property
    def dram_latency_cycles(self) -> int:
        """Cycles from the request of a group to its first bit."""


class Streaming(Protocol):
    """The memory of a layer, as far as its weight stream goes."""

    weight_groups: WeightGroups

    @property
    def settings(self) -> Dram:
        """Settings of the architecture."""


@inlined
def arrival_of(x: Streaming, group: int) -> int:
    """Cycle from which a weight group of the layer can be used; -1 if it is not asked for yet."""
    return transfer_at(stream_at(x.weight_groups, 0), x.weight_groups.first_group + group).arrival_cycle


@inlined
def arrived(x: Streaming, group: int, cycle: int) -> bool:
    """Return whether a weight group of the layer can be used."""
    return x.settings.dram_bits_per_cycle == 0 or 0 <= arrival_of(x, group) <= cycle


@noinline
def pump(x: Streaming) -> None:
    """Begin every transfer whose half of the buffer is known to be free, one after another."""
    bits_per_cycle = x.settings.dram_bits_per_cycle
    if bits_per_cycle == 0:
        return
    stream = stream_at(x.weight_groups, 0)
    while stream.passed < stream.groups:
        transfer = transfer_at(stream, stream.passed)
        if transfer.bits > 0:
            if stream.halves_filled == stream.halves_freed:
                return
            half_free_cycle = transfer_at(stream, stream.halves_filled).half_free_cycle
            transfer.start_cycle = max(stream.channel_free_cycle, half_free_cycle)
            cycles = (transfer.bits + bits_per_cycle - 1) // bits_per_cycle
            stream.channel_free_cycle = transfer.start_cycle + cycles
            transfer.arrival_cycle = stream.channel_free_cycle + x.settings.dram_latency_cycles
            stream.halves_filled += 1
        stream.passed += 1


@inlined
def op_ended(x: Memory, number: int, cycle: int) -> None:
    """Count an op that ended; the last of its group frees a half of the weight buffer."""
    x.clock.ended_ops += 1
    x.clock.moved = 1
    group = group_at(x.weight_groups, number)
    group.ops_left -= 1
    if group.ops_left == 0:
        free_half(x, number, cycle + 1)


@noinline
def free_half(x: Streaming, number: int, cycle: int) -> None:
    """Free the half of the weight buffer that a group of the layer is in, from a cycle on."""
    stream = stream_at(x.weight_groups, 0)
    if transfer_at(stream, x.weight_groups.first_group + number).bits == 0:
        return
    transfer_at(stream, stream.halves_freed).half_free_cycle = cycle
    stream.halves_freed += 1
    pump(x)
