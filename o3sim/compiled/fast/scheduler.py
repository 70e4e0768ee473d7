"""The scheduler: gives ready ops contexts that are free."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.bit_set import set_bit, word_at
from o3sim.compiled.fast.bits import NONE, bit, bits_in, lowest
from o3sim.compiled.fast.calendar import enter
from o3sim.compiled.fast.how import NO_WINDOWS, How, contexts_of, windows_kind
from o3sim.compiled.fast.op_records import decided_words_of
from o3sim.compiled.fast.records import FastMemory, op_record, server_at
from o3sim.compiled.fast.servers import catch_up, fill_hole, part, plan
from o3sim.compiled.fast.sets import is_in, place_of, set_words
from o3sim.compiled.fast.windows import begin, find_oldest
from o3sim.compiled.kernel import NEVER, ONE, inlined
from o3sim.compiled.records.settings import LOCKSTEP


def selecting(give: Any) -> Any:
    """Make the step that selects ops out of one queue, and gives each so to a PE."""

    @inlined
    def select(x: FastMemory, how: How, cycle: int, more_coming: bool) -> None:
        """Select this cycle's ops."""
        quota = _quota_of(x, how, more_coming)
        while quota > 0 and x.queue.n_held > 0:
            pe = _least_loaded(x, how)
            if pe < 0:
                return
            op = _oldest(x, how)
            if op < 0:
                return
            give(x, how, op, pe, cycle)
            quota -= 1

    return select


@inlined
def give(x: FastMemory, how: How, op: int, pe: int, cycle: int) -> None:
    """Give an op a context of a PE, under ideal supply."""
    context = issue(x, how, op, pe, cycle)
    if decided_words_of(op_record(x.layer, op)) > 0:
        _begin(x, how, op, pe, context, cycle)


@inlined
def plan_changed(x: FastMemory, how: How, cycle: int) -> None:
    """Plan the PEs whose ops changed."""
    for word in range(set_words(x, how)):
        holes, changed = word_at(x.pes.holes, word), word_at(x.pes.changed, word)
        bits = holes.bits | changed.bits
        if bits != NONE:
            _plan_all(x, how, word, bits, cycle)


@inlined
def _quota_of(x: FastMemory, how: How, more_coming: bool) -> int:
    """Return how many ops can be selected in this cycle, free contexts and the queue aside."""
    if x.settings.policy == LOCKSTEP:
        return _group_size(x, how, more_coming)
    return x.settings.issue_width_ops


@inlined
def _group_size(x: FastMemory, how: How, more_coming: bool) -> int:
    """Return how many ops a lockstep group may have: none while a PE holds any, or more are to come."""
    size = x.settings.pes * contexts_of(x, how)
    free = 0
    for word in range(set_words(x, how)):
        free += bits_in(word_at(x.pes.free, word).bits)
    if free < x.settings.pes or (x.queue.n_held < size and more_coming):
        return 0
    return size


@inlined
def _least_loaded(x: FastMemory, how: How) -> int:
    """Find the free PE that holds fewest, the lowest of them; -1 if there is none."""
    words = set_words(x, how)
    for held in range(contexts_of(x, how)):
        for word in range(words):
            bits = word_at(x.pes.free, held * words + word).bits
            if bits != NONE:
                return (word << 6) + lowest(bits)
    return -1


@inlined
def _oldest(x: FastMemory, how: How) -> int:
    """Take the op that the policy selects next out of the queue; -1 if there is none."""
    queue = x.queue
    if windows_kind(x, how) == NO_WINDOWS:
        queue.n_held -= 1
        queue.head += 1
        return queue.head - 1
    op = find_oldest(x, queue)
    if op < 0:
        return -1
    queue.n_held -= 1
    begin(x, how, op)
    return op


@inlined
def issue(x: FastMemory, how: How, op: int, pe: int, cycle: int) -> int:
    """Give an op the lowest free context of a PE, and return it; see to one that needs no word."""
    context = 0
    while word_at(x.pes.held, place_of(x, how, context, pe)).bits & bit(pe) != NONE:
        context += 1
    word_at(x.pes.held, place_of(x, how, context, pe)).bits |= bit(pe)
    _count_load(x, how, pe)
    x.counts.issued += 1
    x.clock.moved = 1
    server_at(x.pes, pe * contexts_of(x, how) + context).op = op
    if decided_words_of(op_record(x.layer, op)) == 0:
        word_at(x.pes.constants, place_of(x, how, context, pe)).bits |= bit(pe)
        enter(x, how, context, pe, cycle + 1)
    return context


@inlined
def _begin(x: FastMemory, how: How, op: int, pe: int, context: int, cycle: int) -> None:
    """Let an op take words from a cycle on."""
    server = server_at(x.pes, pe * contexts_of(x, how) + context)
    if is_in(pe, x.pes.joined):
        if fill_hole(x, how, pe, context, op, cycle):
            server.age = op
            return
        part(x, how, pe, cycle)
    else:
        catch_up(x, how, pe, cycle)
        set_bit(x.pes.changed, pe)
    server.age = op
    server.left = decided_words_of(op_record(x.layer, op))
    server.ready = cycle
    server.decides = NEVER
    server.leaves = NEVER


@inlined
def _count_load(x: FastMemory, how: How, pe: int) -> None:
    """Let a PE be one of those that hold one op more."""
    for held in range(contexts_of(x, how)):
        free = word_at(x.pes.free, place_of(x, how, held, pe))
        if free.bits & bit(pe) != NONE:
            free.bits &= ~bit(pe)
            if held + 1 < contexts_of(x, how):
                word_at(x.pes.free, place_of(x, how, held + 1, pe)).bits |= bit(pe)
            return


@inlined
def _plan_all(x: FastMemory, how: How, word: int, bits: np.uint64, cycle: int) -> None:
    """Plan PEs anew."""
    while bits != NONE:
        pe = (word << 6) + lowest(bits)
        bits &= bits - ONE
        if is_in(pe, x.pes.joined):
            part(x, how, pe, cycle)
        if not is_in(pe, x.pes.stalled):
            plan(x, how, pe, cycle)
    word_at(x.pes.changed, word).bits = NONE
