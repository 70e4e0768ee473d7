"""PEs that are busy, and contexts that become free."""

from __future__ import annotations

from o3sim.compiled.bit_set import clear_bit, set_bit
from o3sim.compiled.free_pes import change_free
from o3sim.compiled.kernel import NEVER, inlined, remainder
from o3sim.compiled.memory import Memory
from o3sim.compiled.records.layer import offset_of, reads_of
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.pe_array import Context, context_at, pe_at


@inlined
def enter_if_idle(x: Memory, number: int) -> None:
    """Count a PE as busy before it takes an op or holds a verdict."""
    pe = pe_at(x.pe_array, number)
    if pe.occupied == 0 and pe.late_verdicts == 0:
        set_bit(x.pe_array.busy, number)
        x.pe_array.n_busy += 1


@inlined
def leave_if_idle(x: Memory, number: int) -> None:
    """Count a PE as idle if it holds neither an op nor an unwritten verdict."""
    pe = pe_at(x.pe_array, number)
    if pe.occupied == 0 and pe.late_verdicts == 0:
        clear_bit(x.pe_array.busy, number)
        x.pe_array.n_busy -= 1


@inlined
def release(x: Memory, number: int, place: int) -> None:
    """Free a context of a PE; its op remembers how many words went in."""
    context = context_at(x.pe_array, place)
    op = op_at(x.ops, context.slot)
    op.words_in = context.words_in
    op.context = -1
    if x.layer.skips_ahead and context.words_in > 0:
        _count_reads(x, context)
    context.slot = -1
    context.ready_cycle = NEVER
    context.key = NEVER
    change_free(x, number, -1)
    pe_at(x.pe_array, number).occupied -= 1
    change_free(x, number, 1)
    leave_if_idle(x, number)


@inlined
def _count_reads(x: Memory, context: Context) -> None:
    """Count the activation words read for an op, which an ideal buffer does not merge."""
    offset = remainder(context.activation_base, x.settings.width_edges, x.settings.width_shift)
    last_word = context.first_word + context.words_in - 1
    x.counts.activation_reads += reads_of(
        x.layer, offset_of(x.layer, offset) * x.layer.reads_per_offset + last_word
    )
