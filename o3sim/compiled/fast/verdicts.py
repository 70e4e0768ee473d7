"""Contexts that become free, and outcomes that become known."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.bit_set import set_bit, word_at
from o3sim.compiled.fast.bits import NONE, bit, lowest
from o3sim.compiled.fast.calendar import entry_word, is_marked
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.op_records import border_of_op, decided_words_of, spare_words_of
from o3sim.compiled.fast.records import (
    FastMemory,
    addend_words_of,
    constant_at,
    edges_of,
    known_at,
    missing_edges_of,
    n_known_at,
    op_record,
    reads_row,
    reads_until,
    server_at,
)
from o3sim.compiled.fast.servers import catch_up, part
from o3sim.compiled.fast.sets import find_free, is_in, place_of, set_words
from o3sim.compiled.fast.weights import count_ended
from o3sim.compiled.kernel import NEVER, ONE, as_int, inlined

BUCKETS = 8
"""More than the most cycles that an outcome is known after its context is free."""


@inlined
def take_verdicts(x: FastMemory, how: How, cycle: int) -> None:
    """Free the contexts that are free from this cycle on; list the outcomes that are known from it on."""
    x.output.n_constants = 0
    if is_marked(x, cycle):
        for context in range(contexts_of(x, how)):
            for word in range(set_words(x, how)):
                leaving = take_leaving(x, how, context, word, cycle)
                while leaving != NONE:
                    pe = (word << 6) + lowest(leaving)
                    leaving &= leaving - ONE
                    _leave_pe(x, how, pe, context, cycle)
        finish_day(x, how, cycle)


@inlined
def finish_day(x: FastMemory, how: How, cycle: int) -> None:
    """See which PEs are free now, and list the outcomes of ops that need no word."""
    for word in range(set_words(x, how)):
        find_free(x, how, word)
    for k in range(x.output.n_constants):
        know(x, constant_at(x.output, k).op, constant_at(x.output, k).pe, cycle)


@inlined
def know(x: FastMemory, op: int, pe: int, cycle: int) -> None:
    """List an outcome as known from a cycle on."""
    bucket = cycle & (BUCKETS - 1)
    count = n_known_at(x.output, bucket)
    known = known_at(x.output, bucket * x.output.room + count.number)
    known.op = op
    known.pe = pe
    count.number += 1


@inlined
def take_leaving(x: FastMemory, how: How, context: int, word: int, cycle: int) -> np.uint64:
    """Free a context of the PEs whose day it is; return those whose op took words."""
    entries = word_at(x.calendar.entries, entry_word(x, how, context, word, cycle))
    leaving = entries.bits
    if leaving == NONE:
        return leaving
    entries.bits = NONE
    held = word_at(x.pes.held, context * set_words(x, how) + word)
    held.bits &= ~leaving
    constants = word_at(x.pes.constants, context * set_words(x, how) + word)
    without_words = constants.bits & leaving
    if without_words != NONE:
        constants.bits &= ~without_words
        leaving &= ~without_words
        while without_words != NONE:
            pe = (word << 6) + lowest(without_words)
            without_words &= without_words - ONE
            constant = constant_at(x.output, x.output.n_constants)
            constant.op = server_at(x.pes, pe * contexts_of(x, how) + context).op
            constant.pe = pe
            x.output.n_constants += 1
    return leaving


@inlined
def _leave_pe(x: FastMemory, how: How, pe: int, context: int, cycle: int) -> None:
    """Let an op leave its PE; its outcome is known when the verdict on its deciding word is."""
    server = server_at(x.pes, pe * contexts_of(x, how) + context)
    wasted = 0
    if is_in(pe, x.pes.joined):
        if is_in(pe, x.pes.holes):
            part(x, how, pe, cycle)
        else:
            set_bit(x.pes.holes, pe)
    else:
        catch_up(x, how, pe, cycle)
        set_bit(x.pes.changed, pe)
        wasted = -server.left
    server.age = NEVER
    count_words(x, server.op, wasted)
    know(x, server.op, pe, server.decides + x.settings.latency_cycles)


@inlined
def count_words(x: FastMemory, op: int, wasted: int) -> None:
    """Count the words of an op, which its deciding word and these make."""
    record = op_record(x.layer, op)
    decided, missing = decided_words_of(record), missing_edges_of(x.layer, border_of_op(record))
    words = x.words
    words.useful += decided
    ended = -as_int(wasted == spare_words_of(record))  # a mask: whether its last word went in is random
    words.missing += missing & ended
    if wasted > 0:
        words.wasted += wasted
        words.missing_wasted += missing & ended
    if x.layer.counts_reads:
        words.reads += reads_until(x.layer, reads_row(x.layer, op) + decided + wasted - 1)
    if x.layer.adds:
        words.addends += addend_words_of(x.layer, op)


@inlined
def count_squashed(x: FastMemory, how: How, op: int, pe: int, context: int, words: int, cycle: int) -> None:
    """Free the context of an op that is squashed in its PE, and count it, so many of its words being in."""
    held = word_at(x.pes.held, place_of(x, how, context, pe))
    held.bits &= ~bit(pe)
    x.counts.squashed_pe += 1
    x.words.squashed += words
    edges = edges_of(x.layer, border_of_op(op_record(x.layer, op)))
    x.counts.edges_pruned_pooling += edges - words * x.settings.width_edges
    if x.layer.counts_reads and words > 0:
        x.words.reads += reads_until(x.layer, reads_row(x.layer, op) + words - 1)
    if x.layer.adds and words > 0:
        x.words.addends += addend_words_of(x.layer, op)
    count_ended(x, op, cycle)
