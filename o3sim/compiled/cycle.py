"""The cycle loop: the units of the machine, phase by phase, cycle by cycle."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from o3sim.compiled.argmax_pruning import eliminate
from o3sim.compiled.contexts import context_place
from o3sim.compiled.memory import Memory, _njit, inlined, noinline
from o3sim.compiled.numbers import (
    AT_CONSTANTS,
    AT_SHOWN,
    AT_VERDICTS,
    BROKEN,
    BUSY,
    C_READY,
    CONSTANT_HEAD,
    CONSTANT_TAIL,
    DONE,
    ENDED,
    L_OPS,
    L_OVERLAP,
    L_RACE,
    L_RING_MASK,
    L_SKIPS_AHEAD,
    L_START_CYCLE,
    LAST_ACTIVE,
    LOCKSTEP,
    MOVED,
    N_ACTIVATION_READS,
    N_WEIGHT_READS,
    N_WORDS,
    NEVER,
    NEWLY_SETTLED,
    NEXT_OP,
    NOW,
    P_DRAIN,
    P_INPUT_WAIT,
    P_NO_READY_OP,
    P_OPERAND_STALL,
    P_QUEUE_EMPTY,
    P_WEIGHT_WAIT,
    QUEUED,
    S_CONTEXTS,
    S_DEPTH,
    S_DRAM_BITS,
    S_LIMIT,
    S_PES,
    S_POLICY,
    SEQ_GROUP,
    SHOWN_HEAD,
    SHOWN_TAIL,
    STUCK,
    VERDICT_HEAD,
    VERDICT_TAIL,
)
from o3sim.compiled.output_buffer import write
from o3sim.compiled.pe_array import move_words
from o3sim.compiled.program_order import begin_walk
from o3sim.compiled.scheduler import schedule
from o3sim.compiled.scoreboard import enqueue_arrivals, show, squash_in_queue
from o3sim.compiled.sequencer import sequence
from o3sim.compiled.skip_ahead import next_planned, skip_ahead
from o3sim.compiled.stage_rows import rows_cycle
from o3sim.compiled.verdicts import squash_in_pes, take_verdicts
from o3sim.compiled.weight_stream import arrival_of, arrived, pump


@inlined
def _idle_cause(x: Memory, cycle: int) -> int:
    """Why a PE that holds nothing has nothing to do, as of the start of a cycle."""
    m = x.m
    if m[NEXT_OP] == m[L_OPS]:
        return P_DRAIN
    if not arrived(x, m[SEQ_GROUP], cycle):
        return P_WEIGHT_WAIT
    return P_INPUT_WAIT if 0 < rows_cycle(x) >= cycle else P_QUEUE_EMPTY


@inlined
def _tick(x: Memory, cycle: int) -> int:
    """Run one cycle, in the order of phases of ``docs/machine.md``; return the words that went in."""
    m = x.m
    m[MOVED] = 0
    show(x, cycle)
    take_verdicts(x, cycle)
    if m[NEWLY_SETTLED] > 0 and (m[S_LIMIT] > 1 or m[L_OVERLAP] > 1):
        squash_in_pes(x, cycle)
    if m[L_RACE]:
        eliminate(x, cycle)
    idle_cause = _idle_cause(x, cycle)
    more_coming = idle_cause in (P_QUEUE_EMPTY, P_INPUT_WAIT) and m[QUEUED] < m[S_DEPTH]
    sequence(x, cycle)
    if m[NEWLY_SETTLED] > 0:
        squash_in_queue(x, cycle)
    schedule(x, cycle, more_coming)
    if m[QUEUED] > 0:
        if m[S_POLICY] == LOCKSTEP and m[BUSY] > 0:
            idle_cause = P_DRAIN
        elif m[S_POLICY] != LOCKSTEP or idle_cause != P_INPUT_WAIT:
            idle_cause = P_NO_READY_OP
    m[idle_cause + NOW] += m[S_PES] - m[BUSY]
    words = skip_ahead(x, cycle) if m[L_SKIPS_AHEAD] else move_words(x, cycle)
    write(x, cycle)
    enqueue_arrivals(x)
    return words


@noinline
def _next_change(x: Memory, cycle: int) -> int:
    """Next cycle in which a unit that waits can go on; NEVER if none does."""
    m = x.m
    wake = NEVER
    if m[VERDICT_HEAD] < m[VERDICT_TAIL]:
        wake = min(wake, m[m[AT_VERDICTS] + 2 * (m[VERDICT_HEAD] & m[L_RING_MASK])])
    if m[CONSTANT_HEAD] < m[CONSTANT_TAIL]:
        wake = min(wake, m[m[AT_CONSTANTS] + 2 * (m[CONSTANT_HEAD] & m[L_RING_MASK])])
    if m[SHOWN_HEAD] < m[SHOWN_TAIL]:
        wake = min(wake, m[m[AT_SHOWN] + 2 * (m[SHOWN_HEAD] & m[L_RING_MASK])])
    if m[NEXT_OP] < m[L_OPS] and m[S_DRAM_BITS] > 0 and arrival_of(x, m[SEQ_GROUP]) > cycle:
        wake = min(wake, arrival_of(x, m[SEQ_GROUP]))
    if m[NEXT_OP] < m[L_OPS] and rows_cycle(x) > cycle:
        wake = min(wake, rows_cycle(x))
    if m[L_SKIPS_AHEAD]:
        return min(wake, next_planned(x, cycle))
    for context in range(m[S_PES] * m[S_CONTEXTS]):
        ready = m[context_place(x, context) + C_READY]
        if ready > cycle:
            wake = min(wake, ready)
    return wake


@inlined
def _book_causes(x: Memory, cycle: int, cycles: int) -> None:
    """Book the causes of a cycle, so many times."""
    m = x.m
    if m[P_DRAIN + NOW] < m[S_PES]:
        m[LAST_ACTIVE] = cycle + cycles - 1
    for cause in range(P_OPERAND_STALL, P_DRAIN + 1):
        m[cause] += m[cause + NOW] * cycles
        m[cause + NOW] = 0


def _compile(sources: int) -> Any:
    """Compile the loop.

    Numba's cache knows an edit of the file of a function, not of what that calls into. It also
    knows the values a function closes over: so this one closes over a digest of all the sources.
    """

    def run_layer(x: Memory, start_cycle: int) -> tuple[int, int]:
        m = x.m
        if sources < 0:
            return BROKEN, start_cycle
        m[L_START_CYCLE] = start_cycle
        pump(x)
        begin_walk(x)
        cycle = start_cycle
        while True:
            words = _tick(x, cycle)
            if m[MOVED] < 0:
                return BROKEN, cycle
            if m[ENDED] == m[L_OPS]:
                _book_causes(x, cycle, 1)
                if m[L_SKIPS_AHEAD]:  # ideal buffers: every word is a read of each
                    m[N_ACTIVATION_READS] = m[N_WORDS]
                    m[N_WEIGHT_READS] = m[N_WORDS]
                return DONE, cycle
            wake = cycle + 1
            if words == 0 and m[MOVED] == 0:
                wake = _next_change(x, cycle)
                if wake == NEVER:
                    return STUCK, cycle
            _book_causes(x, cycle, wake - cycle)
            cycle = wake

    return _njit(cache=True, nogil=True, _nrt=False)(run_layer)


def _digest_of_sources() -> int:
    """Digest of every file of this folder, as a number."""
    folder = Path(__file__).parent
    texts = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    return int.from_bytes(hashlib.sha256(texts).digest()[:7], "big")


_run_layer = _compile(_digest_of_sources())


def run_layer(x: Memory, start_cycle: int) -> tuple[int, int]:
    """Run one layer.

    Parameters
    ----------
    x : Memory
        Fresh for this layer but for the weight stream; counts, outputs and events are left in it.
    start_cycle : int
        First cycle of the layer.

    Returns
    -------
    how, cycle : int
        ``DONE`` and the layer's last cycle, or ``STUCK`` or ``BROKEN`` and the cycle it stopped in.
    """
    how, cycle = _run_layer(x, start_cycle)
    return int(how), int(cycle)
