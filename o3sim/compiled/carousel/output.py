"""The output port: writes the outcomes of windows."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import clear_bit, word_at
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.turn import go_on
from o3sim.compiled.carousel.units import bit_at, context_at
from o3sim.compiled.fast.bits import NONE, bit, lowest
from o3sim.compiled.kernel import ONE, inlined
from o3sim.compiled.output_bits import take_bit
from o3sim.compiled.records.trace import OUTPUT
from o3sim.compiled.trace import note_event
from o3sim.contract.events import EventKind

RETIRE = int(EventKind.RETIRE)


@inlined
def write(x: CarouselMemory, cycle: int) -> None:
    """Write waiting outcomes, from the context after the one written last on, around the array."""
    units, size = x.units, x.settings.pes * x.layer.contexts
    room = 0 if x.output_bits.n_held > 0 else x.settings.write_width_ops
    for _ in range(min(units.n_waiting, room)):
        place = _next_waiting(x, units.next_place)
        clear_bit(units.waiting, place)
        context = context_at(units, place)
        context.waits = 0
        bit_at(units, context.result_place).bit = np.uint8(context.result_bit)
        if x.layer.writes_back:
            take_bit(x, context.result_place)
        if x.trace.is_on:
            note_event(x, cycle, RETIRE, context.result_op, OUTPUT, context.result_outcome)
        units.n_waiting -= 1
        units.windows_left -= 1
        units.next_place = place + 1 if place + 1 < size else 0
        x.counts.scoreboard_writes += 1
        if context.has_ended:
            go_on(x, place, cycle)


@inlined
def _next_waiting(x: CarouselMemory, first: int) -> int:
    """Return the first context from one on, around the array, whose outcome waits; some does."""
    waiting, word = x.units.waiting, first >> 6
    words = x.settings.pes * x.layer.contexts + 63 >> 6
    left = word_at(waiting, word).bits & ~(bit(first) - ONE)
    while left == NONE:
        word = word + 1 if word + 1 < words else 0
        left = word_at(waiting, word).bits
    return (word << 6) + lowest(left)
