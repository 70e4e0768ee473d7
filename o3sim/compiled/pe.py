"""A PE: whose next word it asks for, and what a word that goes in does."""

from __future__ import annotations

from o3sim.compiled.argmax_pruning import note_word
from o3sim.compiled.contexts import release
from o3sim.compiled.kernel import NEVER, inlined, noinline
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.ledger import CAUSE
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.pe_array import KEY_MASK, NOT_YET, OUT, OUT_BIT, context_at
from o3sim.compiled.ring import put_due
from o3sim.compiled.round import Round


@inlined
def choose(x: Memory, r: Round, pe: int) -> int:
    """Choose the context whose next word a PE asks for; if none, the complement of the PE-cycle's cause.

    One least key decides: the age of a context whose verdict is in, far above it that of one whose
    verdict is out, and no key for the others. Its low bits say which context it is.
    """
    first = pe * r.pe_contexts
    least = NEVER
    for k in range(r.pe_contexts):
        context = context_at(r, first + k)
        if r.has.issues_late and context.words_in == 0:
            late = NOT_YET if context.ready_cycle > r.cycle else 0
        else:  # the sign, moved to the place of OUT: a branch would be mispredicted
            late = ((r.cycle - context.ready_cycle) >> (63 - OUT_BIT)) & OUT
        least = min(context.key + late, least)
    if least < r.key_limit:
        return first + (least & KEY_MASK)
    return ~why_none(x, first)


@noinline
def why_none(x: Memory, first: int) -> int:
    """Why a PE that holds ops can put in no word."""
    waits_for_issue = False
    for number in range(first, first + x.settings.contexts):
        context = context_at(x.pe_array, number)
        if context.ready_cycle != NEVER:
            if context.words_in > 0:
                return CAUSE.verdict_wait
            waits_for_issue = True
    return CAUSE.issue_wait if waits_for_issue else CAUSE.verdict_wait


@inlined
def put_in(x: Memory, r: Round, pe: int, place: int, granted: int) -> None:
    """Put a word into a context of a PE, if it is granted (1)."""
    context = context_at(r, place)
    if r.has.races and granted:
        note_word(x, place, context.words_in, r.cycle)
    words_in = context.words_in + granted
    context.words_in = words_in
    # Later than ever if granted; else as it is, or a cycle that has come, which is as good.
    context.ready_cycle = max(context.ready_cycle, r.cycle + (r.verdict_after_cycles & -granted))
    if words_in == context.milestone:
        _reach(x, pe, place, r.cycle)


@inlined
def _reach(x: Memory, pe: int, place: int, cycle: int) -> None:
    """See to an op that its last word decided or ended."""
    context = context_at(x.pe_array, place)
    op = op_at(x.ops, context.slot)
    context.milestone = context.words
    if context.words_in == op.decided_words:
        put_due(x.pe_array.verdicts, cycle + x.settings.latency_cycles, context.slot)
        op.pending = 1
    if context.words_in == context.words:
        release(x, pe, place)
