"""The turn of a context: takes a verdict, a window, and the word that passes."""

from __future__ import annotations

from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.records import (
    Context,
    context_at,
    group_at,
    matches,
    member_at,
    most_mismatches,
    n_edges,
    order,
    outcome_of,
    pass_at,
    pattern_of,
    pe_at,
    plane_of,
    stream_at,
    totals,
    word_edges,
)
from o3sim.compiled.carousel.streams import close_stream, hand_out, place_for, take
from o3sim.compiled.kernel import NEVER, inlined, noinline
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.trace import COUNTER, ISSUE_UNIT, WINDOW
from o3sim.compiled.records.weight_stream import group_at as weight_group_at
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import free_half
from o3sim.contract.events import EventKind

DECIDE, SQUASH, ISSUE = int(EventKind.DECIDE), int(EventKind.SQUASH), int(EventKind.ISSUE)
DISPATCH, WORD, RETIRE = int(EventKind.DISPATCH), int(EventKind.WORD), int(EventKind.RETIRE)


@noinline
def take_turn(x: CarouselMemory, pe: int, turn: int, cycle: int) -> None:
    """Let the context of a PE whose turn it is act; book the PE-cycle."""
    contexts = x.layer.contexts
    number = turn % contexts
    context = context_at(x.units, pe * contexts + number)
    if context.known_cycle <= cycle and context.stream >= 0:
        _take_verdict(x, context, pe, number, cycle)
    if context.has_ended:
        if context.waits:
            cause_at(x.ledger, CAUSE.write_stall).pe_cycles += 1
            return
        _offer(x, context)
    if context.stream < 0:
        found = hand_out(x, pe, cycle)
        if found < 0:
            cause_at(x.ledger, ~found).pe_cycles += 1
            return
        _take_window(x, context, found, pe, number, cycle)
    _listen(x, context, pe, turn // contexts, cycle)


@noinline
def _take_verdict(x: CarouselMemory, context: Context, pe: int, number: int, cycle: int) -> None:
    """Take note of an outcome, and begin the next member, unless the window has ended."""
    _retire(x, context)
    if x.trace.is_on:
        note_event(x, cycle, DECIDE, context.op, pe, context.outcome)
    context.bit |= context.outcome
    if (context.outcome and x.layer.prunes_pooling) or context.member + 1 == x.layer.members:
        _end_window(x, context, pe, cycle)
        return
    if x.trace.is_on:
        note_event(x, cycle, RETIRE, context.op, pe, context.outcome)
    context.member += 1
    _begin(x, context, pe, number, cycle, cycle)


@inlined
def _retire(x: CarouselMemory, context: Context) -> None:
    """Count an op whose outcome is known."""
    counts = x.counts
    counts.retired += 1
    counts.words_executed += context.words
    counts.threshold_compares += context.words if x.layer.checks_bounds else 1
    counts.edges_executed += context.edges
    counts.edges_wasted += context.wasted_edges
    counts.edges_pruned_threshold += n_edges(x.layer, context.pattern) - context.edges
    cause_at(x.ledger, CAUSE.useful).pe_cycles += context.decided_words
    cause_at(x.ledger, CAUSE.wasted).pe_cycles += context.words - context.decided_words


@inlined
def _end_window(x: CarouselMemory, context: Context, pe: int, cycle: int) -> None:
    """End a context's window, and drop the members that are left."""
    window = order(x.layer, context.window)
    for member in range(context.member + 1, x.layer.members):
        position = member_at(x.layer, window * x.layer.members + member)
        x.counts.squashed_queue += 1
        x.counts.edges_pruned_pooling += n_edges(x.layer, pattern_of(x.layer, position))
        if x.trace.is_on:
            note_event(x, cycle, SQUASH, context.op + member - context.member, WINDOW, 0)
    stream = stream_at(x.units, context.stream)
    number = stream.pass_number
    stream.left -= 1
    if stream.left == 0:
        close_stream(x, pe // x.layer.group_pes, context.stream)
    tile_pass = pass_at(x.units, number)
    tile_pass.left -= 1
    if tile_pass.left == 0:
        tile_pass.ended_cycle = cycle
    weights = weight_group_at(x.weight_groups, number // x.layer.tiles)
    weights.ops_left -= 1
    if weights.ops_left == 0:
        free_half(x, number // x.layer.tiles, cycle + 1)
    context.stream = -1
    context.has_ended = 1


@inlined
def _offer(x: CarouselMemory, context: Context) -> None:
    """Let the outcome of a window that has ended wait to be written."""
    context.has_ended = 0
    context.waits = 1
    context.result_op = context.op
    context.result_outcome = context.outcome
    context.result_bit = context.bit
    context.result_place = order(x.layer, context.window) * x.layer.out_channels + context.channel
    x.units.n_waiting += 1


@inlined
def _take_window(x: CarouselMemory, context: Context, found: int, pe: int, number: int, cycle: int) -> None:
    """Take the next window of a stream."""
    stream = stream_at(x.units, found)
    group_at(x.units, pe // x.layer.group_pes).handed_out += 1
    context.stream = found
    context.channel = stream.channel
    context.window = place_for(x, found, pe)
    pe_at(x.units, pe).window = context.window
    take(x, found, pe)
    context.member = 0
    context.bit = 0
    x.counts.scoreboard_reads += 1
    x.counts.dispatched += x.layer.members
    if x.trace.is_on:
        group = pe // x.layer.group_pes
        first = (stream.channel * x.layer.windows + order(x.layer, context.window)) * x.layer.members
        for op in range(first, first + x.layer.members):
            note_event(x, cycle, DISPATCH, op, COUNTER - group, 0)
    _begin(x, context, pe, number, cycle, cycle + x.settings.issue_latency_cycles)


@inlined
def _begin(x: CarouselMemory, context: Context, pe: int, number: int, cycle: int, ready_cycle: int) -> None:
    """Begin a member of a context's window; a constant one is known in the next cycle."""
    layer = x.layer
    window = order(layer, context.window)
    context.op = (context.channel * layer.windows + window) * layer.members + context.member
    context.position = member_at(layer, window * layer.members + context.member)
    context.pattern = pattern_of(layer, context.position)
    context.total = totals(layer, context.pattern)
    context.most = context.total
    context.ready_cycle = ready_cycle
    context.known_cycle = NEVER
    context.is_constant = 0
    context.outcome = 0
    context.words = 0
    context.decided_words = 0
    context.edges = 0
    context.wasted_edges = 0
    context.seen = 0
    context.missed = 0
    if layer.checks_bounds:
        context.most = most_mismatches(layer, context.pattern * layer.out_channels + context.channel)
        if context.most < 0 or context.most >= context.total:
            context.is_constant = 1
            context.outcome = 1 if context.most >= 0 else 0
            context.known_cycle = ready_cycle + 1
    x.counts.issued += 1
    if x.trace.is_on:
        note_event(x, cycle, ISSUE, context.op, pe * ISSUE_UNIT + number, 0)


@inlined
def _listen(x: CarouselMemory, context: Context, pe: int, passing: int, cycle: int) -> None:
    """Hear the word that passes, unless the op cannot take it; book the PE-cycle."""
    if context.is_constant or context.words == x.layer.words:
        cause_at(x.ledger, CAUSE.verdict_wait).pe_cycles += 1
        return
    if cycle < context.ready_cycle:
        cause_at(x.ledger, CAUSE.issue_wait).pe_cycles += 1
        return
    word = passing % x.layer.words
    if x.trace.is_on:
        note_event(x, cycle, WORD, context.op, pe, context.words)
    stream = stream_at(x.units, context.stream)
    if stream.heard_round != passing:
        stream.heard_round = passing
        x.counts.weight_reads += 1
    _read_patch(x, pe, context.position, passing)
    edges = word_edges(x.layer, context.pattern * x.layer.words + word)
    context.words += 1
    context.edges += edges
    if context.known_cycle < NEVER:
        context.wasted_edges += edges
    elif _decides(x, context, word, edges):
        context.decided_words = context.words
        context.known_cycle = cycle + x.settings.latency_cycles


@inlined
def _read_patch(x: CarouselMemory, pe: int, position: int, passing: int) -> None:
    """Read a word of a position from the memory of a PE, unless that is what it read last in the round."""
    last = pe_at(x.units, pe)
    if x.settings.share_patch_reads and last.read_round == passing and last.read_position == position:
        return
    last.read_round = passing
    last.read_position = position
    x.counts.patch_reads += 1


@inlined
def _decides(x: CarouselMemory, context: Context, word: int, edges: int) -> bool:
    """Take a word's matches, or where none are counted its place; return whether the outcome is known."""
    layer = x.layer
    if not layer.checks_bounds:
        context.outcome = outcome_of(layer, context.position * layer.out_channels + context.channel)
        return context.words == layer.words
    row = context.position * layer.words + word
    matched = matches(layer, row * layer.out_channels + context.channel)
    plane = plane_of(layer, word)
    context.seen += edges << plane
    context.missed += (edges - matched) << plane
    if context.missed + context.total - context.seen <= context.most:
        context.outcome = 1
    return context.outcome == 1 or context.missed > context.most
