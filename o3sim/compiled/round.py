"""What all PEs need in a cycle, read once: any store might change what records hold, to LLVM."""

from __future__ import annotations

from typing import NamedTuple

from o3sim.compiled.kernel import inlined
from o3sim.compiled.memory import Memory
from o3sim.compiled.record import Table
from o3sim.compiled.records.layer import PLAIN_CONTEXTS
from o3sim.compiled.records.operand_supply import Bank, Request
from o3sim.compiled.records.pe_array import OUT, Context


class Buffer(NamedTuple):
    """How many banks a buffer has, 0 where every PE has a port, and where they begin."""

    banks: int
    shift: int
    first: Table[Bank]


class Extras(NamedTuple):
    """What a plain machine has not."""

    gathers: bool
    races: bool
    traces: bool
    issues_late: bool
    any_late: bool


class Round(NamedTuple):
    """What all PEs need in a cycle."""

    cycle: int
    pes: int
    verdict_after_cycles: int
    contexts: Table[Context]
    requests: Table[Request]
    width_edges: int
    width_shift: int
    pe_contexts: int
    key_limit: int
    activation: Buffer
    weight: Buffer
    has: Extras


@inlined
def _round(
    x: Memory, cycle: int, pe_contexts: int, key_limit: int, activation: Buffer, weight: Buffer, has: Extras
) -> Round:
    """Read what is read alike on every machine."""
    return Round(
        cycle,
        x.settings.pes,
        x.layer.verdict_after_cycles,
        x.pe_array.contexts,
        x.operand_supply.requests,
        x.settings.width_edges,
        x.settings.width_shift,
        pe_contexts,
        key_limit,
        activation,
        weight,
        has,
    )


@inlined
def round_of(x: Memory, cycle: int) -> Round:
    """Read what PEs need in a cycle, on any machine."""
    settings, supply = x.settings, x.operand_supply
    return _round(
        x,
        cycle,
        settings.contexts,
        2 * OUT if settings.speculate else OUT,
        Buffer(settings.activation_banks, settings.activation_shift, supply.activation_banks),
        Buffer(settings.weight_banks, settings.weight_shift, supply.weight_banks),
        Extras(
            x.layer.gathers != 0,
            x.layer.races != 0,
            x.trace.is_on != 0,
            settings.issue_latency_cycles > 0,
            x.pe_array.late_verdicts > 0,
        ),
    )


@inlined
def plain_round_of(x: Memory, cycle: int) -> Round:
    """Read what PEs need of a plain machine, in terms that tell the compiler what it is not."""
    settings, supply = x.settings, x.operand_supply
    return _round(
        x,
        cycle,
        PLAIN_CONTEXTS,
        2 * OUT,
        Buffer(max(settings.activation_banks, 1), settings.activation_shift & 63, supply.activation_banks),
        Buffer(max(settings.weight_banks, 1), settings.weight_shift & 63, supply.weight_banks),
        Extras(False, False, False, False, False),
    )
