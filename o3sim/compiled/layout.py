"""How the compiled engine lays out a machine and a layer in flat arrays.

Everything the kernels touch is in one of four bundles: :class:`Setting` (the architecture as
integers), :class:`Work` (a layer, read only), :class:`Store` (what changes within a layer) and
:class:`Dram` (what outlives a layer). Column and scalar numbers stand beside the arrays they index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.kernels import (
    C_OP,
    C_READY,
    CONTEXT_SHIFT,
    COUNTS,
    FREE_CONTEXTS,
    FREE_ROWS,
    IN_ORDER,
    LOCKSTEP,
    NEVER,
    NUMBERS,
    OP_COLUMNS,
    OUT_OF_ORDER,
    UNLIMITED,
)
from o3sim.machine.program_order import window_members
from o3sim.machine.weight_groups import WeightGroup, weight_words
from o3sim.machine.word_addresses import word_addresses

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.machine.events import EventWindow
    from o3sim.network.layer import Geometry
    from o3sim.profile.profile import LayerProfile

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
U64 = NDArray[np.uint64]

POLICY_NUMBERS = {"out_of_order": OUT_OF_ORDER, "in_order": IN_ORDER, "lockstep": LOCKSTEP}


class Setting(NamedTuple):
    """An architecture as integers; 0 banks or DRAM bits stand for ``ideal``."""

    pes: int
    contexts: int
    width: int
    latency: int
    speculate: bool
    sequencer_width: int
    member_major: bool
    channel_outermost: bool
    group_windows: int
    depth: int
    policy: int
    issue_width: int
    issue_latency: int
    limit: int
    activation_banks: int
    weight_banks: int
    write_width: int
    squash_latency: int
    dram_bits: int
    dram_latency: int
    trace: bool
    first_op: int
    end_op: int
    first_cycle: int
    end_cycle: int
    width_shift: int
    activation_shift: int
    weight_shift: int


class Work(NamedTuple):
    """A layer: decisions and outcomes by (position, channel), and where operands lie."""

    decision: I32
    outcome: U8
    border_of: I32
    base_bit: I32
    activation_bit: I32
    weight_word: I32
    table_words: int
    n_edges: I32
    owned: I32
    windows_of: I32
    first_channel: I32
    last_channel: I32
    first_group: int
    out_channels: int
    n_ops: int
    weight_words: int
    checks_bounds: bool
    prunes_pooling: bool


class Store(NamedTuple):
    """Everything that changes while a layer runs."""

    numbers: I64
    counts: I64
    ops: I32
    free_rows: I32
    row_of: I32
    ready: U64
    queued: U64
    arriving: I32
    contexts: I64
    occupied: I32
    late: I32
    free_by_load: U64
    busy: U64
    activation_claim: I64
    weight_claim: I64
    verdict_cycle: I64
    verdict_op: I32
    constant_cycle: I64
    constant_op: I32
    shown_cycle: I64
    shown_op: I32
    waiting: I64
    newly_known: I32
    newly_settled: I32
    settled: U8
    in_flight: I32
    window_head: I32
    output: U8
    group_left: I64
    causes: I64
    events: I64


class Dram(NamedTuple):
    """The weight stream of a whole image; ``state`` is (requested, channel free from, halves freed)."""

    bits: I64
    start: I64
    arrival: I64
    half_free: I64
    state: I64


def setting_of(architecture: Architecture, window: EventWindow) -> Setting:
    """Turn an architecture, and the window of events that are made, into integers."""
    a = architecture
    limit = a.scheduler.window_in_flight_ops
    return Setting(
        pes=a.pe.count,
        contexts=a.pe.contexts,
        width=a.pe.width_edges,
        latency=a.pe.latency_cycles,
        speculate=a.pe.speculate,
        sequencer_width=a.sequencer.width_ops,
        member_major=a.sequencer.order == "member_major",
        channel_outermost=a.sequencer.outermost == "channel",
        group_windows=a.sequencer.group_windows,
        depth=a.issue_queue.depth_ops,
        policy=POLICY_NUMBERS[a.scheduler.policy],
        issue_width=a.scheduler.issue_width_ops,
        issue_latency=a.scheduler.issue_latency_cycles,
        limit=UNLIMITED if limit == "unlimited" else limit,
        activation_banks=_or_zero(a.activation_buffer.banks),
        weight_banks=_or_zero(a.weight_buffer.banks),
        write_width=a.output_buffer.write_width_ops,
        squash_latency=a.pruning.squash_latency_cycles,
        dram_bits=_or_zero(a.dram.bits_per_cycle),
        dram_latency=a.dram.latency_cycles,
        trace=False,
        first_op=window.first_op,
        end_op=window.end_op,
        first_cycle=window.first_cycle,
        end_cycle=window.end_cycle,
        width_shift=_shift(a.pe.width_edges),
        activation_shift=_shift(_or_zero(a.activation_buffer.banks)),
        weight_shift=_shift(_or_zero(a.weight_buffer.banks)),
    )


def _shift(number: int) -> int:
    """Which power of two a number is; -1 if it is none."""
    return number.bit_length() - 1 if number > 0 and number & (number - 1) == 0 else -1


def _or_zero(value: int | str) -> int:
    """Turn ``ideal`` into 0."""
    return 0 if isinstance(value, str) else value


def work_of(
    profile: LayerProfile, groups: list[WeightGroup], first_group: int, architecture: Architecture
) -> Work:
    """Lay out a layer; nothing of the size of the layer is copied."""
    geometry, width = profile.geometry, architecture.pe.width_edges
    members = window_members(geometry)
    addresses = word_addresses(geometry, width)
    thresholds = not profile.scores
    return Work(
        decision=profile.decision.reshape(-1, geometry.out_channels),
        outcome=profile.outcome.reshape(-1, geometry.out_channels),
        border_of=addresses.border_of,
        base_bit=addresses.base_bit.astype(np.int32),
        activation_bit=addresses.activation_bit.astype(np.int32).ravel(),
        weight_word=addresses.weight_word.ravel(),
        table_words=addresses.weight_word.shape[1],
        n_edges=addresses.n_edges,
        owned=members.owned,
        windows_of=members.windows_of,
        first_channel=np.array([group.first_channel for group in groups], dtype=np.int32),
        last_channel=np.array([group.last_channel for group in groups], dtype=np.int32),
        first_group=first_group,
        out_channels=geometry.out_channels,
        n_ops=int((members.owned >= 0).sum()) * geometry.out_channels,
        weight_words=weight_words(geometry, width),
        checks_bounds=architecture.pruning.threshold and thresholds,
        prunes_pooling=architecture.pruning.pooling and geometry.pool is not None and thresholds,
    )


def store_of(setting: Setting, work: Work, geometry: Geometry, event_rows: int) -> Store:
    """Allocate what one layer needs: bounded by the layer and the machine, whatever runs on it."""
    contexts = setting.pes * setting.contexts
    in_pes = setting.pes * (2 * setting.contexts + 2 * setting.latency + 2)
    shown = setting.write_width * (setting.squash_latency + 1)
    rows = min(work.n_ops, setting.depth + in_pes + shown) + 2
    ring = 1 << rows.bit_length()  # a power of two: the kernels wrap with a mask
    pe_words = (setting.pes + 63) // 64
    bit_words = work.n_ops // 64 + 2
    windows = geometry.pooled_height * geometry.pooled_width * geometry.out_channels
    pruned_windows = windows if work.prunes_pooling else 1
    members_of_group = int((work.owned >= 0).sum())
    store = Store(
        numbers=np.zeros(NUMBERS, dtype=np.int64),
        counts=np.zeros(COUNTS, dtype=np.int64),
        ops=np.zeros((rows, OP_COLUMNS), dtype=np.int32),
        free_rows=np.arange(rows, dtype=np.int32),
        row_of=np.empty(work.n_ops, dtype=np.int32),
        ready=np.zeros(bit_words, dtype=np.uint64),
        queued=np.zeros(bit_words, dtype=np.uint64),
        arriving=np.empty(min(setting.sequencer_width, work.n_ops), dtype=np.int32),
        contexts=np.zeros(contexts << CONTEXT_SHIFT, dtype=np.int64),
        occupied=np.zeros(setting.pes, dtype=np.int32),
        late=np.zeros(setting.pes, dtype=np.int32),
        free_by_load=np.zeros((setting.contexts, pe_words), dtype=np.uint64),
        busy=np.zeros(pe_words, dtype=np.uint64),
        activation_claim=np.full(max(1, setting.activation_banks), -1, dtype=np.int64),
        weight_claim=np.full(max(1, setting.weight_banks), -1, dtype=np.int64),
        verdict_cycle=np.empty(ring, dtype=np.int64),
        verdict_op=np.empty(ring, dtype=np.int32),
        constant_cycle=np.empty(ring, dtype=np.int64),
        constant_op=np.empty(ring, dtype=np.int32),
        shown_cycle=np.empty(ring, dtype=np.int64),
        shown_op=np.empty(ring, dtype=np.int32),
        waiting=np.empty(rows, dtype=np.int64),
        newly_known=np.empty(rows, dtype=np.int32),
        newly_settled=np.empty(4 * rows, dtype=np.int32),
        settled=np.zeros(pruned_windows, dtype=np.uint8),
        in_flight=np.zeros(pruned_windows, dtype=np.int32),
        window_head=np.full(pruned_windows, -1, dtype=np.int32),
        output=np.zeros(windows, dtype=np.uint8),
        group_left=members_of_group * (work.last_channel - work.first_channel).astype(np.int64),
        causes=np.zeros(COUNTS, dtype=np.int64),
        events=np.empty((event_rows, 5), dtype=np.int64),
    )
    store.contexts[C_OP :: 1 << CONTEXT_SHIFT] = -1
    store.contexts[C_READY :: 1 << CONTEXT_SHIFT] = NEVER
    for pe in range(setting.pes):
        store.free_by_load[0, pe // 64] |= np.uint64(1 << (pe % 64))
    numbers = store.numbers
    numbers[FREE_ROWS] = rows
    numbers[FREE_CONTEXTS] = contexts
    return store


def dram_of(groups: list[WeightGroup]) -> Dram:
    """Lay out the weight stream of an image: two halves free from cycle 0."""
    half_free = np.zeros(len(groups) + 2, dtype=np.int64)
    state = np.array([0, 0, 2], dtype=np.int64)
    bits = np.array([group.bits for group in groups], dtype=np.int64)
    return Dram(
        bits, np.full(len(groups), -1, np.int64), np.full(len(groups), -1, np.int64), half_free, state
    )
