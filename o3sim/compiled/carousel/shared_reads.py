"""Reads of a PE's memory that its contexts share: words of one position, heard in one round."""

from __future__ import annotations

from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.units import context_at, pe_at
from o3sim.compiled.kernel import noinline


@noinline
def count_shared_up_to(x: CarouselMemory, pe: int, end_round: int) -> None:
    """Leave out the reads that contexts of a PE share in rounds before one: what they hear is known."""
    kept = pe_at(x.units, pe)
    first = kept.counted_rounds
    while first < end_round:
        end = _same_up_to(x, pe, first, end_round)
        x.counts.patch_reads -= (end - first) * _pairs_in(x, pe, first)
        first = end
    kept.counted_rounds = first


@noinline
def _same_up_to(x: CarouselMemory, pe: int, first: int, end: int) -> int:
    """Return the round up to which the same contexts hear as in a first one."""
    for number in range(x.layer.contexts):
        context = context_at(x.units, pe * x.layer.contexts + number)
        if first < context.first_round < end:
            end = context.first_round
        if first < context.end_round < end:
            end = context.end_round
    return end


@noinline
def _pairs_in(x: CarouselMemory, pe: int, heard_round: int) -> int:
    """Count the contexts that hear, in a round, the word that the one before them has read."""
    pairs, kept = 0, -1
    for number in range(x.layer.contexts):
        context = context_at(x.units, pe * x.layer.contexts + number)
        if context.first_round <= heard_round < context.end_round:
            pairs += 1 if context.heard_position == kept else 0
            kept = context.heard_position
    return pairs
