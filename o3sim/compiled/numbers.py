"""The numbers by which the kernels find things in the flat memory of the compiled engine.

All that a layer needs while it runs lies in one array of int64, ``m``: a header of settings, layer
facts, section starts, state and counts, then the sections, each a run of records of fixed stride.
A second array holds bit sets. One array instead of fifty keeps kernels quick to compile (Numba
handles every array of every call) and their records together in the cache.
"""

from __future__ import annotations

# ---- header: the machine. 0 banks or DRAM bits stand for ``ideal``; shifts are -1 if not a power of 2.
(
    S_PES, S_CONTEXTS, S_WIDTH, S_WIDTH_SHIFT, S_LATENCY, S_SPECULATE, S_SEQUENCER_WIDTH, S_MEMBER_MAJOR,
    S_CHANNEL_OUTERMOST, S_GROUP_WINDOWS, S_DEPTH, S_POLICY, S_ISSUE_WIDTH, S_ISSUE_LATENCY, S_LIMIT,
    S_ACTIVATION_BANKS, S_ACTIVATION_SHIFT, S_WEIGHT_BANKS, S_WEIGHT_SHIFT, S_WRITE_WIDTH, S_SQUASH_LATENCY,
    S_DRAM_BITS, S_DRAM_LATENCY, S_TRACE, S_FIRST_OP, S_END_OP, S_FIRST_CYCLE, S_END_CYCLE,
) = range(28)  # fmt: skip

# ---- header: the layer
(
    L_OPS, L_OUT_CHANNELS, L_POOLED, L_MEMBERS, L_OVERLAP, L_GROUPS, L_FIRST_GROUP, L_WEIGHT_WORDS,
    L_TABLE_WORDS, L_CHECKS_BOUNDS, L_PRUNES_POOLING, L_VERDICT_AFTER, L_SKIPS_AHEAD, L_RING_MASK,
    L_PE_WORDS,
) = range(28, 43)  # fmt: skip

# ---- header: where sections begin in m (AT_) and in the bit sets (B_)
(
    AT_POSITIONS, AT_WORDS, AT_EDGES, AT_OWNED, AT_WINDOWS_OF, AT_GROUPS, AT_OPS, AT_LINKS, AT_FREE_ROWS,
    AT_ROW_OF, AT_PES, AT_CONTEXTS, AT_WINDOWS, AT_VERDICTS, AT_CONSTANTS, AT_SHOWN, AT_ARRIVING, AT_KNOWN,
    AT_SETTLED, AT_TOUCHED, AT_WAITING, AT_ACTIVATION_CLAIMS, AT_WEIGHT_CLAIMS, AT_CALENDAR,
    B_READY, B_QUEUED, B_BUSY, B_FREE, B_CALENDAR,
) = range(43, 72)  # fmt: skip

# ---- header: state
(
    NEXT_OP, SEQ_GROUP, SEQ_CHANNEL, SEQ_POOLED, SEQ_MEMBER, SEQ_IN_CHUNK, SEQ_CHUNK, SEQ_LEFT, SEQ_CHANNEL0,
    SEQ_POOLED0, QUEUED, ARRIVING, FREE_CONTEXTS, BUSY, VERDICT_HEAD, VERDICT_TAIL, CONSTANT_HEAD,
    CONSTANT_TAIL, SHOWN_HEAD, SHOWN_TAIL, WAITING, NEWLY_KNOWN, NEWLY_SETTLED, FREE_ROWS, READY_LOW,
    QUEUED_LOW, TOP, EVENTS, ENDED, LATE_VERDICTS, MOVED, TOUCHED,
) = range(72, 104)  # fmt: skip

# ---- header: counts of the layer (N_), PE-cycles by cause (P_), and those of the current cycle (NOW)
(
    N_DISPATCHED, N_ISSUED, N_RETIRED, N_SQUASHED_SEQUENCER, N_SQUASHED_QUEUE, N_SQUASHED_PE, N_EDGES,
    N_EXECUTED, N_WASTED, N_PRUNED_THRESHOLD, N_PRUNED_POOLING, N_WORDS, N_ACTIVATION_READS, N_WEIGHT_READS,
    N_COMPARES,
) = range(104, 119)  # fmt: skip
(
    P_USEFUL, P_WASTED, P_SQUASHED, P_OPERAND_STALL, P_WRITE_STALL, P_VERDICT_WAIT, P_WEIGHT_WAIT,
    P_ISSUE_WAIT, P_NO_READY_OP, P_QUEUE_EMPTY, P_INPUT_WAIT, P_DRAIN,
) = range(119, 131)  # fmt: skip
NOW = 12  # m[P_X + NOW] is the number of PE-cycles with cause X in the cycle at hand

