"""Records of ops between dispatch and their end, and the windows that these are in."""

from __future__ import annotations

from o3sim.compiled.kernel import inlined
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.ops import Op, free_slot_at, link_at


@inlined
def take_slot(x: Memory) -> int:
    """Take the record of an op that is not done with yet; -1 if there is none (a defect)."""
    if x.ops.n_free == 0:
        return -1
    x.ops.n_free -= 1
    return free_slot_at(x.ops, x.ops.n_free).slot


@inlined
def free_slot(x: Memory, slot: int) -> None:
    """Give back the record of an op that is done with."""
    free_slot_at(x.ops, x.ops.n_free).slot = slot
    x.ops.n_free += 1


@inlined
def window_of(x: Memory, slot: int, which: int) -> int:
    """Return one of the windows of an op; -1 if it is in fewer."""
    return link_at(x.ops, slot * x.layer.overlap + which).window


@inlined
def executed_edges(x: Memory, op: Op, words: int) -> int:
    """Return the edges of an op in so many of its words."""
    return min(words * x.settings.width_edges, op.n_edges)
