"""The lists of tasks that counters take from, and what their next tasks wait for."""

from __future__ import annotations

from typing import Protocol

from o3sim.compiled.dispatch.patch import Patched, holds
from o3sim.compiled.kernel import inlined
from o3sim.compiled.records.ledger import CAUSE
from o3sim.compiled.records.windows import list_end_at, listed_task, weight_group_of
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
    task = listed_task(x.windows, left.next)
    if not arrived(x, weight_group_of(x.windows, task), cycle):
        return CAUSE.weight_wait
    return -1 if holds(x, task) else CAUSE.input_wait
