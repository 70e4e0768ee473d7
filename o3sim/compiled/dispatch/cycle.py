"""The cycle loop of a machine without a queue: its units, phase by phase, cycle by cycle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import o3sim.compiled
import o3sim.contract
from o3sim.compiled.cycle import BROKEN, DONE, STUCK, book_causes, digest_of, finish_counts
from o3sim.compiled.dispatch.counters import book_idle, hand_out
from o3sim.compiled.dispatch.patch import broadcast, count_broadcasts
from o3sim.compiled.dispatch.pe_array import move_words
from o3sim.compiled.dispatch.verdicts import pass_on, take_verdicts
from o3sim.compiled.kernel import NEVER, _njit, inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.output_buffer import write
from o3sim.compiled.records.pe_array import context_at
from o3sim.compiled.records.windows import list_end_at
from o3sim.compiled.ring import next_due
from o3sim.compiled.weight_stream import arrival_of, pump


@inlined
def _tick(x: Memory, cycle: int) -> int:
    """Run one cycle, in the order of phases of ``docs/machine.md``; return the words that went in."""
    x.clock.moved = 0
    broadcast(x)
    pass_on(x, cycle)
    take_verdicts(x, cycle)
    hand_out(x, cycle)
    book_idle(x, cycle)
    words = move_words(x, cycle)
    write(x, cycle)
    return words


@noinline
def _next_change(x: Memory, cycle: int) -> int:
    """Next cycle in which a unit that waits can go on; NEVER if none does."""
    array = x.pe_array
    wake = min(next_due(array.verdicts), next_due(array.constants), next_due(x.windows.constants))
    if x.settings.dram_bits_per_cycle > 0:
        for number in range(x.windows.lists):
            left = list_end_at(x.windows, number)
            if left.next < left.end:
                arrival = arrival_of(x, left.weight_group)
                if arrival > cycle:
                    wake = min(wake, arrival)
    for place in range(x.settings.pes * x.settings.contexts):
        ready = context_at(array, place).ready_cycle
        if ready > cycle:
            wake = min(wake, ready)
    return wake


def _compile(sources: int) -> Any:
    """Compile the loop; it closes over a digest of all sources, as :mod:`o3sim.compiled.cycle` says."""

    def run_windows(x: Memory, start_cycle: int) -> tuple[int, int]:
        """Run one layer; arguments and results as of :func:`o3sim.compiled.cycle.run_layer`."""
        if sources < 0:
            return BROKEN, start_cycle
        x.clock.start_cycle = start_cycle
        pump(x)
        cycle = start_cycle
        while True:
            words = _tick(x, cycle)
            if x.clock.moved < 0:
                return BROKEN, cycle
            bits_left = x.output_bits.n_held + x.output_bits.n_writing
            if x.clock.ended_ops == x.layer.ops and bits_left == 0:
                book_causes(x, cycle, 1)
                finish_counts(x, cycle)
                if x.windows.patch.is_there:
                    count_broadcasts(x)
                return DONE, cycle
            wake = cycle + 1
            if words == 0 and x.clock.moved == 0:
                wake = _next_change(x, cycle)
                if wake == NEVER:
                    return STUCK, cycle
            book_causes(x, cycle, wake - cycle)
            cycle = wake

    return _njit(cache=True, nogil=True, _nrt=False)(run_windows)


run_windows = _compile(
    digest_of([Path(o3sim.compiled.__file__).parent, Path(o3sim.contract.__file__).parent])
)
