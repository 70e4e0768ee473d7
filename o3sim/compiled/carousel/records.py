"""What a carousel and a layer of it are, in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.allocation import Located, located
from o3sim.compiled.carousel.stream_table import StreamTable
from o3sim.compiled.kernel import NEVER
from o3sim.compiled.record import Table, numbers
from o3sim.compiled.records.settings import or_zero, shift_of
from o3sim.config.architecture import Architecture
from o3sim.contract.carousel.program import CarouselProgram
from o3sim.profile.word_matches import MOST_EDGES_OF_A_BYTE

BYTES = 8
"""Looked at together."""


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
    windows, members, out_channels, words, positions : int
        Windows of a channel, their members, the words that go round, and output positions.
    lists, tiles, fills : int
    has_thresholds, checks_bounds, prunes_pooling : int
    counts_bytes : int
        Whether matches are bytes of one plane each: then eight are looked at together.
    writes_back : int
        Whether output bits take the ports of banks.
    first_output_word : int
    order, tile_start, need, reads, first_read, tile_words : table
        As in :class:`~o3sim.contract.carousel.tiles.Tiles`.
    member_at : table
        Position of each member of each window, windows as they are handed out.
    later_edges : table
        Edges of all members after each of them.
    pattern_of, plane_of : table
        Pattern of each position, plane of each word.
    edges_before, weight_before : table
        Edges of the words before each word, and of all, under each pattern; counted and weighted.
    most_mismatches, outcomes : table
    eight_matches, eight_matches_at, first_byte : table, int, int
        Matches as words of eight bytes, their address, and which of the bytes is the first.
    matches : table
        Matches where they are not looked at so.
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
    positions: int
    lists: int
    tiles: int
    fills: int
    has_thresholds: int
    checks_bounds: int
    prunes_pooling: int
    counts_bytes: int
    writes_back: int
    first_output_word: int
    order: Table[np.int32]
    tile_start: Table[np.int32]
    need: Table[np.int32]
    reads: Table[np.int32]
    first_read: Table[np.int32]
    tile_words: Table[np.int32]
    member_at: Table[np.int32]
    later_edges: Table[np.int64]
    pattern_of: Table[np.int32]
    plane_of: Table[np.int32]
    edges_before: Table[np.int64]
    weight_before: Table[np.int64]
    most_mismatches: Table[np.int64]
    outcomes: Table[np.uint8]
    eight_matches: Table[np.int64]
    eight_matches_at: int
    first_byte: int
    matches: Table[np.uint16]
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
later_edges = numbers("later_edges", np.int64)
edges_before = numbers("edges_before", np.int64)
weight_before = numbers("weight_before", np.int64)
most_mismatches = numbers("most_mismatches", np.int64)
outcome_of = numbers("outcomes", np.uint8)
eight_matches = numbers("eight_matches", np.int64)
matches = numbers("matches", np.uint16)
channel_of = numbers("channel_of", np.int32)
pass_of = numbers("pass_of", np.int32)
bank_of = numbers("bank_of", np.int32)


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


def layer_of(program: CarouselProgram, streams: StreamTable, architecture: Architecture) -> dict[str, Any]:
    """Describe a layer."""
    sizes, tiles, edges = program.sizes, program.tiles, program.edges
    has_ports = architecture.activation_buffer.banks != "ideal"
    members = program.members[tiles.windows]
    n_edges = edges.edges.sum(axis=1, dtype=np.int64)[edges.pattern_of[members]]
    return {
        "groups": program.groups,
        "group_pes": sizes.pes,
        "contexts": sizes.contexts,
        "open_channels": sizes.open_channels,
        "banks": sizes.banks,
        "windows": len(members),
        "members": members.shape[1],
        "out_channels": program.geometry.out_channels,
        "words": program.words,
        "positions": len(edges.pattern_of),
        "lists": tiles.lists,
        "tiles": tiles.number,
        "fills": program.fills,
        "has_thresholds": not program.scores,
        "checks_bounds": program.matches is not None,
        "prunes_pooling": program.prunes_pooling,
        "writes_back": has_ports and program.first_output_word is not None,
        "first_output_word": program.first_output_word or 0,
        "order": located(tiles.windows, np.int32),
        "tile_start": located(tiles.start, np.int32),
        "need": located(tiles.need, np.int32),
        "reads": located(tiles.reads, np.int32),
        "first_read": located(tiles.first_read, np.int32),
        "tile_words": located(tiles.words, np.int32),
        "member_at": located(members, np.int32),
        "later_edges": located(n_edges.sum(axis=1, keepdims=True) - n_edges.cumsum(axis=1), np.int64),
        "pattern_of": located(edges.pattern_of, np.int32),
        "plane_of": located(edges.plane_of, np.int32),
        "edges_before": located(_before(edges.edges), np.int64),
        "weight_before": located(_before(edges.edges.astype(np.int64) << edges.plane_of), np.int64),
        "outcomes": located(program.outcome, np.uint8),
        "channel_of": located(streams.channels, np.int32),
        "pass_of": located(streams.passes, np.int32),
        "bank_of": located(streams.banks, np.int32),
        **_matches_of(program, architecture.pe.width_edges),
    }


def _before(edges: NDArray[Any]) -> NDArray[np.int64]:
    """Sum the words before each, and before none."""
    return np.pad(edges.cumsum(axis=1, dtype=np.int64), ((0, 0), (1, 0)))


def _matches_of(program: CarouselProgram, width_edges: int) -> dict[str, Any]:
    """Describe the matches of a layer: channel by channel, position by position, word by word."""
    if program.matches is None:
        return {}
    counted = program.matches.matches.transpose(2, 0, 1)
    bounds = {"most_mismatches": located(program.matches.most_mismatches, np.int64)}
    if width_edges > MOST_EDGES_OF_A_BYTE or program.edges.plane_of.any():
        return {**bounds, "matches": located(counted, np.uint16)}
    table = located(counted, np.uint8)
    first_byte = table.address % BYTES
    eights = Located(table.array, table.address - first_byte)
    return {
        **bounds,
        "counts_bytes": True,
        "eight_matches": eights,
        "eight_matches_at": eights.address,
        "first_byte": first_byte,
    }
