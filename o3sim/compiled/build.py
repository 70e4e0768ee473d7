"""Lay out the memory of a layer for the kernels: bounded by the layer and the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from o3sim.compiled import numbers as n
from o3sim.compiled.memory import Memory
from o3sim.contract.program_order import window_members
from o3sim.contract.weight_groups import WeightGroup, weight_words
from o3sim.contract.word_addresses import word_addresses

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry
    from o3sim.profile.classes import ClassRace
    from o3sim.profile.profile import LayerProfile

POLICY_NUMBERS = {"out_of_order": n.OUT_OF_ORDER, "in_order": n.IN_ORDER, "lockstep": n.LOCKSTEP}


class Sections:
    """Put sections one behind the other; note where each begins."""

    def __init__(self, start: int) -> None:
        self.size = start
        self.starts: dict[int, int] = {}
        self.filled: list[tuple[int, NDArray[np.int64]]] = []

    def reserve(self, name: int, size: int) -> int:
        """Begin a section of zeros; return where."""
        self.starts[name] = self.size
        self.size += size
        return self.starts[name]

    def add(self, name: int, values: ArrayLike) -> int:
        """Begin a section with these values; return where."""
        array = np.asarray(values, dtype=np.int64).ravel()
        start = self.reserve(name, len(array))
        self.filled.append((start, array))
        return start

    def build(self) -> NDArray[np.int64]:
        """Make the memory, section starts in its header."""
        m = np.zeros(self.size, dtype=np.int64)
        for name, start in self.starts.items():
            m[name] = start
        for start, array in self.filled:
            m[start : start + len(array)] = array
        return m


def settings_of(architecture: Architecture) -> dict[int, int]:
    """Turn an architecture into header numbers."""
    a = architecture
    limit = a.scheduler.window_in_flight_ops
    activation_banks, weight_banks = _or_zero(a.activation_buffer.banks), _or_zero(a.weight_buffer.banks)
    return {
        n.S_PES: a.pe.count,
        n.S_CONTEXTS: a.pe.contexts,
        n.S_WIDTH: a.pe.width_edges,
        n.S_WIDTH_SHIFT: _shift(a.pe.width_edges),
        n.S_LATENCY: a.pe.latency_cycles,
        n.S_SPECULATE: a.pe.speculate,
        n.S_SEQUENCER_WIDTH: a.sequencer.width_ops,
        n.S_MEMBER_MAJOR: a.sequencer.order == "member_major",
        n.S_CHANNEL_OUTERMOST: a.sequencer.outermost == "channel",
        n.S_GROUP_WINDOWS: a.sequencer.group_windows,
        n.S_DEPTH: a.issue_queue.depth_ops,
        n.S_POLICY: POLICY_NUMBERS[a.scheduler.policy],
        n.S_ISSUE_WIDTH: a.scheduler.issue_width_ops,
        n.S_ISSUE_LATENCY: a.scheduler.issue_latency_cycles,
        n.S_LIMIT: n.UNLIMITED if limit == "unlimited" else limit,
        n.S_ACTIVATION_BANKS: activation_banks,
        n.S_ACTIVATION_SHIFT: _shift(activation_banks),
        n.S_WEIGHT_BANKS: weight_banks,
        n.S_WEIGHT_SHIFT: _shift(weight_banks),
        n.S_WRITE_WIDTH: a.output_buffer.write_width_ops,
        n.S_SQUASH_LATENCY: a.pruning.squash_latency_cycles,
        n.S_DRAM_BITS: _or_zero(a.dram.bits_per_cycle),
        n.S_DRAM_LATENCY: a.dram.latency_cycles,
    }


def _or_zero(value: int | str) -> int:
    """Turn ``ideal`` into 0."""
    return 0 if isinstance(value, str) else value


def _shift(number: int) -> int:
    """Which power of two a number is; -1 if it is none."""
    return number.bit_length() - 1 if number > 0 and number & (number - 1) == 0 else -1


def can_skip_ahead(architecture: Architecture, verdict_after: int) -> bool:
    """Tell whether what a PE does between events follows from its ops alone, in closed form."""
    ideal = architecture.activation_buffer.banks == architecture.weight_buffer.banks == "ideal"
    in_turn = verdict_after == 1 or (verdict_after == 2 and architecture.pe.speculate)
    return ideal and in_turn and architecture.scheduler.issue_latency_cycles == 0


def is_plain(architecture: Architecture) -> bool:
    """Tell whether words can move in the loop that is compiled for such machines alone."""
    a = architecture
    banks = _or_zero(a.activation_buffer.banks), _or_zero(a.weight_buffer.banks)
    in_turn = a.pe.contexts == n.PLAIN_CONTEXTS and a.pe.speculate and a.scheduler.issue_latency_cycles == 0
    return in_turn and min(map(_shift, banks)) >= 0


def memory_of(
    profile: LayerProfile,
    groups: list[WeightGroup],
    first_group: int,
    architecture: Architecture,
    dram: NDArray[np.int64],
    trace: dict[int, int],
    event_rows: int,
    row_cycles: NDArray[np.int64] | None = None,
) -> Memory:
    """Lay out a layer.

    Parameters
    ----------
    profile : LayerProfile
    groups : list of WeightGroup
        The layer's weight groups.
    first_group : int
        Number of the first of them among those of all layers.
    architecture : Architecture
    dram : int64 array
        The weight stream, from :func:`dram_of`.
    trace : dict of int to int
        Header numbers that say which events are noted.
    event_rows : int
        Events there is room for.
    row_cycles : int64 array, shape (out_height,), optional
        Of a stage of a pipeline: first cycle in which the neurons of each output row can be dispatched.
    """
    geometry = profile.geometry
    facts = _facts_of(profile, architecture, skips=not trace.get(n.S_TRACE))
    facts[n.L_GROUPS], facts[n.L_FIRST_GROUP] = len(groups), first_group
    sections = Sections(n.HEADER)
    _add_tables(sections, facts, geometry, architecture.pe.width_edges)
    positions = facts[n.L_OPS] // geometry.out_channels
    sections.add(n.AT_GROUPS, [_group_record(group, positions) for group in groups])
    windows = geometry.pooled_height * geometry.pooled_width * geometry.out_channels
    rows = _reserve_ops(sections, facts, architecture)
    _reserve_machine(sections, facts, architecture, windows if facts[n.L_PRUNES_POOLING] else 0)
    if profile.race is not None and architecture.pruning.argmax:
        _add_race(sections, facts, profile.race, architecture)
    if row_cycles is not None:
        _add_rows(sections, facts, geometry, row_cycles)
    bits = np.zeros(_reserve_bits(sections, facts, architecture), dtype=np.uint64)
    m = sections.build()
    for place, value in (settings_of(architecture) | facts | trace).items():
        m[place] = value
    _start(m, bits, rows)
    return Memory(
        m=m,
        bits=bits,
        d=dram,
        decision=profile.decision.reshape(-1, geometry.out_channels),
        outcome=profile.outcome.reshape(-1, geometry.out_channels),
        output=np.zeros(windows, dtype=np.uint8),
        events=np.empty((event_rows, 5), dtype=np.int64),
    )


def _facts_of(profile: LayerProfile, architecture: Architecture, skips: bool) -> dict[int, int]:
    """Turn a layer on an architecture into header numbers; ``skips``: cycles may be skipped at all."""
    geometry = profile.geometry
    members = window_members(geometry)
    checks_bounds = architecture.pruning.threshold and not profile.scores
    prunes_pooling = architecture.pruning.pooling and geometry.pool is not None and not profile.scores
    verdict_after = architecture.pe.latency_cycles if checks_bounds else 1
    races = profile.race is not None and architecture.pruning.argmax
    gathers = word_addresses(geometry, architecture.pe.width_edges).gathers
    return {
        n.L_OPS: int((members.owned >= 0).sum()) * geometry.out_channels,
        n.L_OUT_CHANNELS: geometry.out_channels,
        n.L_POOLED: members.owned.shape[0],
        n.L_MEMBERS: members.owned.shape[1],
        n.L_OVERLAP: members.windows_of.shape[1],
        n.L_WEIGHT_WORDS: weight_words(geometry, architecture.pe.width_edges),
        n.L_CHECKS_BOUNDS: checks_bounds,
        n.L_PRUNES_POOLING: prunes_pooling,
        n.L_VERDICT_AFTER: verdict_after,
        n.L_SKIPS_AHEAD: skips and not gathers and not races and can_skip_ahead(architecture, verdict_after),
        n.L_PLAIN: skips and not gathers and not races and is_plain(architecture),
        n.L_PE_WORDS: (architecture.pe.count + 63) // 64,
    }


def _add_tables(sections: Sections, facts: dict[int, int], geometry: Geometry, width_edges: int) -> None:
    """Add what the kernels look up of a layer's shape: windows, borders, operand addresses."""
    members = window_members(geometry)
    addresses = word_addresses(geometry, width_edges)
    facts[n.L_TABLE_WORDS] = addresses.weight_word.shape[1]
    sections.add(n.AT_POSITIONS, np.stack([addresses.border_of, addresses.base_bit], axis=1))
    sections.add(n.AT_WORDS, np.stack([addresses.activation_bit, addresses.weight_word], axis=2))
    sections.add(n.AT_EDGES, addresses.n_edges)
    last_address = max(
        (int(addresses.base_bit.max()) + int(addresses.run_bit.max())) // width_edges,
        geometry.out_channels * weight_words(geometry, width_edges),
    )
    facts[n.L_ADDRESS_BITS] = last_address.bit_length()
    sections.add(n.AT_FIRST_ROW, addresses.first_row)
    facts[n.L_GATHERS] = addresses.gathers
    if addresses.gathers:
        sections.add(n.AT_RUN_STARTS, addresses.run_start)
        sections.add(n.AT_RUNS, addresses.run_bit)
    sections.add(n.AT_OWNED, members.owned)
    sections.add(n.AT_WINDOWS_OF, members.windows_of)


