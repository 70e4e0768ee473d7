"""What the units of a carousel remember."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.allocation import located, records
from o3sim.compiled.kernel import NEVER
from o3sim.compiled.record import Table, numbers, rows
from o3sim.compiled.records.settings import or_zero, shift_of
from o3sim.config.architecture import Architecture
from o3sim.contract.carousel.program import CarouselProgram


class Settings:
    """Settings of an architecture; 0 banks or bits of DRAM stand for ``ideal``.

    Shifts are -1 where a number is no power of two. ``written_banks`` are those of the activation buffer, of
    which the broadcast reads.
    """

    pes: int
    width_edges: int
    width_shift: int
    latency_cycles: int
    issue_latency_cycles: int
    windows_per_cycle: int
    take_from_neighbour: int
    share_patch_reads: int
    aligned: int
    write_width_ops: int
    written_banks: int
    written_shift: int
    broadcast_words: int
    dram_bits_per_cycle: int
    dram_latency_cycles: int


class Layer:
    """Facts of a layer; names are those of :class:`~o3sim.contract.carousel.program.CarouselProgram`.

    Attributes
    ----------
    groups, group_pes, contexts, open_channels, banks : int
        Groups of PEs, and what each has; 0 banks stand for ``ideal``.
    windows, members, out_channels, words : int
        Windows of a channel, their members, and the words that go round.
    lists, tiles, fills : int
    has_thresholds, checks_bounds, prunes_pooling : int
    writes_back : int
        Whether output bits take the ports of banks.
    first_output_word : int
    order, tile_start, need, reads, first_read, tile_words : table
        As in :class:`~o3sim.contract.carousel.tiles.Tiles`.
    member_at, pattern_of, plane_of : table
        Position of each member of each window, pattern of each position, plane of each word.
    word_edges : table
        Edges of each word under each pattern.
    n_edges, totals : table
        Edges of a neuron under each pattern, counted and weighted.
    most_mismatches, matches, outcomes : table
    channel_of, pass_of, bank_of : table
        Items of each stream, those of a group one behind the other.
    """

    groups: int
    group_pes: int
    contexts: int
    open_channels: int
    banks: int
    windows: int
    members: int
    out_channels: int
    words: int
    lists: int
    tiles: int
    fills: int
    has_thresholds: int
    checks_bounds: int
    prunes_pooling: int
    writes_back: int
    first_output_word: int
    order: Table[np.int32]
    tile_start: Table[np.int32]
    need: Table[np.int32]
    reads: Table[np.int32]
    first_read: Table[np.int32]
    tile_words: Table[np.int32]
    member_at: Table[np.int32]
    pattern_of: Table[np.int32]
    plane_of: Table[np.int32]
    word_edges: Table[np.int32]
    n_edges: Table[np.int64]
    totals: Table[np.int64]
    most_mismatches: Table[np.int64]
    matches: Table[np.uint16]
    outcomes: Table[np.uint8]
    channel_of: Table[np.int32]
    pass_of: Table[np.int32]
    bank_of: Table[np.int32]


order = numbers("order", np.int32)
tile_start = numbers("tile_start", np.int32)
need = numbers("need", np.int32)
reads = numbers("reads", np.int32)
first_read = numbers("first_read", np.int32)
tile_words = numbers("tile_words", np.int32)
member_at = numbers("member_at", np.int32)
pattern_of = numbers("pattern_of", np.int32)
plane_of = numbers("plane_of", np.int32)
word_edges = numbers("word_edges", np.int32)
n_edges = numbers("n_edges", np.int64)
totals = numbers("totals", np.int64)
most_mismatches = numbers("most_mismatches", np.int64)
matches = numbers("matches", np.uint16)
outcome_of = numbers("outcomes", np.uint8)
channel_of = numbers("channel_of", np.int32)
pass_of = numbers("pass_of", np.int32)
bank_of = numbers("bank_of", np.int32)


class Stream:
    """An open channel of a group; ``older`` streams stand before it."""

    pass_number: int
    channel: int
    bank: int
    left: int
    opened_cycle: int
    heard_round: int


class Cursor:
    """The windows of a list that a stream is still to hand out, by their places.

    ``first_taken`` is the one from which on a neighbour may take them.
    """

    next_window: int
    end_window: int
    first_taken: int


class Number:
    """Which stream record is the n-th oldest that is open, or not in use."""

    stream: int


class Group:
    """A group of PEs.

    Attributes
    ----------
    next_stream, end_stream : int
        Streams of the layer that are to be opened.
    n_open : int
        Open ones: the first so many of its ``ages``; the numbers behind them are of unused records.
    handed_out : int
        Windows handed out in this cycle.
    """

    next_stream: int
    end_stream: int
    n_open: int
    handed_out: int


class Context:
    """A context of a PE.

    Attributes
    ----------
    stream : int
        The record of its stream; -1 if it holds no window.
    window, member, bit : int
        As of :class:`~o3sim.machine.carousel.context.Context`.
    known_cycle : int
        NEVER while the op is not decided.
    is_constant, ready_cycle, words, decided_words : int
    edges, wasted_edges, seen, missed, total, most : int
        As of :class:`~o3sim.machine.carousel.context.Running`.
    op, position, channel, pattern, outcome : int
    has_ended, waits : int
        Whether the outcome of its last window has no place yet; whether one waits to be written.
    result_op, result_outcome, result_bit, result_place : int
        The one that waits, and where it is written.
    """

    stream: int
    window: int
    member: int
    bit: int
    known_cycle: int
    is_constant: int
    ready_cycle: int
    words: int
    decided_words: int
    edges: int
    wasted_edges: int
    seen: int
    missed: int
    total: int
    most: int
    op: int
    position: int
    channel: int
    pattern: int
    outcome: int
    has_ended: int
    waits: int
    result_op: int
    result_outcome: int
    result_bit: int
    result_place: int


class Pe:
    """A PE: the word that it read last, by its round and position, and the window that it took last."""

    read_round: int
    read_position: int
    window: int


class Pass:
    """A tile under a weight group: windows whose outcome is not known, and when the last was."""

    left: int
    ended_cycle: int


class ReadPort:
    """A bank of the activation buffer: the last cycle in which it gave a word to be broadcast."""

    cycle: int


class Bit:
    """What a window came out as."""

    bit: np.uint8


class Units:
    """What units hold.

    Attributes
    ----------
    start_cycle : int
        First cycle of the layer.
    filling, filled_reads : int
        The filling under way, and reads of it that are done.
    n_waiting, next_place : int
        Outcomes that wait, and the context from which on they are written.
    windows_left : int
        Windows that are not written.
    """

    start_cycle: int
    filling: int
    filled_reads: int
    n_waiting: int
    next_place: int
    windows_left: int
    groups: Table[Group]
    ages: Table[Number]
    streams: Table[Stream]
    cursors: Table[Cursor]
    contexts: Table[Context]
    pes: Table[Pe]
    passes: Table[Pass]
    read_ports: Table[ReadPort]
    output: Table[Bit]


group_at = rows("groups", Group)
age_at = rows("ages", Number)
stream_at = rows("streams", Stream)
cursor_at = rows("cursors", Cursor)
context_at = rows("contexts", Context)
pe_at = rows("pes", Pe)
pass_at = rows("passes", Pass)
read_port_at = rows("read_ports", ReadPort)
bit_at = rows("output", Bit)


def settings_of(architecture: Architecture) -> dict[str, int]:
    """Turn an architecture into numbers."""
    a = architecture
    return {
        "pes": a.pe.count,
        "width_edges": a.pe.width_edges,
        "width_shift": shift_of(a.pe.width_edges),
        "latency_cycles": a.pe.latency_cycles,
        "issue_latency_cycles": a.scheduler.issue_latency_cycles,
        "windows_per_cycle": a.scheduler.windows_per_cycle,
        "take_from_neighbour": a.scheduler.take_from_neighbour,
        "share_patch_reads": a.activation_buffer.share_patch_reads != "none",
        "aligned": a.activation_buffer.share_patch_reads == "aligned",
        "write_width_ops": a.output_buffer.write_width_ops,
        "written_banks": or_zero(a.activation_buffer.banks),
        "written_shift": shift_of(or_zero(a.activation_buffer.banks)),
        "broadcast_words": or_zero(a.activation_buffer.broadcast_words) or NEVER,
        "dram_bits_per_cycle": or_zero(a.dram.bits_per_cycle),
        "dram_latency_cycles": a.dram.latency_cycles,
    }


def layer_of(program: CarouselProgram, architecture: Architecture) -> dict[str, Any]:
    """Describe a layer."""
    sizes, tiles, edges = program.sizes, program.tiles, program.edges
    weighted = edges.edges.astype(np.int64) << edges.plane_of
    streams = [stream for group in range(program.groups) for stream in program.streams(group)]
    passes = np.array([number for number, _ in streams], np.int32)
    banks = [program.bank_of(number // tiles.number, channel) for number, channel in streams]
    matched, has_ports = program.matches, architecture.activation_buffer.banks != "ideal"
    return {
        "groups": program.groups,
        "group_pes": sizes.pes,
        "contexts": sizes.contexts,
        "open_channels": sizes.open_channels,
        "banks": sizes.banks,
        "windows": len(program.members),
        "members": program.members.shape[1],
        "out_channels": program.geometry.out_channels,
        "words": program.words,
        "lists": tiles.lists,
        "tiles": tiles.number,
        "fills": program.fills,
        "has_thresholds": not program.scores,
        "checks_bounds": matched is not None,
        "prunes_pooling": program.prunes_pooling,
        "writes_back": has_ports and program.first_output_word is not None,
        "first_output_word": program.first_output_word or 0,
        "order": located(tiles.windows, np.int32),
        "tile_start": located(tiles.start, np.int32),
        "need": located(tiles.need, np.int32),
        "reads": located(tiles.reads, np.int32),
        "first_read": located(tiles.first_read, np.int32),
        "tile_words": located(tiles.words, np.int32),
        "member_at": located(program.members, np.int32),
        "pattern_of": located(edges.pattern_of, np.int32),
        "plane_of": located(edges.plane_of, np.int32),
        "word_edges": located(edges.edges, np.int32),
        "n_edges": located(edges.edges.sum(axis=1, dtype=np.int64), np.int64),
        "totals": located(weighted.sum(axis=1), np.int64),
        "most_mismatches": 0 if matched is None else located(matched.most_mismatches, np.int64),
        "matches": 0 if matched is None else located(matched.matches, np.uint16),
        "outcomes": located(program.outcome, np.uint8),
        "channel_of": located(np.array([channel for _, channel in streams]), np.int32),
        "pass_of": located(passes, np.int32),
        "bank_of": located(np.array(banks), np.int32),
    }


def units_of(program: CarouselProgram, architecture: Architecture, start_cycle: int) -> dict[str, Any]:
    """Begin with nothing open, nothing filled, and all contexts free."""
    pes, banks = architecture.pe.count, or_zero(architecture.activation_buffer.banks)
    sizes, groups, windows = program.sizes, program.groups, len(program.members)
    ends = np.cumsum([len(program.streams(group)) for group in range(groups)])
    of_tile = program.tiles.sizes
    channels = [weights.last_channel - weights.first_channel for weights in program.weight_groups]
    left = np.concatenate([count * of_tile for count in channels])
    total = windows * program.geometry.out_channels
    return {
        "start_cycle": start_cycle,
        "windows_left": total,
        "groups": records(Group, groups, next_stream=np.concatenate([[0], ends[:-1]]), end_stream=ends),
        "ages": records(Number, groups * sizes.open_channels, stream=np.arange(groups * sizes.open_channels)),
        "streams": records(Stream, groups * sizes.open_channels),
        "cursors": records(Cursor, groups * sizes.open_channels * program.tiles.lists),
        "contexts": records(Context, pes * sizes.contexts, stream=-1, known_cycle=NEVER),
        "pes": records(Pe, pes, read_round=-1, window=-1),
        "passes": records(Pass, len(left), left=left, ended_cycle=NEVER),
        "read_ports": records(ReadPort, banks, cycle=-1),
        "output": records(Bit, total),
    }
