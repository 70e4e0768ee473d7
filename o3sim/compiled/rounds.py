"""Header numbers of a cycle, read once for all PEs."""

from __future__ import annotations

from typing import NamedTuple

from o3sim.compiled.memory import Memory, inlined
from o3sim.compiled.numbers import (
    AT_ACTIVATION_CLAIMS,
    AT_CONTEXTS,
    AT_REQUESTS,
    AT_WEIGHT_CLAIMS,
    AT_WORDS,
    L_ADDRESS_BITS,
    L_GATHERS,
    L_RACE,
    L_START_CYCLE,
    L_VERDICT_AFTER,
    LATE_VERDICTS,
    OUT,
    PLAIN_CONTEXTS,
    S_ACTIVATION_BANKS,
    S_ACTIVATION_SHIFT,
    S_CONTEXTS,
    S_ISSUE_LATENCY,
    S_SPECULATE,
    S_TRACE,
    S_WEIGHT_BANKS,
    S_WEIGHT_SHIFT,
    S_WIDTH,
    S_WIDTH_SHIFT,
)


class Buffer(NamedTuple):
    """Banks of a buffer, 0 where every PE has a port, and where the claims on them lie.

    A bank's claim is a stamp of the cycle it was last read in, with the address it read in its low
    bits: so claims of earlier cycles need no clearing, and one comparison tells them apart.
    """

    banks: int
    shift: int
    claims_at: int


class Extras(NamedTuple):
    """What a plain machine has not."""

    gathers: bool
    races: bool
    traces: bool
    issues_late: bool
    any_late: bool


class Round(NamedTuple):
    """What all PEs need in a cycle: header numbers, read once (a store might change any, to LLVM)."""

    cycle: int
    verdict_after: int
    stamp: int
    contexts_at: int
    words_at: int
    requests_at: int
    width: int
    width_shift: int
    contexts: int
    key_limit: int
    activation: Buffer
    weight: Buffer
    has: Extras


@inlined
def _round(
    x: Memory, cycle: int, contexts: int, key_limit: int, activation: Buffer, weight: Buffer, has: Extras
) -> Round:
    """Read what is read alike on every machine."""
    m = x.m
    return Round(
        cycle,
        m[L_VERDICT_AFTER],
        (cycle - m[L_START_CYCLE]) << m[L_ADDRESS_BITS],
        m[AT_CONTEXTS],
        m[AT_WORDS],
        m[AT_REQUESTS],
        m[S_WIDTH],
        m[S_WIDTH_SHIFT],
        contexts,
        key_limit,
        activation,
        weight,
        has,
    )


@inlined
def round_of(x: Memory, cycle: int) -> Round:
    """Read the header for a cycle, on any machine."""
    m = x.m
    return _round(
        x,
        cycle,
        m[S_CONTEXTS],
        2 * OUT if m[S_SPECULATE] else OUT,
        Buffer(m[S_ACTIVATION_BANKS], m[S_ACTIVATION_SHIFT], m[AT_ACTIVATION_CLAIMS]),
        Buffer(m[S_WEIGHT_BANKS], m[S_WEIGHT_SHIFT], m[AT_WEIGHT_CLAIMS]),
        Extras(
            m[L_GATHERS] != 0,
            m[L_RACE] != 0,
            m[S_TRACE] != 0,
            m[S_ISSUE_LATENCY] > 0,
            m[LATE_VERDICTS] > 0,
        ),
    )


@inlined
def plain_round_of(x: Memory, cycle: int) -> Round:
    """Read the header of a plain machine, in terms that tell the compiler what it is not."""
    m = x.m
    return _round(
        x,
        cycle,
        PLAIN_CONTEXTS,
        2 * OUT,
        Buffer(max(m[S_ACTIVATION_BANKS], 1), m[S_ACTIVATION_SHIFT] & 63, m[AT_ACTIVATION_CLAIMS]),
        Buffer(max(m[S_WEIGHT_BANKS], 1), m[S_WEIGHT_SHIFT] & 63, m[AT_WEIGHT_CLAIMS]),
        Extras(False, False, False, False, False),
    )
