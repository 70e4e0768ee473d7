"""Classes that race: the best seen so far, and those that it eliminates."""

from __future__ import annotations

from o3sim.compiled.contexts import release
from o3sim.compiled.kernel import inlined, noinline, quotient
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import executed_edges, free_slot
from o3sim.compiled.records.argmax_pruning import eliminated_after, rank_of, word_cycle_at
from o3sim.compiled.records.ledger import CAUSE, cause_at
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.pe_array import context_at
from o3sim.compiled.stage_rows import note_ended
from o3sim.compiled.trace import note_event
from o3sim.compiled.weight_stream import op_ended
from o3sim.contract.events import EventKind


@inlined
def see_score(x: Memory, number: int) -> None:
    """Let a score be seen; a layer of classes has one position, so an op's index is its class."""
    pruning = x.argmax_pruning
    if pruning.best_class < 0 or rank_of(pruning, number) < rank_of(pruning, pruning.best_class):
        pruning.best_class = number


@inlined
def note_word(x: Memory, context: int, word: int, cycle: int) -> None:
    """Note the cycle in which a context's next word goes in."""
    word_cycle_at(x.argmax_pruning, context * x.layer.table_words + word).cycle = cycle


@noinline
def eliminate(x: Memory, cycle: int) -> None:
    """Drop the classes in PEs that what is seen of their words shows not to win."""
    pruning = x.argmax_pruning
    if pruning.best_class < 0:
        return
    for number in range(x.settings.pes * x.settings.contexts):
        context = context_at(x.pe_array, number)
        if context.slot < 0:
            continue
        op = op_at(x.ops, context.slot)
        edges = eliminated_after(pruning, pruning.best_class * x.layer.out_channels + op.index)
        needed = quotient(edges + x.settings.width_edges - 1, x.settings.width_edges, x.settings.width_shift)
        if edges > op.n_edges or needed > context.words_in:
            continue
        word = word_cycle_at(pruning, number * x.layer.table_words + needed - 1)
        if word.cycle + x.settings.latency_cycles <= cycle:
            _drop(x, number, needed, cycle)


@inlined
def _drop(x: Memory, number: int, needed: int, cycle: int) -> None:
    """Drop the class in a context, when so many of its words had shown that it cannot win."""
    slot = context_at(x.pe_array, number).slot
    op = op_at(x.ops, slot)
    release(x, op.pe, number)
    executed = executed_edges(x, op, op.words_in)
    counts = x.counts
    counts.squashed_pe += 1
    counts.edges_executed += executed
    counts.edges_wasted += executed - executed_edges(x, op, needed)
    counts.edges_pruned_argmax += op.n_edges - executed
    counts.words_executed += op.words_in
    counts.threshold_compares += op.words_in
    cause_at(x.ledger, CAUSE.useful).pe_cycles += needed
    cause_at(x.ledger, CAUSE.wasted).pe_cycles += op.words_in - needed
    if x.trace.is_on:
        note_event(x, cycle, EventKind.SQUASH, op.index, op.pe, 0)
    op_ended(x, op.group, cycle)
    note_ended(x, slot, cycle)
    free_slot(x, slot)
