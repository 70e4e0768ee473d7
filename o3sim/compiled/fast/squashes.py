"""Squashes in PEs under ideal supply."""

from __future__ import annotations

from o3sim.compiled.bit_set import set_bit
from o3sim.compiled.fast.bits import NONE, lowest
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.op_records import decided_words_of
from o3sim.compiled.fast.records import FastMemory, op_record, server_at
from o3sim.compiled.fast.servers import catch_up, move
from o3sim.compiled.fast.servers import part as part_pe
from o3sim.compiled.fast.sets import find_free, is_in, part, set_words
from o3sim.compiled.fast.verdicts import count_squashed
from o3sim.compiled.fast.windows import is_settled
from o3sim.compiled.kernel import NEVER, ONE, inlined, noinline


@noinline
def squash_in_pes(x: FastMemory, how: How, cycle: int) -> None:
    """Drop the ops in contexts whose window is seen to be 1."""
    for word in range(set_words(x, how)):
        for context in range(contexts_of(x, how)):
            held = part(x.pes.held, x, how, context, word)
            while held != NONE:
                pe = (word << 6) + lowest(held)
                held &= held - ONE
                if is_settled(x, how, server_at(x.pes, pe * contexts_of(x, how) + context).op):
                    _squash(x, how, pe, context, cycle)
        find_free(x, how, word)


@inlined
def _squash(x: FastMemory, how: How, pe: int, context: int, cycle: int) -> None:
    """Drop an op from its context: it has words left, or would have left it already."""
    if is_in(pe, x.pes.joined):
        part_pe(x, how, pe, cycle)
    else:
        catch_up(x, how, pe, cycle)
        set_bit(x.pes.changed, pe)
    server = server_at(x.pes, pe * contexts_of(x, how) + context)
    move(x, how, pe, context, NEVER)
    server.age = NEVER
    words = decided_words_of(op_record(x.layer, server.op)) - server.left
    count_squashed(x, how, server.op, pe, context, words, cycle)