def _add_race(sections: Sections, facts: dict[int, int], race: ClassRace, architecture: Architecture) -> None:
    """Add which class beats which, and room for the cycles of the words of every context."""
    facts[n.L_RACE], facts[n.LEADER] = 1, -1
    sections.add(n.AT_RANK, race.rank)
    sections.add(n.AT_BEATEN, race.beaten_after)
    sections.reserve(
        n.AT_WORD_CYCLES, architecture.pe.count * architecture.pe.contexts * facts[n.L_TABLE_WORDS]
    )


def _add_rows(
    sections: Sections, facts: dict[int, int], geometry: Geometry, row_cycles: NDArray[np.int64]
) -> None:
    """Add what a stage of a pipeline waits for, by position, and the rows that it hands on."""
    facts[n.L_STAGE] = 1
    facts[n.L_ROW_WINDOWS] = geometry.pooled_width * geometry.out_channels
    sections.add(n.AT_NOT_BEFORE, np.repeat(row_cycles, geometry.out_width))
    sections.reserve(n.AT_ROWS_WRITTEN, geometry.pooled_height)


def _group_record(group: WeightGroup, positions: int) -> tuple[int, int, int]:
    """Return a group's first channel, the one behind its last, and its ops."""
    return group.first_channel, group.last_channel, positions * (group.last_channel - group.first_channel)


