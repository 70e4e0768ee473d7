"""The op of a context: all that comes of it is known when it begins to hear."""

from __future__ import annotations

from o3sim.compiled.carousel.calendar import enter, first_turn
from o3sim.compiled.carousel.deciding_word import ask_for_words, decide, edges_of_words
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.records import (
    edges_before,
    member_at,
    most_mismatches,
    order,
    pattern_of,
    weight_before,
)
from o3sim.compiled.carousel.shared_reads import count_shared_up_to
from o3sim.compiled.carousel.units import Context, stream_at
from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.trace import ISSUE_UNIT
from o3sim.compiled.trace import note_event
from o3sim.contract.events import EventKind

ISSUE, WORD = int(EventKind.ISSUE), int(EventKind.WORD)


@noinline
def begin(x: CarouselMemory, context: Context, pe: int, cycle: int, ready_cycle: int) -> None:
    """Begin a member of a context's window; a constant one is known in the next cycle."""
    layer = x.layer
    context.position = member_at(layer, context.window * layer.members + context.member)
    context.pattern = pattern_of(layer, context.position)
    x.counts.issued += 1
    if x.trace.is_on:
        context.op = first_op_of(x, context) + context.member
        number = (cycle - x.units.start_cycle) % layer.contexts
        note_event(x, cycle, ISSUE, context.op, pe * ISSUE_UNIT + number, 0)
    if _is_constant(x, context):
        _retire_constant(x, context, pe, cycle, ready_cycle)
        return
    if ready_cycle > cycle:
        context.begins = 1
        context.due_cycle = first_turn(x, ready_cycle, cycle)
        cause_at(x.ledger, CAUSE.issue_wait).pe_cycles += (context.due_cycle - cycle) // layer.contexts
        enter(x, context, pe, cycle)
        return
    hear(x, context, pe, cycle)


@inlined
def first_op_of(x: CarouselMemory, context: Context) -> int:
    """Return the number of the first op of a context's window."""
    return (context.channel * x.layer.windows + order(x.layer, context.window)) * x.layer.members


@inlined
def _is_constant(x: CarouselMemory, context: Context) -> bool:
    """Return whether an op is decided without a word, and note its outcome."""
    layer = x.layer
    if not layer.checks_bounds:
        return False
    most = most_mismatches(layer, context.pattern * layer.out_channels + context.channel)
    context.outcome = 1 if most >= 0 else 0
    total = weight_before(layer, context.pattern * (layer.words + 1) + layer.words)
    return most < 0 or most >= total


@noinline
def _retire_constant(x: CarouselMemory, context: Context, pe: int, cycle: int, ready_cycle: int) -> None:
    """Count an op without a word, and note when its outcome is taken note of."""
    context.due_cycle = first_turn(x, ready_cycle + 1, cycle)
    x.counts.retired += 1
    x.counts.edges_pruned_threshold += _edges_of(x, context)
    cause_at(x.ledger, CAUSE.verdict_wait).pe_cycles += (context.due_cycle - cycle) // x.layer.contexts
    enter(x, context, pe, cycle)


@inlined
def _edges_of(x: CarouselMemory, context: Context) -> int:
    """Count the edges of an op."""
    return edges_before(x.layer, context.pattern * (x.layer.words + 1) + x.layer.words)


@noinline
def hear(x: CarouselMemory, context: Context, pe: int, cycle: int) -> None:
    """Hear the words from this turn on, up to the verdict or all of them; count the op.

    It is in nobody's way, so this is all that has to be known of it until its verdict is taken note of.
    """
    layer, counts, contexts = x.layer, x.counts, x.layer.contexts
    first_round = (cycle - x.units.start_cycle) // contexts
    first = first_round % layer.words
    decided = decide(x, context, first)
    late_turns = (x.settings.latency_cycles + contexts - 1) // contexts
    words = min(layer.words, decided + late_turns - 1)
    edges = edges_of_words(x, context.pattern, first, words)
    context.begins = 0
    context.due_cycle = cycle + (decided - 1 + late_turns) * contexts
    counts.retired += 1
    counts.words_executed += words
    counts.threshold_compares += words if layer.checks_bounds else 1
    counts.edges_executed += edges
    counts.edges_pruned_threshold += _edges_of(x, context) - edges
    if words > decided:
        counts.edges_wasted += edges - edges_of_words(x, context.pattern, first, decided)
    cause_at(x.ledger, CAUSE.useful).pe_cycles += decided
    cause_at(x.ledger, CAUSE.wasted).pe_cycles += words - decided
    cause_at(x.ledger, CAUSE.verdict_wait).pe_cycles += decided - 1 + late_turns - words
    _read_words(x, context, pe, first_round, words)
    if context.member + 1 < layer.members:
        next_position = member_at(layer, context.window * layer.members + context.member + 1)
        next_first = (first + decided - 1 + late_turns) % layer.words
        ask_for_words(x, context.channel, next_position, next_first)
    if x.trace.is_on:
        for word in range(words):
            note_event(x, cycle + word * contexts, WORD, context.op, pe, word)
    enter(x, context, pe, cycle)


@inlined
def _read_words(x: CarouselMemory, context: Context, pe: int, first_round: int, words: int) -> None:
    """Count the reads of words that nobody else reads in their round, and of a PE's memory."""
    end_round = first_round + words
    stream = stream_at(x.units, context.stream)
    heard = stream.heard_rounds  # those who began before have begun to hear no later
    if end_round > heard:
        x.counts.weight_reads += end_round - max(first_round, heard)
        stream.heard_rounds = end_round
    x.counts.patch_reads += words
    if x.settings.share_patch_reads:
        count_shared_up_to(x, pe, first_round)
        context.first_round = first_round
        context.end_round = end_round
        context.heard_position = context.position
