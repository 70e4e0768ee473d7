"""The sequencer: squashes ops of settled windows, dispatches the others."""

from __future__ import annotations

import numpy as np

from o3sim.compiled.memory import Memory, inlined, note_event, quotient
from o3sim.compiled.numbers import (
    ACTIVATION_BASE,
    ARRIVING,
    AT_ARRIVING,
    AT_EDGES,
    AT_FIRST_ROW,
    AT_FREE_ROWS,
    AT_GROUPS,
    AT_LINKS,
    AT_OPS,
    AT_POSITIONS,
    AT_WINDOWS,
    AT_WINDOWS_OF,
    CONTEXT,
    DECIDED,
    E_DISPATCH,
    E_SQUASH,
    EDGES,
    FLAGS,
    FREE_ROWS,
    G_FIRST,
    GROUP,
    GROUP_STRIDE,
    INDEX,
    L_CHECKS_BOUNDS,
    L_OPS,
    L_OUT_CHANNELS,
    L_OVERLAP,
    L_PRUNES_POOLING,
    L_TABLE_WORDS,
    L_WEIGHT_WORDS,
    LINK_WINDOW,
    MOVED,
    N_DISPATCHED,
    N_EDGES,
    N_PRUNED_POOLING,
    N_SQUASHED_SEQUENCER,
    NEXT_OP,
    OP_SHIFT,
    OUTCOME,
    QUEUED,
    S_DEPTH,
    S_SEQUENCER_WIDTH,
    S_TRACE,
    S_WIDTH,
    S_WIDTH_SHIFT,
    SEQ_CHANNEL,
    SEQ_GROUP,
    TABLE,
    U_QUEUE,
    U_SEQUENCER,
    W_SETTLED,
    WEIGHT_BASE,
    WINDOW_SHIFT,
    WORDS,
    WORDS_IN,
)
from o3sim.compiled.program_order import advance, position_at
from o3sim.compiled.stage_rows import rows_cycle
from o3sim.compiled.weight_stream import arrived, op_ended


@inlined
def sequence(x: Memory, cycle: int) -> None:
    """Look at this cycle's ops: squash those of settled windows, dispatch the others."""
    m = x.m
    room = m[S_DEPTH] - m[QUEUED]
    for _ in range(m[S_SEQUENCER_WIDTH]):
        if m[NEXT_OP] == m[L_OPS] or not arrived(x, m[SEQ_GROUP], cycle) or rows_cycle(x) > cycle:
            return
        if m[L_PRUNES_POOLING] and _is_settled(x):
            _squash(x, cycle)
        elif room > 0:
            room -= 1
            if not _dispatch(x, cycle):
                m[MOVED] = -1
                return
        else:
            return
        advance(x)
        m[MOVED] = 1


@inlined
def _window(x: Memory, position: int, which: int) -> int:
    """One of the windows of the op at a position and the sequencer's channel; -1 if there is none."""
    m = x.m
    pooled = m[m[AT_WINDOWS_OF] + position * m[L_OVERLAP] + which]
    return pooled * m[L_OUT_CHANNELS] + m[SEQ_CHANNEL] if pooled >= 0 else -1


@inlined
def _is_settled(x: Memory) -> bool:
    """Tell whether all windows of the sequencer's op are seen to be 1."""
    m = x.m
    position = position_at(x)
    for k in range(m[L_OVERLAP]):
        window = _window(x, position, k)
        if window >= 0 and m[m[AT_WINDOWS] + (window << WINDOW_SHIFT) + W_SETTLED] == 0:
            return False
    return True


@inlined
def _squash(x: Memory, cycle: int) -> None:
    """Squash the sequencer's op."""
    m = x.m
    edges = m[m[AT_EDGES] + m[m[AT_POSITIONS] + 2 * position_at(x)]]
    m[N_EDGES] += edges
    m[N_PRUNED_POOLING] += edges
    m[N_SQUASHED_SEQUENCER] += 1
    if m[S_TRACE]:
        note_event(x, cycle, E_SQUASH, m[NEXT_OP], U_SEQUENCER, 0)
    op_ended(x, m[SEQ_GROUP], cycle)


@inlined
def _dispatch(x: Memory, cycle: int) -> bool:
    """Take a record for the sequencer's op and fill it; False if none is free (a defect)."""
    m = x.m
    if m[FREE_ROWS] == 0:
        return False
    m[FREE_ROWS] -= 1
    row = m[m[AT_FREE_ROWS] + m[FREE_ROWS]]
    position, channel = position_at(x), m[SEQ_CHANNEL]
    border = m[m[AT_POSITIONS] + 2 * position]
    edges = m[m[AT_EDGES] + border]
    words = quotient(edges + m[S_WIDTH] - 1, m[S_WIDTH], m[S_WIDTH_SHIFT])
    decided = words
    if m[L_CHECKS_BOUNDS]:
        needed = np.int64(x.decision[position, channel])
        decided = quotient(needed + m[S_WIDTH] - 1, m[S_WIDTH], m[S_WIDTH_SHIFT])
    op = m[AT_OPS] + (row << OP_SHIFT)
    m[op + INDEX] = m[NEXT_OP]
    m[op + EDGES] = edges
    m[op + WORDS] = words
    m[op + DECIDED] = decided
    m[op + OUTCOME] = x.outcome[position, channel]
    m[op + TABLE] = (m[m[AT_FIRST_ROW] + channel] + border) * m[L_TABLE_WORDS]
    m[op + ACTIVATION_BASE] = m[m[AT_POSITIONS] + 2 * position + 1]
    first_channel = m[m[AT_GROUPS] + m[SEQ_GROUP] * GROUP_STRIDE + G_FIRST]
    m[op + WEIGHT_BASE] = (channel - first_channel) * m[L_WEIGHT_WORDS]
    m[op + GROUP] = m[SEQ_GROUP]
    m[op + WORDS_IN] = 0
    m[op + CONTEXT] = -1
    m[op + FLAGS] = 0
    for k in range(m[L_OVERLAP]):
        m[m[AT_LINKS] + 2 * (row * m[L_OVERLAP] + k) + LINK_WINDOW] = _window(x, position, k)
    m[N_EDGES] += edges
    m[N_DISPATCHED] += 1
    m[m[AT_ARRIVING] + m[ARRIVING]] = row
    m[ARRIVING] += 1
    if m[S_TRACE]:
        note_event(x, cycle, E_DISPATCH, m[NEXT_OP], U_QUEUE, 0)
    return True
