"""The turn of a context that is due: it takes a verdict, and where it may a window."""

from __future__ import annotations

from o3sim.compiled.bit_set import set_bit
from o3sim.compiled.carousel.calendar import enter, first_turn
from o3sim.compiled.carousel.deciding_word import ask_for_words
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.op import begin, first_op_of, hear
from o3sim.compiled.carousel.records import later_edges, member_at, order
from o3sim.compiled.carousel.streams import close_stream, take
from o3sim.compiled.carousel.units import Context, context_at, pass_at, pe_at, stream_at
from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.trace import COUNTER, WINDOW
from o3sim.compiled.records.weight_stream import group_at as weight_group_at
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import free_half
from o3sim.contract.events import EventKind

DECIDE, SQUASH = int(EventKind.DECIDE), int(EventKind.SQUASH)
DISPATCH, RETIRE = int(EventKind.DISPATCH), int(EventKind.RETIRE)
WINDOWS_AHEAD = 4
"""Of the window whose words are asked for. VGG-16 took 1.73 s without, 1.56 s with the next, 1.50 s so."""


@inlined
def settle(x: CarouselMemory, context: Context, pe: int, place: int, cycle: int) -> bool:
    """Let a context act that may be due; return whether it is free and may take a window."""
    if context.due_cycle > cycle:  # further off than the calendar reaches
        enter(x, context, pe, cycle)
        return False
    if context.has_ended:
        _offer(x, context, place)
        return True
    if context.begins:
        hear(x, context, pe, cycle)
        return False
    if x.trace.is_on:
        note_event(x, cycle, DECIDE, context.op, pe, context.outcome)
    context.bit |= context.outcome
    if not (context.outcome and x.layer.prunes_pooling) and context.member + 1 < x.layer.members:
        if x.trace.is_on:
            note_event(x, cycle, RETIRE, context.op, pe, context.outcome)
        context.member += 1
        begin(x, context, pe, cycle, cycle)
        return False
    _end_window(x, context, pe, cycle)
    if context.waits:
        context.has_ended = 1
        context.due_cycle = cycle
        return False
    _offer(x, context, place)
    return True


@noinline
def _end_window(x: CarouselMemory, context: Context, pe: int, cycle: int) -> None:
    """End a context's window, and drop the members that are left."""
    dropped = x.layer.members - 1 - context.member
    if dropped > 0:
        x.counts.squashed_queue += dropped
        x.counts.edges_pruned_pooling += later_edges(
            x.layer, context.window * x.layer.members + context.member
        )
        if x.trace.is_on:
            for op in range(context.op + 1, context.op + 1 + dropped):
                note_event(x, cycle, SQUASH, op, WINDOW, 0)
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


@noinline
def _offer(x: CarouselMemory, context: Context, place: int) -> None:
    """Let the outcome of a window that has ended wait to be written."""
    context.has_ended = 0
    context.waits = 1
    context.result_op = context.op
    context.result_outcome = context.outcome
    context.result_bit = context.bit
    context.result_place = order(x.layer, context.window) * x.layer.out_channels + context.channel
    x.units.n_waiting += 1
    set_bit(x.units.waiting, place)


@inlined
def _ask_for_later_window(x: CarouselMemory, context: Context, cycle: int) -> None:
    """Ask for the words of a window that is soon to be handed out."""
    layer = x.layer
    later = context.window + WINDOWS_AHEAD
    if later < layer.windows:
        passing = (cycle - x.units.start_cycle) // layer.contexts % layer.words
        ask_for_words(x, context.channel, member_at(layer, later * layer.members), passing)


@inlined
def take_window(x: CarouselMemory, context: Context, found: int, pe: int, cycle: int) -> None:
    """Take the next window of a stream, and begin its first member."""
    context.stream = found
    context.channel = stream_at(x.units, found).channel
    context.window = pe_at(x.units, pe).window = take(x, found, pe)
    context.member = 0
    context.bit = 0
    _ask_for_later_window(x, context, cycle)
    x.counts.scoreboard_reads += 1
    x.counts.dispatched += x.layer.members
    if x.trace.is_on:
        first = first_op_of(x, context)
        for op in range(first, first + x.layer.members):
            note_event(x, cycle, DISPATCH, op, COUNTER - pe // x.layer.group_pes, 0)
    begin(x, context, pe, cycle, cycle + x.settings.issue_latency_cycles)


@noinline
def go_on(x: CarouselMemory, place: int, cycle: int) -> None:
    """Let a context go on whose outcome was written, if another has waited for that, from its next turn."""
    context = context_at(x.units, place)
    if not context.has_ended:
        return
    stopped = context.due_cycle
    context.due_cycle = first_turn(x, cycle + 1, stopped)
    cause_at(x.ledger, CAUSE.write_stall).pe_cycles += (context.due_cycle - stopped) // x.layer.contexts
    enter(x, context, place // x.layer.contexts, cycle)
