"""The cycle loop of the carousel, in the order of phases of ``docs/machine.md``, section 14."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import o3sim.contract
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.records import bit_at, context_at
from o3sim.compiled.carousel.streams import broadcast, open_next
from o3sim.compiled.carousel.turn import RETIRE, take_turn
from o3sim.compiled.cycle import digest_of
from o3sim.compiled.kernel import _njit, inlined, noinline
from o3sim.compiled.output_bits import take_bit, write_bits
from o3sim.compiled.records.trace import OUTPUT
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import pump


@inlined
def _write(x: CarouselMemory, cycle: int) -> None:
    """Write waiting outcomes, from the context after the one written last on, around the array."""
    units, size = x.units, x.settings.pes * x.layer.contexts
    room = 0 if x.output_bits.n_held > 0 else x.settings.write_width_ops
    left, place = min(units.n_waiting, room), units.next_place
    while left > 0:
        context = context_at(units, place)
        place = place + 1 if place + 1 < size else 0
        if context.waits:
            context.waits = 0
            bit_at(units, context.result_place).bit = np.uint8(context.result_bit)
            if x.layer.writes_back:
                take_bit(x, context.result_place)
            if x.trace.is_on:
                note_event(x, cycle, RETIRE, context.result_op, OUTPUT, context.result_outcome)
            units.n_waiting -= 1
            units.windows_left -= 1
            units.next_place = place
            x.counts.scoreboard_writes += 1
            left -= 1


@noinline
def _finish_counts(x: CarouselMemory, cycle: int) -> None:
    """Count what follows from other counts."""
    counts = x.counts
    counts.cycles = cycle - x.units.start_cycle + 1
    counts.output_bits = x.layer.windows * x.layer.out_channels
    counts.activation_requests = counts.words_executed
    counts.weight_requests = counts.words_executed
    counts.threshold_reads = counts.issued if x.layer.has_thresholds else 0


def _compile(sources: int) -> Any:
    """Compile the loop, for these sources: see :mod:`o3sim.compiled.cycle`."""

    def run_carousel(x: CarouselMemory) -> int:
        """Run one layer; counts, outputs and events are left in its memory.

        Parameters
        ----------
        x : CarouselMemory
            Fresh for this layer but for the weight stream.

        Returns
        -------
        int
            The layer's last cycle.
        """
        cycle = x.units.start_cycle + min(sources, 0)
        pump(x)
        while True:
            for group in range(x.layer.groups):
                open_next(x, group, cycle)
            turn, pes = cycle - x.units.start_cycle, x.layer.group_pes
            place = turn % pes
            for group in range(x.layer.groups):
                for number in range(place, pes):
                    take_turn(x, group * pes + number, turn, cycle)
                for number in range(place):
                    take_turn(x, group * pes + number, turn, cycle)
            broadcast(x, cycle)
            if x.units.n_waiting > 0:
                _write(x, cycle)
            bits = x.output_bits
            if bits.n_held + bits.n_writing > 0:
                write_bits(x, cycle)
            if x.units.windows_left == 0 and bits.n_held + bits.n_writing == 0:
                _finish_counts(x, cycle)
                return cycle
            cycle += 1

    return _njit(cache=True, nogil=True, _nrt=False)(run_carousel)


run_carousel = _compile(digest_of([Path(__file__).parents[1], Path(o3sim.contract.__file__).parent]))
