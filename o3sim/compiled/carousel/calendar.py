"""The calendar: in which cycle a PE is to be looked at, for the context whose turn it is then.

To enter a PE is to set a bit; those of a cycle are read a word of 64 at a time.
"""

from __future__ import annotations

from o3sim.compiled.bit_set import word_at
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.units import Context
from o3sim.compiled.fast.bits import bit
from o3sim.compiled.kernel import inlined


@inlined
def first_turn(x: CarouselMemory, cycle: int, turn_cycle: int) -> int:
    """Return the first turn from a cycle on, of the context that has one in some cycle before."""
    contexts = x.layer.contexts
    late = cycle - turn_cycle
    return turn_cycle + (late + contexts - 1) // contexts * contexts if late > 0 else turn_cycle


@inlined
def day_of(x: CarouselMemory, group: int, cycle: int) -> int:
    """Return the first word of the set of PEs of a group that are to be looked at in a cycle."""
    day = cycle - x.units.start_cycle & x.units.calendar.mask
    return (day * x.layer.groups + group) * x.units.set_words


@inlined
def enter(x: CarouselMemory, context: Context, pe: int, cycle: int) -> None:
    """Look at a context when it is due, or at the last of its turns that the calendar has a day for."""
    due, contexts = context.due_cycle, x.layer.contexts
    most = x.units.calendar.mask
    if due - cycle > most:
        due = cycle + most // contexts * contexts
    group = pe // x.layer.group_pes
    number = pe - group * x.layer.group_pes
    word_at(x.units.calendar.due, day_of(x, group, due) + (number >> 6)).bits |= bit(number)