# ---- header: what an edge order adds to a layer
L_GATHERS, AT_FIRST_ROW, AT_RUN_STARTS, AT_RUNS = range(143, 147)

# ---- header: a stage of a pipeline, that is fed and hands on rows; all 0 in a layer that is none
L_STAGE, L_ROW_WINDOWS, AT_NOT_BEFORE, AT_ROWS_WRITTEN, LAST_ACTIVE = range(147, 152)

# ---- header: classes that race in the scores layer (pruning.argmax)
L_RACE, AT_RANK, AT_BEATEN, AT_WORD_CYCLES, LEADER, N_PRUNED_ARGMAX = range(152, 158)

# ---- header: stamps of banks, which are the cycle, counted from the layer's first, above the bits of an
# address; whether the layer is plain to the loop over words; the requests of a cycle
L_START_CYCLE, L_ADDRESS_BITS, L_PLAIN, AT_REQUESTS = range(158, 162)
HEADER = 162

OUT_OF_ORDER, IN_ORDER, LOCKSTEP = 0, 1, 2
UNLIMITED = 2**30
NEVER = 2**62
PLACE = 2**48 - 1  # ANDed to a place: tells the compiler that it is not negative
OUT_BIT = 50
OUT = 1 << OUT_BIT  # above any context's key
NOT_YET = 2**61  # far above OUT; NEVER and it together are still a number
PLAIN_CONTEXTS = 2  # of a PE of a plain machine
DONE, STUCK, BROKEN = 0, 1, 2  # how a layer ends

# ---- records of an op between dispatch and the end: 1 << OP_SHIFT numbers each
OP_SHIFT = 4
(
    INDEX, EDGES, WORDS, DECIDED, OUTCOME, TABLE, ACTIVATION_BASE, WEIGHT_BASE, GROUP, WORDS_IN, PE, CONTEXT,
    FLAGS,
) = range(13)  # fmt: skip
LATE, SQUASHED, PENDING, RETIRED = 1, 2, 4, 8  # flags; PENDING: its verdict is under way

# A link (two numbers an op and window: the window, -1 if none, and the next link of that window's queued
# ops) is named by its place: row * overlap + which window. -1 ends a list.
LINK_WINDOW, LINK_NEXT = 0, 1

# ---- records of a PE, of a context, of a pooling window
PE_SHIFT = 3
PE_OCCUPIED, PE_LATE, PE_TIME, PE_PLANNED, PE_NEXT, PE_LAST, PE_TOUCHED = range(7)
CONTEXT_SHIFT = 4
(
    C_READY, C_KEY, C_IN, C_MILESTONE, C_TABLE, C_ABASE, C_WBASE, C_OP,  # one cache line: all of a word
    C_WORDS, C_INDEX, C_GATHERED,
) = range(11)  # fmt: skip
# C_KEY is the op's age << KEY_SHIFT | which context of the PE; while READY is to come, OUT counts as added
# to it once a word is in, NOT_YET before. C_MILESTONE is the number of the next word that changes more than
# the context: the word that decides the op, then its last. C_TABLE is a place in the table of words.
KEY_SHIFT = 16
KEY_MASK = 2**KEY_SHIFT - 1
WINDOW_SHIFT = 2
W_SETTLED, W_IN_FLIGHT, W_HEAD = range(3)
REQUEST_SHIFT = 3  # the requests of a cycle: whose, for which operand words, and whether granted
R_CONTEXT, R_PE, R_ACTIVATION, R_WEIGHT, R_GRANTED = range(5)
GROUP_STRIDE = 3
G_FIRST, G_END, G_LEFT = range(3)

CALENDAR = 4096  # cycles ahead that PEs can be planned for; a power of two

# ---- the weight stream of an image: a header, then four runs of one number a weight group
D_GROUPS, D_REQUESTED, D_CHANNEL_FREE, D_HALVES_FREED, D_HEADER = range(5)
D_BITS, D_START, D_ARRIVAL, D_HALF_FREE = range(4)

# ---- rows of events, as o3sim.compiled.events reads them
E_DECIDE, E_SQUASH, E_DISPATCH, E_ISSUE, E_WORD, E_STALL, E_RETIRE = 2, 3, 4, 5, 6, 7, 8
U_SEQUENCER, U_QUEUE, U_OUTPUT = -1, -2, -3
ISSUE_UNIT = 2**20  # an issue's unit is pe * ISSUE_UNIT + context