def _reserve_ops(sections: Sections, facts: dict[int, int], architecture: Architecture) -> int:
    """Reserve what ops between dispatch and their end need; return how many there can be.

    Dispatched ops wait in the queue; each PE holds its contexts, has at most a verdict a cycle under
    way for its latency, and stalls while one waits to be written; retired ops wait to be seen.
    """
    pe, ops = architecture.pe, facts[n.L_OPS]
    in_pes = pe.count * (2 * pe.contexts + 2 * pe.latency_cycles + 2)
    shown = architecture.output_buffer.write_width_ops * (architecture.pruning.squash_latency_cycles + 1)
    rows = min(ops, architecture.issue_queue.depth_ops + in_pes + shown) + 2
    ring = 1 << rows.bit_length()
    facts[n.L_RING_MASK] = ring - 1
    sections.reserve(n.AT_OPS, rows << n.OP_SHIFT)
    sections.reserve(n.AT_LINKS, 2 * rows * facts[n.L_OVERLAP])
    sections.add(n.AT_FREE_ROWS, np.arange(rows))
    sections.reserve(n.AT_ROW_OF, ops)
    for queue in (n.AT_VERDICTS, n.AT_CONSTANTS, n.AT_SHOWN):
        sections.reserve(queue, 2 * ring)
    sections.reserve(n.AT_ARRIVING, min(architecture.sequencer.width_ops, ops))
    sections.reserve(n.AT_KNOWN, rows)
    sections.reserve(n.AT_SETTLED, rows * facts[n.L_OVERLAP])
    sections.reserve(n.AT_WAITING, rows)
    return rows


