"""Free contexts: who asks for a window, and who asked in vain and need not ask again yet."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.records import pass_of
from o3sim.compiled.carousel.units import Group, group_at
from o3sim.compiled.fast.bits import NONE, bits_in
from o3sim.compiled.kernel import NEVER, inlined, noinline
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.weight_stream import arrived

NOTHING, UNFILLED, LIMIT = -1, -2, -3
"""Why a PE is handed no window: there is none, activations are not there, its counter has handed out all."""


@inlined
def set_of(x: CarouselMemory, number: int, context: int) -> int:
    """Return the first word of the set of PEs of a group for one of their contexts."""
    return (number * x.layer.contexts + context) * x.units.set_words


@inlined
def note(x: CarouselMemory, word: int, pes: np.uint64, reason: int) -> None:
    """Note why PEs of a word of a set, who asked, were handed nothing: till that changes none asks again."""
    word_at(x.units.asks, word).bits &= ~pes
    if reason == UNFILLED:
        word_at(x.units.unfilled, word).bits |= pes
    else:
        word_at(x.units.nothing, word).bits |= pes


@noinline
def note_all(x: CarouselMemory, free: int, reason: int) -> None:
    """Note it of all who ask, those that were not looked at among them."""
    for word in range(free, free + x.units.set_words):
        note(x, word, word_at(x.units.asks, word).bits, reason)


@noinline
def ask_again(x: CarouselMemory, number: int, opened: bool) -> None:
    """Let those of a group ask again who waited for activations; if a channel was opened, all."""
    units, first = x.units, set_of(x, number, 0)
    if group_at(units, number).n_free == 0:
        return
    for word in range(first, first + x.layer.contexts * units.set_words):
        asks = word_at(units.asks, word)
        asks.bits |= word_at(units.unfilled, word).bits
        word_at(units.unfilled, word).bits = NONE
        if opened:
            asks.bits |= word_at(units.nothing, word).bits
            word_at(units.nothing, word).bits = NONE


@inlined
def note_filled(x: CarouselMemory) -> None:
    """Let those ask again who waited for activations, if some of them may find theirs."""
    units = x.units
    if 0 < units.filled_reads < units.least_need:
        return
    units.least_need = NEVER
    for number in range(x.layer.groups):
        ask_again(x, number, False)


@noinline
def book_free(x: CarouselMemory, group: Group, free: int, cycle: int) -> None:
    """Book the PE-cycles of those who were handed nothing."""
    units, cause = x.units, _cause_of_nothing(x, group, cycle)
    for word in range(free, free + units.set_words):
        cause_at(x.ledger, CAUSE.no_ready_op).pe_cycles += bits_in(word_at(units.asks, word).bits)
        cause_at(x.ledger, CAUSE.input_wait).pe_cycles += bits_in(word_at(units.unfilled, word).bits)
        cause_at(x.ledger, cause).pe_cycles += bits_in(word_at(units.nothing, word).bits)


@inlined
def _cause_of_nothing(x: CarouselMemory, group: Group, cycle: int) -> int:
    """Return the cause of PE-cycles of a group in which there is nothing to hand out."""
    if group.opened_cycle == cycle:
        return CAUSE.queue_empty
    if group.next_stream == group.end_stream:
        return CAUSE.drain
    weights = pass_of(x.layer, group.next_stream) // x.layer.tiles
    return CAUSE.queue_empty if arrived(x, weights, cycle) else CAUSE.weight_wait
