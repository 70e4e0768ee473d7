"""What the units of a carousel remember."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.compiled.allocation import records
from o3sim.compiled.bit_set import BitSet, bit_set_of
from o3sim.compiled.carousel.stream_table import StreamTable
from o3sim.compiled.kernel import NEVER
from o3sim.compiled.record import Table, rows
from o3sim.compiled.records.settings import or_zero
from o3sim.config.architecture import Architecture
from o3sim.contract.carousel.program import CarouselProgram

MOST_DAYS = 2**13
"""Of a calendar: whoever is to be looked at later is looked at in between, in vain."""


class Stream:
    """An open channel of a group.

    Attributes
    ----------
    pass_number, channel, bank : int
    to_hand_out, left : int
        Windows that no PE has taken, and those whose outcome is not known.
    opened_cycle : int
    heard_rounds : int
        Rounds up to which some context hears its word.
    """

    pass_number: int
    channel: int
    bank: int
    to_hand_out: int
    left: int
    opened_cycle: int
    heard_rounds: int


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


class Bank:
    """A weight bank of a group: whether the channel in it is open."""

    is_open: int


class Group:
    """A group of PEs.

    Attributes
    ----------
    next_stream, end_stream : int
        Streams of the layer that are to be opened.
    n_open : int
        Open ones: the first so many of its ``ages``; the numbers behind them are of unused records.
    first_age : int
        The first of them that has windows to hand out, or one before it.
    handed_out : int
        Windows handed out in this cycle.
    opened_cycle : int
        The last cycle in which a channel was opened.
    n_free : int
        Contexts without a window that do not stall.
    """

    next_stream: int
    end_stream: int
    n_open: int
    first_age: int
    handed_out: int
    opened_cycle: int
    n_free: int


class Context:
    """A context of a PE.

    Attributes
    ----------
    stream : int
        The record of its stream; -1 if it holds no window.
    window, member, bit : int
        As of :class:`~o3sim.machine.carousel.context.Context`.
    op, channel, position, pattern, outcome : int
        The op under way.
    begins : int
        Whether it has heard no word yet, though it is to.
    due_cycle : int
        When it is to be looked at: at the turn at which its verdict is taken, or at which it begins to hear.
    heard_position, first_round, end_round : int
        Where it hears, or did last, and in which rounds; noted where reads are shared.
    has_ended, waits : int
        Whether the outcome of its last window has no place yet; whether one waits to be written.
    result_op, result_outcome, result_bit, result_place : int
        The one that waits, and where it is written.
    """

    stream: int
    window: int
    member: int
    bit: int
    op: int
    channel: int
    position: int
    pattern: int
    outcome: int
    begins: int
    due_cycle: int
    heard_position: int
    first_round: int
    end_round: int
    has_ended: int
    waits: int
    result_op: int
    result_outcome: int
    result_bit: int
    result_place: int


class Pe:
    """A PE: the window that it took last, and the rounds up to which its shared reads are counted."""

    window: int
    counted_rounds: int


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


class Calendar:
    """Which PEs are to be looked at in which cycle, for their context whose turn it is then.

    A set of the PEs of each group for each day; days are counted from the layer's first cycle, modulo their
    number.
    """

    mask: int
    due: BitSet


class Units:
    """What units hold.

    Attributes
    ----------
    start_cycle : int
        First cycle of the layer.
    filling, filled_reads, least_need : int
        The filling under way, reads of it that are done, and the least after which some window that was asked
        for can be handed out.
    n_waiting, next_place : int
        Outcomes that wait, and the context from which on they are written.
    windows_left : int
        Windows that are not written.
    set_words : int
        Words of a set of the PEs of a group.
    asks, unfilled, nothing : BitSet
        PEs whose context is free, a set for each group and context: those that are to ask for a window, those
        that asked when activations were not there, and those that asked when there was nothing to hand out.
    waiting : BitSet
        Contexts whose outcome waits, PE by PE.
    """

    start_cycle: int
    filling: int
    filled_reads: int
    least_need: int
    n_waiting: int
    next_place: int
    windows_left: int
    set_words: int
    groups: Table[Group]
    ages: Table[Number]
    streams: Table[Stream]
    cursors: Table[Cursor]
    banks: Table[Bank]
    contexts: Table[Context]
    pes: Table[Pe]
    passes: Table[Pass]
    read_ports: Table[ReadPort]
    output: Table[Bit]
    calendar: Calendar
    asks: BitSet
    unfilled: BitSet
    nothing: BitSet
    waiting: BitSet


group_at = rows("groups", Group)
age_at = rows("ages", Number)
stream_at = rows("streams", Stream)
cursor_at = rows("cursors", Cursor)
bank_at = rows("banks", Bank)
context_at = rows("contexts", Context)
pe_at = rows("pes", Pe)
pass_at = rows("passes", Pass)
read_port_at = rows("read_ports", ReadPort)
bit_at = rows("output", Bit)


def units_of(
    program: CarouselProgram, streams: StreamTable, architecture: Architecture, start_cycle: int
) -> dict[str, Any]:
    """Begin with nothing open, nothing filled, and all contexts free."""
    pes, banks = architecture.pe.count, or_zero(architecture.activation_buffer.banks)
    sizes, groups, windows = program.sizes, program.groups, len(program.members)
    of_tile = program.tiles.sizes
    channels = [weights.last_channel - weights.first_channel for weights in program.weight_groups]
    left = np.concatenate([count * of_tile for count in channels])
    total, opened = windows * program.geometry.out_channels, groups * sizes.open_channels
    days = _days(program, architecture)
    all_pes = _all_of(sizes.pes)
    begins = np.concatenate([[0], streams.ends[:-1]])
    sets = groups * sizes.contexts * len(all_pes)
    return {
        "start_cycle": start_cycle,
        "least_need": NEVER,
        "windows_left": total,
        "set_words": len(all_pes),
        "groups": records(
            Group, groups, next_stream=begins, end_stream=streams.ends, opened_cycle=-1,
            n_free=sizes.pes * sizes.contexts,
        ),
        "ages": records(Number, opened, stream=np.arange(opened)),
        "streams": records(Stream, opened),
        "cursors": records(Cursor, opened * program.tiles.lists),
        "banks": records(Bank, groups * sizes.banks),
        "contexts": records(Context, pes * sizes.contexts, stream=-1),
        "pes": records(Pe, pes, window=-1),
        "passes": records(Pass, len(left), left=left, ended_cycle=NEVER),
        "read_ports": records(ReadPort, banks, cycle=-1),
        "output": records(Bit, total),
        "calendar": {"mask": days - 1, "due": bit_set_of(days * groups * len(all_pes))},
        "asks": bit_set_of(sets, bits=np.tile(all_pes, groups * sizes.contexts)),
        "unfilled": bit_set_of(sets),
        "nothing": bit_set_of(sets),
        "waiting": bit_set_of(-(-pes * sizes.contexts // 64)),
    }  # fmt: skip


def _days(program: CarouselProgram, architecture: Architecture) -> int:
    """Return how many days a calendar has: as many as an op takes at the most, if these are not too many."""
    contexts = program.sizes.contexts
    turns = program.words + -(-architecture.pe.latency_cycles // contexts) + 1
    most = max(turns * contexts, architecture.scheduler.issue_latency_cycles + contexts) + 1
    return 1 << (max(min(most, MOST_DAYS), 2 * contexts) - 1).bit_length()


def _all_of(pes: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return the set of all of so many PEs."""
    words = [(1 << min(64, pes - first)) - 1 for first in range(0, pes, 64)]
    return np.array(words, np.uint64)
