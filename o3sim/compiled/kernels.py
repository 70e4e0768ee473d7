"""The kernels of the compiled engine: one function a unit, and the cycle loop that calls them.

Each function is the twin of a unit of :mod:`o3sim.machine`, in the same phase order; differential
tests hold the two together. Numba's cache does not see edits in other files, so the numbers of
columns and counts, and all functions, stand in this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, types
from numba.core.extending import intrinsic

if TYPE_CHECKING:
    from o3sim.compiled.layout import I32, I64, U64, Dram, Setting, Store, Work

OUT_OF_ORDER, IN_ORDER, LOCKSTEP = 0, 1, 2
UNLIMITED = 2**30

# Columns of Store.ops: one row for each op between dispatch and retirement (or squash).
INDEX, EDGES, WORDS, DECIDED, OUTCOME, BORDER, ABASE, WBASE, GROUP, WORDS_IN, PE, CONTEXT, FLAGS = range(13)
WINDOW, NEXT = 13, 17  # up to 4 windows, and the next queued op of each of them
OP_COLUMNS = 21
LATE, SQUASHED, PENDING, RETIRED = 1, 2, 4, 8  # flags; PENDING: its verdict is under way

# Places in a context's stretch of Store.contexts; C_READY is NEVER if no word of it may go in.
C_OP, C_READY, C_INDEX, C_IN, C_WORDS, C_DECIDED, C_ABASE, C_WBASE, C_TABLE = range(9)
CONTEXT_SHIFT = 4  # a stretch is 16 numbers, so that a shift finds it

# Places in Store.numbers.
(
    NEXT_OP, SEQ_GROUP, SEQ_CHANNEL, SEQ_POOLED, SEQ_MEMBER, SEQ_IN_CHUNK, SEQ_CHUNK, SEQ_LEFT, SEQ_CHANNEL0,
    SEQ_POOLED0, QUEUED, ARRIVING, FREE_CONTEXTS, BUSY, VERDICT_HEAD, VERDICT_TAIL, CONSTANT_HEAD,
    CONSTANT_TAIL, SHOWN_HEAD, SHOWN_TAIL, WAITING, NEWLY_KNOWN, NEWLY_SETTLED, FREE_ROWS, READY_LOW,
    QUEUED_LOW, TOP, EVENTS, ENDED, LATE_VERDICTS, MOVED,
) = range(31)  # fmt: skip
NUMBERS = 31

# Places in Store.counts.
(
    N_DISPATCHED, N_ISSUED, N_RETIRED, N_SQUASHED_SEQUENCER, N_SQUASHED_QUEUE, N_SQUASHED_PE, N_EDGES,
    N_EXECUTED, N_WASTED, N_PRUNED_THRESHOLD, N_PRUNED_POOLING, N_WORDS, N_ACTIVATION_READS, N_WEIGHT_READS,
    N_COMPARES, P_USEFUL, P_WASTED, P_SQUASHED, P_OPERAND_STALL, P_WRITE_STALL, P_VERDICT_WAIT, P_WEIGHT_WAIT,
    P_ISSUE_WAIT, P_NO_READY_OP, P_QUEUE_EMPTY, P_DRAIN,
) = range(26)  # fmt: skip
COUNTS = 26


REQUESTED, CHANNEL_FREE, HALVES_FREED = 0, 1, 2

NEVER = 2**62
OUT = 2**40  # added to the age of a context whose verdict is out
DONE, STUCK, BROKEN = 0, 1, 2  # how run_layer ends
REFUSED, READS_ACTIVATION, READS_WEIGHT = 4, 1, 2  # what becomes of a request

# Kinds and units of events, as o3sim.machine.events and o3sim.compiled.events read them.
E_DECIDE, E_SQUASH, E_DISPATCH, E_ISSUE, E_WORD, E_STALL, E_RETIRE = 2, 3, 4, 5, 6, 7, 8
U_SEQUENCER, U_QUEUE, U_OUTPUT = -1, -2, -3
ISSUE_UNIT = 2**20  # an issue's unit is pe * ISSUE_UNIT + context


@intrinsic
def _lowest_bit(typingctx: Any, word: Any) -> Any:  # noqa: ARG001
    """Number of the lowest set bit of a non-zero uint64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.cttz(args[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), codegen


ONE = np.uint64(1)


@njit(_nrt=False, forceinline=True)
def _set(bits: U64, place: int) -> None:
    bits[place >> 6] |= ONE << np.uint64(place & 63)


@njit(_nrt=False, forceinline=True)
def _clear(bits: U64, place: int) -> None:
    bits[place >> 6] &= ~(ONE << np.uint64(place & 63))


@njit(_nrt=False)
def _event(s: Setting, m: Store, cycle: int, kind: int, op: int, unit: int, value: int) -> None:
    """Note an event; beyond the room there is they are only counted."""
    if not (s.first_op <= op < s.end_op and s.first_cycle <= cycle < s.end_cycle):
        return
    row = m.numbers[EVENTS]
    if row < m.events.shape[0]:
        m.events[row, 0] = cycle
        m.events[row, 1] = kind
        m.events[row, 2] = op
        m.events[row, 3] = unit
        m.events[row, 4] = value
    m.numbers[EVENTS] = row + 1


# ---------------------------------------------------------------- sequencer: the walk over the ops


@njit(_nrt=False)
def _begin_group(s: Setting, w: Work, m: Store) -> None:
    """Stand before the first window of the sequencer's weight group."""
    n = m.numbers
    group = n[SEQ_GROUP]
    n[SEQ_CHANNEL] = w.first_channel[group]
    n[SEQ_POOLED] = 0
    n[SEQ_MEMBER] = 0
    n[SEQ_LEFT] = w.owned.shape[0] * (w.last_channel[group] - w.first_channel[group])
    _begin_chunk(s, m)


@njit(_nrt=False, forceinline=True)
def _begin_chunk(s: Setting, m: Store) -> None:
    """Note where the run of windows begins that member_major interleaves."""
    n = m.numbers
    n[SEQ_CHUNK] = min(s.group_windows, n[SEQ_LEFT]) if s.member_major else 1
    n[SEQ_IN_CHUNK] = 0
    n[SEQ_CHANNEL0] = n[SEQ_CHANNEL]
    n[SEQ_POOLED0] = n[SEQ_POOLED]


@njit(_nrt=False, forceinline=True)
def _next_window(s: Setting, w: Work, m: Store) -> None:
    """Step to the next window of the group."""
    n = m.numbers
    if s.channel_outermost:
        n[SEQ_POOLED] += 1
        if n[SEQ_POOLED] == w.owned.shape[0]:
            n[SEQ_POOLED] = 0
            n[SEQ_CHANNEL] += 1
    else:
        n[SEQ_CHANNEL] += 1
        if n[SEQ_CHANNEL] == w.last_channel[n[SEQ_GROUP]]:
            n[SEQ_CHANNEL] = w.first_channel[n[SEQ_GROUP]]
            n[SEQ_POOLED] += 1


@njit(_nrt=False, forceinline=True)
def _step(s: Setting, w: Work, m: Store) -> None:
    """Step to the next member or window, whether or not it is an op."""
    n = m.numbers
    if n[SEQ_CHUNK] == 1:
        n[SEQ_MEMBER] += 1
        if n[SEQ_MEMBER] < w.owned.shape[1]:
            return
    else:
        n[SEQ_IN_CHUNK] += 1
        if n[SEQ_IN_CHUNK] < n[SEQ_CHUNK]:
            _next_window(s, w, m)
            return
        n[SEQ_MEMBER] += 1
        if n[SEQ_MEMBER] < w.owned.shape[1]:
            n[SEQ_IN_CHUNK] = 0
            n[SEQ_CHANNEL] = n[SEQ_CHANNEL0]
            n[SEQ_POOLED] = n[SEQ_POOLED0]
            return
    n[SEQ_MEMBER] = 0
    n[SEQ_LEFT] -= n[SEQ_CHUNK]
    if n[SEQ_LEFT] > 0:
        _next_window(s, w, m)
        _begin_chunk(s, m)
    else:
        n[SEQ_GROUP] += 1
        if n[SEQ_GROUP] < len(w.first_channel):
            _begin_group(s, w, m)


@njit(_nrt=False, forceinline=True)
def _advance(s: Setting, w: Work, m: Store) -> None:
    """Step to the next op of the layer."""
    n = m.numbers
    n[NEXT_OP] += 1
    if n[NEXT_OP] == w.n_ops:
        return
    _step(s, w, m)
    while w.owned[n[SEQ_POOLED], n[SEQ_MEMBER]] < 0:
        _step(s, w, m)


@njit(_nrt=False, forceinline=True)
def _fetch(s: Setting, w: Work, m: Store) -> int:
    """Take a row for the sequencer's op and fill it; -1 if none is free (a defect)."""
    n = m.numbers
    if n[FREE_ROWS] == 0:
        return -1
    n[FREE_ROWS] -= 1
    row = m.free_rows[n[FREE_ROWS]]
    channel = n[SEQ_CHANNEL]
    position = w.owned[n[SEQ_POOLED], n[SEQ_MEMBER]]
    border = w.border_of[position]
    edges = w.n_edges[border]
    words = _quotient(edges + s.width - 1, s.width, s.width_shift)
    op = m.ops[row]
    op[INDEX] = n[NEXT_OP]
    op[EDGES] = edges
    op[WORDS] = words
    if w.checks_bounds:
        op[DECIDED] = _quotient(w.decision[position, channel] + s.width - 1, s.width, s.width_shift)
    else:
        op[DECIDED] = words
    op[OUTCOME] = w.outcome[position, channel]
    op[BORDER] = border
    op[ABASE] = w.base_bit[position]
    op[WBASE] = (channel - w.first_channel[n[SEQ_GROUP]]) * w.weight_words
    op[GROUP] = n[SEQ_GROUP]
    op[WORDS_IN] = 0
    op[CONTEXT] = -1
    op[FLAGS] = 0
    for k in range(w.windows_of.shape[1]):
        window = w.windows_of[position, k]
        op[WINDOW + k] = window * w.out_channels + channel if window >= 0 else -1
    return row


@njit(_nrt=False, forceinline=True)
def _next_is_settled(w: Work, m: Store) -> bool:
    """Tell whether all windows of the sequencer's op are seen to be 1."""
    n = m.numbers
    position = w.owned[n[SEQ_POOLED], n[SEQ_MEMBER]]
    for k in range(w.windows_of.shape[1]):
        window = w.windows_of[position, k]
        if window >= 0 and m.settled[window * w.out_channels + n[SEQ_CHANNEL]] == 0:
            return False
    return True


@njit(_nrt=False, forceinline=True)
def _sequence(s: Setting, w: Work, m: Store, d: Dram, cycle: int) -> None:
    """Look at this cycle's ops: squash those of settled windows, dispatch the others."""
    n = m.numbers
    room = s.depth - n[QUEUED]
    looked = 0
    while looked < s.sequencer_width and n[NEXT_OP] < w.n_ops:
        group = w.first_group + n[SEQ_GROUP]
        if not _arrived(s, d, group, cycle):
            return
        if w.prunes_pooling and _next_is_settled(w, m):
            position = w.owned[n[SEQ_POOLED], n[SEQ_MEMBER]]
            edges = w.n_edges[w.border_of[position]]
            m.counts[N_EDGES] += edges
            m.counts[N_PRUNED_POOLING] += edges
            m.counts[N_SQUASHED_SEQUENCER] += 1
            if s.trace:
                _event(s, m, cycle, E_SQUASH, n[NEXT_OP], U_SEQUENCER, 0)
            _ended(s, m, d, n[SEQ_GROUP], cycle)
        elif room > 0:
            room -= 1
            row = _fetch(s, w, m)
            if row < 0:
                n[MOVED] = -1
                return
            m.counts[N_EDGES] += m.ops[row, EDGES]
            m.counts[N_DISPATCHED] += 1
            m.arriving[n[ARRIVING]] = row
            n[ARRIVING] += 1
            if s.trace:
                _event(s, m, cycle, E_DISPATCH, n[NEXT_OP], U_QUEUE, 0)
        else:
            return
        _advance(s, w, m)
        n[MOVED] = 1
        looked += 1


# ------------------------------------------------------------------------------- DRAM and groups


@njit(_nrt=False, forceinline=True)
def _arrived(s: Setting, d: Dram, group: int, cycle: int) -> bool:
    """Tell whether a weight group can be used."""
    return s.dram_bits == 0 or (0 <= d.arrival[group] <= cycle)


@njit(_nrt=False)
def _pump(s: Setting, d: Dram) -> None:
    """Begin every transfer whose half of the buffer is known to be free, one after another."""
    if s.dram_bits == 0:
        return
    while d.state[REQUESTED] < min(len(d.bits), d.state[HALVES_FREED]):
        group = d.state[REQUESTED]
        d.start[group] = max(d.state[CHANNEL_FREE], d.half_free[group])
        d.state[CHANNEL_FREE] = d.start[group] + (d.bits[group] + s.dram_bits - 1) // s.dram_bits
        d.arrival[group] = d.state[CHANNEL_FREE] + s.dram_latency
        d.state[REQUESTED] = group + 1


@njit(_nrt=False, forceinline=True)
def _ended(s: Setting, m: Store, d: Dram, group: int, cycle: int) -> None:
    """Count an op that ended; the last of its group frees a half of the weight buffer."""
    m.numbers[ENDED] += 1
    m.numbers[MOVED] = 1
    m.group_left[group] -= 1
    if m.group_left[group] == 0:
        d.half_free[d.state[HALVES_FREED]] = cycle + 1
        d.state[HALVES_FREED] += 1
        _pump(s, d)


# ------------------------------------------------------------------- issue queue and scoreboard


@njit(_nrt=False, forceinline=True)
def _is_settled(w: Work, m: Store, row: int) -> bool:
    """Tell whether all windows of an op are seen to be 1."""
    for k in range(w.windows_of.shape[1]):
        window = m.ops[row, WINDOW + k]
        if window >= 0 and m.settled[window] == 0:
            return False
    return True


@njit(_nrt=False, forceinline=True)
def _is_ready(s: Setting, w: Work, m: Store, row: int) -> bool:
    """Tell whether fewer than the limit of each undecided window of an op are in flight."""
    if not w.prunes_pooling:
        return True
    for k in range(w.windows_of.shape[1]):
        window = m.ops[row, WINDOW + k]
        if window >= 0 and m.settled[window] == 0 and m.in_flight[window] >= s.limit:
            return False
    return True


@njit(_nrt=False, forceinline=True)
def _mark_ready(m: Store, index: int) -> None:
    """Let the scheduler see an op as ready."""
    _set(m.ready, index)
    m.numbers[READY_LOW] = min(m.numbers[READY_LOW], index >> 6)


@njit(_nrt=False, forceinline=True)
def _enqueue(s: Setting, w: Work, m: Store) -> None:
    """Let this cycle's arrivals be seen from the next."""
    n = m.numbers
    for k in range(n[ARRIVING]):
        row = m.arriving[k]
        index = m.ops[row, INDEX]
        m.row_of[index] = row
        _set(m.queued, index)
        n[QUEUED_LOW] = min(n[QUEUED_LOW], index >> 6)
        n[TOP] = index >> 6
        if w.prunes_pooling:
            for j in range(w.windows_of.shape[1]):
                window = m.ops[row, WINDOW + j]
                if window >= 0:
                    m.ops[row, NEXT + j] = m.window_head[window]
                    m.window_head[window] = row * 4 + j
        if _is_ready(s, w, m, row):
            _mark_ready(m, index)
    n[QUEUED] += n[ARRIVING]
    n[ARRIVING] = 0


@njit(_nrt=False, forceinline=True)
def _leave_queue(w: Work, m: Store, row: int) -> None:
    """Take an op out of the queue and out of the lists of its windows."""
    index = m.ops[row, INDEX]
    _clear(m.queued, index)
    _clear(m.ready, index)
    m.numbers[QUEUED] -= 1
    if not w.prunes_pooling:
        return
    for k in range(w.windows_of.shape[1]):
        window = m.ops[row, WINDOW + k]
        if window < 0:
            continue
        link = m.window_head[window]
        if link >> 2 == row:
            m.window_head[window] = m.ops[row, NEXT + k]
            continue
        while m.ops[link >> 2, NEXT + (link & 3)] >> 2 != row:
            link = m.ops[link >> 2, NEXT + (link & 3)]
        m.ops[link >> 2, NEXT + (link & 3)] = m.ops[row, NEXT + k]


@njit(_nrt=False, forceinline=True)
def _recheck(s: Setting, w: Work, m: Store, window: int) -> None:
    """Look again which queued ops of a window are ready."""
    link = m.window_head[window]
    while link >= 0:
        row = link >> 2
        if _is_ready(s, w, m, row):
            _mark_ready(m, m.ops[row, INDEX])
        else:
            _clear(m.ready, m.ops[row, INDEX])
        link = m.ops[row, NEXT + (link & 3)]


@njit(_nrt=False, forceinline=True)
def _show(s: Setting, w: Work, m: Store, cycle: int) -> None:
    """Let the outcomes be seen that were written ``squash_latency`` ago."""
    n = m.numbers
    while n[SHOWN_HEAD] < n[SHOWN_TAIL]:
        place = n[SHOWN_HEAD] & (len(m.shown_op) - 1)
        if m.shown_cycle[place] != cycle:
            return
        n[SHOWN_HEAD] += 1
        row = m.shown_op[place]
        for k in range(w.windows_of.shape[1]):
            window = m.ops[row, WINDOW + k]
            if window < 0:
                continue
            m.in_flight[window] -= 1
            if m.ops[row, OUTCOME]:
                m.settled[window] = 1
                m.newly_settled[n[NEWLY_SETTLED]] = window
                n[NEWLY_SETTLED] += 1
            _recheck(s, w, m, window)
        _free_row(m, row)


@njit(_nrt=False, forceinline=True)
def _free_row(m: Store, row: int) -> None:
    """Give back the row of an op that is done with."""
    m.free_rows[m.numbers[FREE_ROWS]] = row
    m.numbers[FREE_ROWS] += 1


@njit(_nrt=False, forceinline=True)
def _squash_in_queue(s: Setting, w: Work, m: Store, d: Dram, cycle: int) -> None:
    """Drop the queued ops of windows newly seen to be 1."""
    for k in range(m.numbers[NEWLY_SETTLED]):
        link = m.window_head[m.newly_settled[k]]
        while link >= 0:
            row = link >> 2
            link = m.ops[row, NEXT + (link & 3)]
            if _is_settled(w, m, row):
                _leave_queue(w, m, row)
                m.counts[N_SQUASHED_QUEUE] += 1
                m.counts[N_PRUNED_POOLING] += m.ops[row, EDGES]
                if s.trace:
                    _event(s, m, cycle, E_SQUASH, m.ops[row, INDEX], U_QUEUE, 0)
                _ended(s, m, d, m.ops[row, GROUP], cycle)
                _free_row(m, row)
    m.numbers[NEWLY_SETTLED] = 0


# ------------------------------------------------------------------------------------- scheduler


@njit(_nrt=False, forceinline=True)
def _first(bits: U64, low: int, top: int) -> int:
    """Lowest word from ``low`` to ``top`` that is not 0; ``top + 1`` if there is none."""
    while low <= top and bits[low] == 0:
        low += 1
    return low


@njit(_nrt=False, forceinline=True)
def _schedule(s: Setting, w: Work, m: Store, cycle: int, more_coming: int) -> None:
    """Issue this cycle's ops."""
    n = m.numbers
    quota = n[FREE_CONTEXTS]
    if quota == 0 or n[QUEUED] == 0:
        return
    if s.policy == LOCKSTEP:
        group = s.pes * s.contexts
        if quota < group or (n[QUEUED] < group and more_coming):
            return
    else:
        quota = min(quota, s.issue_width)
    while quota > 0:
        if s.policy == IN_ORDER:
            n[QUEUED_LOW] = _first(m.queued, n[QUEUED_LOW], n[TOP])
            if n[QUEUED_LOW] > n[TOP]:
                return
            index = n[QUEUED_LOW] * 64 + np.int64(_lowest_bit(m.queued[n[QUEUED_LOW]]))
            if m.ready[index >> 6] >> np.uint64(index & 63) & ONE == 0:
                return
        else:
            n[READY_LOW] = _first(m.ready, n[READY_LOW], n[TOP])
            if n[READY_LOW] > n[TOP]:
                return
            index = n[READY_LOW] * 64 + np.int64(_lowest_bit(m.ready[n[READY_LOW]]))
        _issue(s, w, m, m.row_of[index], cycle)
        quota -= 1


@njit(_nrt=False, forceinline=True)
def _issue(s: Setting, w: Work, m: Store, row: int, cycle: int) -> None:
    """Move an op from the queue to the free PE that holds fewest, the lowest of them."""
    _leave_queue(w, m, row)
    m.counts[N_ISSUED] += 1
    m.numbers[MOVED] = 1
    if w.prunes_pooling:
        for k in range(w.windows_of.shape[1]):
            window = m.ops[row, WINDOW + k]
            if window >= 0:
                m.in_flight[window] += 1
                if m.in_flight[window] == s.limit:
                    _recheck(s, w, m, window)
    pe = _least_loaded(s, m)
    _change_free(s, m, pe, -1)
    context = pe * s.contexts
    while m.contexts[(context << CONTEXT_SHIFT) + C_OP] >= 0:
        context += 1
    if m.occupied[pe] == 0:
        _set(m.busy, pe)
        m.numbers[BUSY] += 1
    m.occupied[pe] += 1
    _change_free(s, m, pe, 1)
    op = m.ops[row]
    op[PE] = pe
    op[CONTEXT] = context
    at = context << CONTEXT_SHIFT
    m.contexts[at + C_OP] = row
    m.contexts[at + C_READY] = cycle + s.issue_latency if op[DECIDED] > 0 else NEVER
    m.contexts[at + C_INDEX] = op[INDEX]
    m.contexts[at + C_IN] = 0
    m.contexts[at + C_WORDS] = op[WORDS]
    m.contexts[at + C_DECIDED] = op[DECIDED]
    m.contexts[at + C_ABASE] = op[ABASE]
    m.contexts[at + C_WBASE] = op[WBASE]
    m.contexts[at + C_TABLE] = op[BORDER] * w.table_words
    if op[DECIDED] == 0:
        n = m.numbers
        tail = n[CONSTANT_TAIL] & (len(m.constant_op) - 1)
        m.constant_op[tail] = row
        m.constant_cycle[tail] = cycle + s.issue_latency + 1
        n[CONSTANT_TAIL] += 1
        op[FLAGS] |= PENDING
    if s.trace:
        _event(s, m, cycle, E_ISSUE, op[INDEX], pe * ISSUE_UNIT + context - pe * s.contexts, 0)


@njit(_nrt=False, forceinline=True)
def _least_loaded(s: Setting, m: Store) -> int:
    """Find the free PE that holds fewest ops, the lowest of them."""
    for load in range(s.contexts):
        for place in range(m.free_by_load.shape[1]):
            word = m.free_by_load[load, place]
            if word != 0:
                return place * 64 + np.int64(_lowest_bit(word))
    return -1


@njit(_nrt=False, forceinline=True)
def _change_free(s: Setting, m: Store, pe: int, by: int) -> None:
    """Take a PE out of (by -1), or into (+1), the PEs that can be given an op, if it can."""
    load = m.occupied[pe]
    if m.late[pe] == 0 and load < s.contexts:
        if by < 0:
            _clear(m.free_by_load[load], pe)
        else:
            _set(m.free_by_load[load], pe)
        m.numbers[FREE_CONTEXTS] += by * (s.contexts - load)


# ------------------------------------------------------------------------------------------ PEs


@njit(_nrt=False, forceinline=True)
def _leave_if_idle(m: Store, pe: int) -> None:
    """Count a PE as idle if it holds neither an op nor an unwritten verdict."""
    if m.occupied[pe] == 0 and m.late[pe] == 0:
        _clear(m.busy, pe)
        m.numbers[BUSY] -= 1


@njit(_nrt=False, forceinline=True)
def _release(s: Setting, m: Store, context: int) -> None:
    """Free a context; its op remembers how many words went in."""
    at = context << CONTEXT_SHIFT
    row = m.contexts[at + C_OP]
    m.ops[row, WORDS_IN] = m.contexts[at + C_IN]
    m.ops[row, CONTEXT] = -1
    m.contexts[at + C_OP] = -1
    m.contexts[at + C_READY] = NEVER
    pe = context // s.contexts
    _change_free(s, m, pe, -1)
    m.occupied[pe] -= 1
    _change_free(s, m, pe, 1)
    _leave_if_idle(m, pe)


@njit(_nrt=False, forceinline=True)
def _take_verdict(s: Setting, m: Store, row: int, cycle: int) -> None:
    """Take one op's outcome: free its context, offer it to the output buffer."""
    op = m.ops[row]
    op[FLAGS] &= ~PENDING
    if op[FLAGS] & SQUASHED:
        _free_row(m, row)
        return
    if op[CONTEXT] >= 0:
        _release(s, m, op[CONTEXT])
    m.newly_known[m.numbers[NEWLY_KNOWN]] = row
    m.numbers[NEWLY_KNOWN] += 1
    if s.trace:
        _event(s, m, cycle, E_DECIDE, op[INDEX], op[PE], op[OUTCOME])


@njit(_nrt=False, forceinline=True)
def _take_verdicts(s: Setting, m: Store, cycle: int) -> None:
    """Take the outcomes that are known from this cycle on."""
    n = m.numbers
    while n[VERDICT_HEAD] < n[VERDICT_TAIL]:
        place = n[VERDICT_HEAD] & (len(m.verdict_op) - 1)
        if m.verdict_cycle[place] != cycle:
            break
        n[VERDICT_HEAD] += 1
        _take_verdict(s, m, m.verdict_op[place], cycle)
    while n[CONSTANT_HEAD] < n[CONSTANT_TAIL]:
        place = n[CONSTANT_HEAD] & (len(m.constant_op) - 1)
        if m.constant_cycle[place] != cycle:
            break
        n[CONSTANT_HEAD] += 1
        _take_verdict(s, m, m.constant_op[place], cycle)


@njit(_nrt=False)
def _squash_in_pes(s: Setting, w: Work, m: Store, d: Dram, cycle: int) -> None:
    """Drop the ops in contexts all of whose windows are seen to be 1."""
    for context in range(s.pes * s.contexts):
        row = m.contexts[(context << CONTEXT_SHIFT) + C_OP]
        if row < 0 or not _is_settled(w, m, row):
            continue
        _release(s, m, context)
        op = m.ops[row]
        executed = min(op[WORDS_IN] * s.width, op[EDGES])
        m.counts[N_SQUASHED_PE] += 1
        m.counts[N_EXECUTED] += executed
        m.counts[N_WASTED] += executed
        m.counts[N_PRUNED_POOLING] += op[EDGES] - executed
        m.counts[P_SQUASHED] += op[WORDS_IN]
        _count_words(w, m, op)
        for k in range(w.windows_of.shape[1]):
            if op[WINDOW + k] >= 0:
                m.in_flight[op[WINDOW + k]] -= 1
        if s.trace:
            _event(s, m, cycle, E_SQUASH, op[INDEX], op[PE], 0)
        _ended(s, m, d, op[GROUP], cycle)
        if op[FLAGS] & PENDING:
            op[FLAGS] |= SQUASHED
        else:
            _free_row(m, row)


@njit(_nrt=False, forceinline=True)
def _count_words(w: Work, m: Store, op: I32) -> None:
    """Count the words and comparisons of an op that ended."""
    m.counts[N_WORDS] += op[WORDS_IN]
    if w.checks_bounds:
        m.counts[N_COMPARES] += op[WORDS_IN]
    elif op[WORDS_IN] == op[WORDS]:
        m.counts[N_COMPARES] += 1


@njit(_nrt=False)
def _why_none(s: Setting, m: Store, first: int) -> int:
    """Why a PE that holds ops can put in no word."""
    waits_for_issue = False
    for at in range(first, first + (s.contexts << CONTEXT_SHIFT), 1 << CONTEXT_SHIFT):
        if m.contexts[at + C_READY] != NEVER:
            if m.contexts[at + C_IN] > 0:
                return P_VERDICT_WAIT
            waits_for_issue = True
    return P_ISSUE_WAIT if waits_for_issue else P_VERDICT_WAIT


@njit(_nrt=False, forceinline=True)
def _quotient(number: int, divisor: int, shift: int) -> int:
    """Divide a non-negative number; by a shift where the divisor is a power of two (4x faster)."""
    return number >> shift if shift >= 0 else number // divisor


@njit(_nrt=False, forceinline=True)
def _remainder(number: int, divisor: int, shift: int) -> int:
    """Remainder of a non-negative number."""
    return number & (divisor - 1) if shift >= 0 else number % divisor


@njit(_nrt=False, forceinline=True)
def _ask(s: Setting, w: Work, m: Store, at: int, stamp: int) -> int:
    """Ask for both operand words of a context's next word; REFUSED, or which reads it caused."""
    word = m.contexts[at + C_TABLE] + m.contexts[at + C_IN]
    reads = 0
    activation_bank = 0
    activation = 0
    if s.activation_banks > 0:
        address = _quotient(m.contexts[at + C_ABASE] + w.activation_bit[word], s.width, s.width_shift)
        activation = stamp | address
        activation_bank = _remainder(address, s.activation_banks, s.activation_shift)
        claim = m.activation_claim[activation_bank]
        if claim != activation:
            if claim >= stamp:
                return REFUSED
            reads = READS_ACTIVATION
    else:
        reads = READS_ACTIVATION
    if s.weight_banks > 0:
        address = m.contexts[at + C_WBASE] + w.weight_word[word]
        weight = stamp | address
        weight_bank = _remainder(address, s.weight_banks, s.weight_shift)
        claim = m.weight_claim[weight_bank]
        if claim != weight:
            if claim >= stamp:
                return REFUSED
            m.weight_claim[weight_bank] = weight
            reads |= READS_WEIGHT
    else:
        reads |= READS_WEIGHT
    if s.activation_banks > 0 and reads & READS_ACTIVATION:
        m.activation_claim[activation_bank] = activation
    return reads


@njit(_nrt=False, forceinline=True)
def _put_in(s: Setting, m: Store, at: int, cycle: int, verdict_after: int) -> None:
    """Put a granted word into a PE."""
    words_in = m.contexts[at + C_IN] + 1
    m.contexts[at + C_IN] = words_in
    m.contexts[at + C_READY] = cycle + verdict_after
    if words_in == m.contexts[at + C_DECIDED]:
        tail = m.numbers[VERDICT_TAIL] & (len(m.verdict_op) - 1)
        m.verdict_op[tail] = m.contexts[at + C_OP]
        m.verdict_cycle[tail] = cycle + s.latency
        m.numbers[VERDICT_TAIL] += 1
        m.ops[m.contexts[at + C_OP], FLAGS] |= PENDING
    if words_in == m.contexts[at + C_WORDS]:
        _release(s, m, at >> CONTEXT_SHIFT)


@njit(_nrt=False, forceinline=True)
def _choose(s: Setting, m: Store, pe: int, cycle: int) -> int:
    """Choose the context whose next word a PE asks for; minus the cause of the PE-cycle if none.

    One least key decides, without a branch to mispredict: the age of a context whose verdict is
    in, far above it that of one whose verdict is out, and no key for the others.
    """
    first = (pe * s.contexts) << CONTEXT_SHIFT
    best = first
    least = NEVER
    for k in range(s.contexts):
        at = first + (k << CONTEXT_SHIFT)
        ready = m.contexts[at + C_READY]
        out = OUT if m.contexts[at + C_IN] > 0 else NEVER
        key = m.contexts[at + C_INDEX] + (0 if ready <= cycle else (out if ready < NEVER else NEVER))
        best = at if key < least else best
        least = min(key, least)
    if least < OUT or (least < NEVER and s.speculate):
        return best
    return -_why_none(s, m, first)


@njit(_nrt=False, forceinline=True)
def _move_words(s: Setting, w: Work, m: Store, cycle: int) -> int:
    """Serve all PEs that hold something, from PE ``cycle mod count`` on; return the words."""
    moved = 0
    refused = 0
    activation_reads = 0
    weight_reads = 0
    stamp = cycle << 32
    verdict_after = s.latency if w.checks_bounds else 1
    any_late = m.numbers[LATE_VERDICTS] > 0
    n_words = len(m.busy)
    first = cycle % s.pes
    low = ~((ONE << np.uint64(first & 63)) - ONE)
    for k in range(n_words + 1):
        place = (first >> 6) + k
        if place >= n_words:
            place -= n_words
        bits = m.busy[place]
        if k == 0:
            bits &= low
        elif k == n_words:
            bits &= ~low
        while bits != 0:
            pe = (place << 6) + (np.int64(_lowest_bit(bits)) & 63)
            bits &= bits - ONE
            if any_late and m.late[pe] > 0:
                m.causes[P_WRITE_STALL] += 1
                continue
            at = _choose(s, m, pe, cycle)
            if at < 0:
                m.causes[-at] += 1
                continue
            reads = _ask(s, w, m, at, stamp)
            if s.trace:
                kind = E_STALL if reads == REFUSED else E_WORD
                value = 0 if reads == REFUSED else m.contexts[at + C_IN]
                _event(s, m, cycle, kind, m.contexts[at + C_INDEX], pe, value)
            if reads == REFUSED:
                refused += 1
                continue
            activation_reads += reads & READS_ACTIVATION
            weight_reads += reads >> 1
            moved += 1
            _put_in(s, m, at, cycle, verdict_after)
    m.causes[P_OPERAND_STALL] += refused
    m.counts[N_ACTIVATION_READS] += activation_reads
    m.counts[N_WEIGHT_READS] += weight_reads
    return moved


# -------------------------------------------------------------------------------- output buffer


@njit(_nrt=False)
def _push(m: Store, key: int) -> None:
    """Put a key into the heap of waiting outcomes."""
    heap = m.waiting
    at = m.numbers[WAITING]
    m.numbers[WAITING] += 1
    while at > 0 and heap[(at - 1) >> 1] > key:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = key


@njit(_nrt=False)
def _pop(m: Store) -> int:
    """Take the least key out of the heap of waiting outcomes."""
    heap = m.waiting
    least = heap[0]
    m.numbers[WAITING] -= 1
    size = m.numbers[WAITING]
    key = heap[size]
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = key
    return least


@njit(_nrt=False, forceinline=True)
def _retire(s: Setting, w: Work, m: Store, d: Dram, row: int, cycle: int) -> None:
    """Write one outcome."""
    op = m.ops[row]
    if op[FLAGS] & LATE:
        pe = op[PE]
        m.late[pe] -= 1
        m.numbers[LATE_VERDICTS] -= 1
        _change_free(s, m, pe, 1)
        _leave_if_idle(m, pe)
    executed = min(op[WORDS_IN] * s.width, op[EDGES])
    needed = min(op[DECIDED] * s.width, op[EDGES])
    m.counts[N_RETIRED] += 1
    m.counts[N_EXECUTED] += executed
    m.counts[N_WASTED] += executed - needed
    m.counts[N_PRUNED_THRESHOLD] += op[EDGES] - executed
    m.counts[P_USEFUL] += op[DECIDED]
    m.counts[P_WASTED] += op[WORDS_IN] - op[DECIDED]
    _count_words(w, m, op)
    if op[OUTCOME]:
        for k in range(w.windows_of.shape[1]):
            if op[WINDOW + k] >= 0:
                m.output[op[WINDOW + k]] = 1
    if s.trace:
        _event(s, m, cycle, E_RETIRE, op[INDEX], U_OUTPUT, op[OUTCOME])
    _ended(s, m, d, op[GROUP], cycle)
    op[FLAGS] |= RETIRED
    if w.prunes_pooling:
        tail = m.numbers[SHOWN_TAIL] & (len(m.shown_op) - 1)
        m.shown_op[tail] = row
        m.shown_cycle[tail] = cycle + s.squash_latency
        m.numbers[SHOWN_TAIL] += 1
    else:
        _free_row(m, row)


@njit(_nrt=False, forceinline=True)
def _write(s: Setting, w: Work, m: Store, d: Dram, cycle: int) -> None:
    """Retire the oldest known outcomes; the PEs of the others stall."""
    n = m.numbers
    if n[WAITING] == 0 and n[NEWLY_KNOWN] <= s.write_width:
        for k in range(n[NEWLY_KNOWN]):
            _retire(s, w, m, d, m.newly_known[k], cycle)
        n[NEWLY_KNOWN] = 0
        return
    for k in range(n[NEWLY_KNOWN]):
        row = m.newly_known[k]
        _push(m, np.int64(m.ops[row, INDEX]) << 32 | row)
    for _ in range(min(s.write_width, n[WAITING])):
        _retire(s, w, m, d, np.int64(_pop(m) & 0x7FFFFFFF), cycle)
    for k in range(n[NEWLY_KNOWN]):
        op = m.ops[m.newly_known[k]]
        if op[FLAGS] & RETIRED == 0:
            pe = op[PE]
            op[FLAGS] |= LATE
            if m.late[pe] == 0 and m.occupied[pe] == 0:
                _set(m.busy, pe)
                m.numbers[BUSY] += 1
            _change_free(s, m, pe, -1)
            m.late[pe] += 1
            m.numbers[LATE_VERDICTS] += 1
    n[NEWLY_KNOWN] = 0


# ---------------------------------------------------------------------------------- the machine


@njit(_nrt=False)
def _next_change(s: Setting, w: Work, m: Store, d: Dram, cycle: int) -> int:
    """Next cycle in which a unit that waits can go on; NEVER if none does."""
    n = m.numbers
    wake = NEVER
    if n[VERDICT_HEAD] < n[VERDICT_TAIL]:
        wake = min(wake, m.verdict_cycle[n[VERDICT_HEAD] & (len(m.verdict_op) - 1)])
    if n[CONSTANT_HEAD] < n[CONSTANT_TAIL]:
        wake = min(wake, m.constant_cycle[n[CONSTANT_HEAD] & (len(m.constant_op) - 1)])
    if n[SHOWN_HEAD] < n[SHOWN_TAIL]:
        wake = min(wake, m.shown_cycle[n[SHOWN_HEAD] & (len(m.shown_op) - 1)])
    if n[NEXT_OP] < w.n_ops and s.dram_bits > 0:
        arrival = d.arrival[w.first_group + n[SEQ_GROUP]]
        if arrival > cycle:
            wake = min(wake, arrival)
    for context in range(s.pes * s.contexts):
        ready = m.contexts[(context << CONTEXT_SHIFT) + C_READY]
        if ready > cycle:
            wake = min(wake, ready)
    return wake


@njit(_nrt=False, forceinline=True)
def _idle_cause(s: Setting, w: Work, m: Store, d: Dram, cycle: int) -> int:
    """Why a PE that holds nothing has nothing to do, as of the start of a cycle."""
    if m.numbers[NEXT_OP] == w.n_ops:
        return P_DRAIN
    if not _arrived(s, d, w.first_group + m.numbers[SEQ_GROUP], cycle):
        return P_WEIGHT_WAIT
    return P_QUEUE_EMPTY


@njit(_nrt=False, forceinline=True)
def _settle_causes(m: Store, cycles: int) -> None:
    """Book the causes of a cycle, so many times."""
    for cause in range(P_OPERAND_STALL, COUNTS):
        m.counts[cause] += m.causes[cause] * cycles
        m.causes[cause] = 0


@njit(_nrt=False, forceinline=True)
def _tick(s: Setting, w: Work, m: Store, d: Dram, cycle: int) -> int:
    """Run one cycle, phase by phase; return the words that went in."""
    n = m.numbers
    n[MOVED] = 0
    _show(s, w, m, cycle)
    _take_verdicts(s, m, cycle)
    if n[NEWLY_SETTLED] > 0 and (s.limit > 1 or w.windows_of.shape[1] > 1):
        _squash_in_pes(s, w, m, d, cycle)
    idle_cause = _idle_cause(s, w, m, d, cycle)
    more_coming = idle_cause == P_QUEUE_EMPTY and n[QUEUED] < s.depth
    _sequence(s, w, m, d, cycle)
    if n[NEWLY_SETTLED] > 0:
        _squash_in_queue(s, w, m, d, cycle)
    _schedule(s, w, m, cycle, more_coming)
    if n[QUEUED] > 0:
        idle_cause = P_DRAIN if s.policy == LOCKSTEP and n[BUSY] > 0 else P_NO_READY_OP
    m.causes[idle_cause] += s.pes - n[BUSY]
    words = _move_words(s, w, m, cycle)
    _write(s, w, m, d, cycle)
    _enqueue(s, w, m)
    return words


@njit(cache=True, nogil=True, _nrt=False)
def run_layer(s: Setting, w: Work, m: Store, d: Dram, start_cycle: int) -> tuple[int, int]:
    """Run one layer.

    Parameters
    ----------
    s, w : Setting, Work
        The machine and the layer, read only.
    m : Store
        Fresh for this layer; counts, outputs and events are left in it.
    d : Dram
        The weight stream, as the layer before left it.
    start_cycle : int
        First cycle of the layer.

    Returns
    -------
    how, cycle : int
        ``DONE`` and the layer's last cycle, or ``STUCK`` or ``BROKEN`` and the cycle it stopped in.
    """
    _pump(s, d)
    _begin_group(s, w, m)
    while w.owned[m.numbers[SEQ_POOLED], m.numbers[SEQ_MEMBER]] < 0:
        _step(s, w, m)
    cycle = start_cycle
    while True:
        words = _tick(s, w, m, d, cycle)
        if m.numbers[MOVED] < 0:
            return BROKEN, cycle
        if m.numbers[ENDED] == w.n_ops:
            _settle_causes(m, 1)
            return DONE, cycle
        wake = cycle + 1
        if words == 0 and m.numbers[MOVED] == 0:
            wake = _next_change(s, w, m, d, cycle)
            if wake == NEVER:
                return STUCK, cycle
        _settle_causes(m, wake - cycle)
        cycle = wake
