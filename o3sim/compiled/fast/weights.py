"""The weight groups of a layer: which has arrived, and when their halves of the buffer are free."""

from __future__ import annotations

from o3sim.compiled.fast.records import FastMemory
from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.records.weight_stream import group_at
from o3sim.compiled.weight_stream import arrived, free_half


@inlined
def has_arrived(x: FastMemory, cycle: int) -> bool:
    """Return whether the weights of the sequencer's op are there."""
    return arrived(x, x.queue.group, x.clock.start_cycle + cycle)


@inlined
def group_end(x: FastMemory, group: int) -> int:
    """Return the number of the op behind the last of a weight group."""
    return group_at(x.weight_groups, group).end_channel * x.layer.ops_of_channel


@inlined
def count_ended(x: FastMemory, op: int, cycle: int) -> None:
    """Count an op that ended; the last of its weight group frees a half of the buffer."""
    x.clock.ended_ops += 1
    if x.weight_groups.n_groups > 1:
        _count_in_group(x, op, cycle)


@inlined
def group_of(x: FastMemory, op: int) -> int:
    """Return the weight group of an op that the sequencer has come to: it is among the last."""
    number = min(x.queue.group, x.weight_groups.n_groups - 1)
    while op < group_at(x.weight_groups, number).first_channel * x.layer.ops_of_channel:
        number -= 1
    return number


@noinline
def _count_in_group(x: FastMemory, op: int, cycle: int) -> None:
    """Count an op that ended in its weight group."""
    number = group_of(x, op)
    group = group_at(x.weight_groups, number)
    group.ops_left -= 1
    if group.ops_left == 0:
        free_half(x, number, x.clock.start_cycle + cycle + 1)
