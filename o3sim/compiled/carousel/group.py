"""The turns of a group of PEs: of those that are due, and of those whose context is free."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.carousel.calendar import day_of
from o3sim.compiled.carousel.free import LIMIT, book_free, note, note_all, set_of
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.streams import stream_for
from o3sim.compiled.carousel.turn import settle, take_window
from o3sim.compiled.carousel.units import Group, context_at, group_at
from o3sim.compiled.fast.bits import NONE, lowest
from o3sim.compiled.kernel import inlined

_ALL = ~NONE
_ASK = 0
"""In place of the reason why PEs are handed nothing: they are to ask."""


@inlined
def take_turns(x: CarouselMemory, number: int, cycle: int) -> None:
    """Let the context of each PE of a group whose turn it is act, from one PE on around the group."""
    units, layer, group = x.units, x.layer, group_at(x.units, number)
    day = day_of(x, number, cycle)
    if group.n_free == 0 and _is_empty(x, day):
        return
    turn = cycle - units.start_cycle
    free = set_of(x, number, turn % layer.contexts)
    first, reason = turn % layer.group_pes, _ASK
    for part in range(2):
        low, high = (first, layer.group_pes) if part == 0 else (0, first)
        for word in range(low >> 6, high + 63 >> 6):
            among = _between(low - (word << 6), high - (word << 6))
            due = word_at(units.calendar.due, day + word).bits & among
            asking = word_at(units.asks, free + word).bits & among if reason == _ASK else NONE
            reason = _act(x, group, number, word, due, asking, reason, cycle)
    for word in range(units.set_words):
        word_at(units.calendar.due, day + word).bits = NONE
    if reason not in (_ASK, LIMIT):
        note_all(x, free, reason)
    if group.n_free > 0:
        book_free(x, group, free, cycle)


@inlined
def _act(
    x: CarouselMemory,
    group: Group,
    number: int,
    word: int,
    due: np.uint64,
    asking: np.uint64,
    reason: int,
    cycle: int,
) -> int:
    """Let PEs of a group act, of those of a word of its sets: due ones, and ones that ask for a window.

    Returns
    -------
    int
        The reason why none of the group is handed a window from now on, in this cycle, if there is such a
        one: where all take from the same list.
    """
    units, contexts = x.units, x.layer.contexts
    turn = (cycle - units.start_cycle) % contexts
    free = set_of(x, number, turn) + word
    left = due | asking
    while left != NONE:
        own = left & (NONE - left)
        in_group = (word << 6) + lowest(left)
        left ^= own
        pe = number * x.layer.group_pes + in_group
        place = pe * contexts + turn
        context = context_at(units, place)
        if due & own != NONE:
            if not settle(x, context, pe, place, cycle):
                continue
            group.n_free += 1
            word_at(units.asks, free).bits |= own
        if reason != _ASK:
            continue
        found = stream_for(x, group, number, pe, cycle)
        if found >= 0:
            group.n_free -= 1
            word_at(units.asks, free).bits &= ~own
            take_window(x, context, found, pe, cycle)
        elif x.layer.lists == 1:
            reason = found
            left &= due
        elif found != LIMIT:
            note(x, free, own, found)
    return reason


@inlined
def _is_empty(x: CarouselMemory, day: int) -> bool:
    """Return whether no PE of a group is due on a day."""
    due = NONE
    for word in range(x.units.set_words):
        due |= word_at(x.units.calendar.due, day + word).bits
    return due == NONE


@inlined
def _between(low: int, high: int) -> np.uint64:
    """Return the bits from one on up to another, as far as they are of a word."""
    return _ALL << np.uint64(max(low, 0)) & _ALL >> np.uint64(64 - min(high, 64))