def _reserve_machine(
    sections: Sections, facts: dict[int, int], architecture: Architecture, pruned_windows: int
) -> None:
    """Reserve the records of PEs, contexts, windows, banks and the calendar."""
    pe = architecture.pe
    record = np.zeros((pe.count, 1 << n.PE_SHIFT), dtype=np.int64)
    record[:, n.PE_PLANNED] = n.NEVER
    sections.add(n.AT_PES, record)
    record = np.zeros((pe.count * pe.contexts, 1 << n.CONTEXT_SHIFT), dtype=np.int64)
    record[:, n.C_OP] = -1
    record[:, n.C_READY] = n.NEVER
    record[:, n.C_KEY] = n.NEVER
    sections.add(n.AT_CONTEXTS, record)
    record = np.zeros((pruned_windows, 1 << n.WINDOW_SHIFT), dtype=np.int64)
    record[:, n.W_HEAD] = -1
    sections.add(n.AT_WINDOWS, record)
    sections.reserve(n.AT_TOUCHED, pe.count)
    sections.reserve(n.AT_REQUESTS, pe.count << n.REQUEST_SHIFT)
    sections.add(n.AT_ACTIVATION_CLAIMS, np.full(_or_zero(architecture.activation_buffer.banks), -1))
    sections.add(n.AT_WEIGHT_CLAIMS, np.full(_or_zero(architecture.weight_buffer.banks), -1))
    sections.add(n.AT_CALENDAR, np.full(n.CALENDAR if facts[n.L_SKIPS_AHEAD] else 0, -1))


def _reserve_bits(sections: Sections, facts: dict[int, int], architecture: Architecture) -> int:
    """Place the bit sets; return how many words they take."""
    op_words, pe_words = facts[n.L_OPS] // 64 + 2, facts[n.L_PE_WORDS]
    size = 0
    for name, words in (
        (n.B_READY, op_words),
        (n.B_QUEUED, op_words),
        (n.B_BUSY, pe_words),
        (n.B_FREE, pe_words * architecture.pe.contexts),
        (n.B_CALENDAR, n.CALENDAR // 64),
    ):
        sections.starts[name] = size
        size += words
    return size


def _start(m: NDArray[np.int64], bits: NDArray[np.uint64], rows: int) -> None:
    """Set the state of a machine that holds nothing."""
    m[n.FREE_ROWS] = rows
    m[n.FREE_CONTEXTS] = m[n.S_PES] * m[n.S_CONTEXTS]
    pes = int(m[n.S_PES])
    for word in range(int(m[n.L_PE_WORDS])):
        free = min(64, pes - 64 * word)
        bits[m[n.B_FREE] + word] = np.uint64((1 << free) - 1)


def dram_of(groups: list[WeightGroup]) -> NDArray[np.int64]:
    """Lay out the weight stream of an image: nothing asked for, two halves free from cycle 0."""
    run = len(groups) + 2
    d = np.zeros(n.D_HEADER + 4 * run, dtype=np.int64)
    d[n.D_GROUPS] = len(groups)
    d[n.D_HALVES_FREED] = 2
    runs = d[n.D_HEADER :].reshape(4, run)
    runs[n.D_BITS, : len(groups)] = [group.bits for group in groups]
    runs[n.D_START] = -1
    runs[n.D_ARRIVAL] = -1
    return d


def dram_run(d: NDArray[np.int64], which: int) -> NDArray[np.int64]:
    """Return one run of the weight stream, a number for each group."""
    groups = int(d[n.D_GROUPS])
    runs = d[n.D_HEADER :].reshape(4, groups + 2)
    picked: NDArray[np.int64] = runs[which, :groups]
    return picked
