"""All ops of a layer in program order.

What is known of each is packed before the layer runs; output bits are unpacked after. Of a layer of which
sections are to run, words are tallied.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from o3sim.compiled.allocation import Allocation
from o3sim.compiled.cycle import SOURCES
from o3sim.compiled.fast.op_records import packed_op
from o3sim.compiled.kernel import _njit, inlined, quotient, remainder
from o3sim.compiled.record import Table, numbers, rows


class OpRecord:
    """An op (:mod:`o3sim.compiled.fast.op_records`)."""

    packed: np.uint32


class Index:
    """The number of something."""

    number: np.uint32


class Bit:
    """An output bit."""

    bit: np.uint8


class Word:
    """64 ops, as bits."""

    bits: np.uint64


class Part:
    """Windows that follow one another: their ops that retire, and words that decide these."""

    ops: int
    words: int


class Program:
    """The walk over a layer's windows, and what it reads and writes.

    Attributes
    ----------
    groups, pooled, members, out_channels, overlap : int
        Weight groups, pooled positions (or bundles, that counters hand out) and what each owns, channels, and
        the most windows that an op is in.
    first_window, end_window : int
        Windows to walk over, as they follow one another in program order; or bundles, likewise.
    width_edges, width_shift : int
    channel_outermost, chunk : int
        Whether channels are outermost, and how many windows are walked member by member; 0 for all.
    checks_bounds, lists_windows, lists_reads, lists_neurons, lists_addends : int
        Whether ops may be decided early; whether the last six tables are to be written.
    edges : int
        Sum over all ops.
    retired_edges : int
        For a tally: over those that retire.
    first_channel, end_channel : table
        Of each weight group.
    owned, windows_of, border_of, edges_of, decision_edges, outcomes : table
        As in :class:`o3sim.compiled.records.layer.Layer`.
    row_of_position, row_of_channel : table
        Which entry of the reads is that of an op without words: sum of the two.
    addend_of_position, addend_of_channel, addend_words_at : table
        Where in a buffer word what an op adds begins: sum of the two, modulo the word; and by that the words
        that it lies in.
    retired_ones : table
    output : table
        Bits of the windows.
    op_records, reads_row, window_of, first_of, step_of : table
        As in :class:`o3sim.compiled.fast.records.Layer`.
    neuron_of : table
        Position * channels + channel of each op.
    addend_words : table
        As in :class:`o3sim.compiled.fast.records.Layer`.
    prunes_windows, part_windows, part_shift, parts, ones : int, int, int, table, table
        For a tally: whether windows are pruned, windows of a part, and the windows of a chunk that are 1.
    """

    groups: int
    pooled: int
    members: int
    out_channels: int
    overlap: int
    first_window: int
    end_window: int
    width_edges: int
    width_shift: int
    channel_outermost: int
    chunk: int
    checks_bounds: int
    lists_windows: int
    lists_reads: int
    lists_neurons: int
    lists_addends: int
    edges: int
    retired_edges: int
    first_channel: Table[np.int64]
    end_channel: Table[np.int64]
    owned: Table[np.int32]
    windows_of: Table[np.int32]
    border_of: Table[np.int32]
    edges_of: Table[np.int32]
    decision_edges: Table[np.int32]
    outcomes: Table[np.uint8]
    row_of_position: Table[np.int64]
    row_of_channel: Table[np.int64]
    addend_of_position: Table[np.int64]
    addend_of_channel: Table[np.int64]
    addend_words_at: Table[np.int64]
    retired_ones: Table[Word]
    output: Table[Bit]
    op_records: Table[OpRecord]
    reads_row: Table[Index]
    window_of: Table[Index]
    first_of: Table[Index]
    step_of: Table[Index]
    neuron_of: Table[Index]
    addend_words: Table[Index]
    prunes_windows: int
    part_windows: int
    part_shift: int
    parts: Table[Part]
    ones: Table[Bit]


_first_channel = numbers("first_channel", np.int64)
_end_channel = numbers("end_channel", np.int64)
_owned = numbers("owned", np.int32)
_windows_of = numbers("windows_of", np.int32)
_border_of = numbers("border_of", np.int32)
_edges_of = numbers("edges_of", np.int32)
_decision_edges = numbers("decision_edges", np.int32)
_outcome_of = numbers("outcomes", np.uint8)
_row_of_position = numbers("row_of_position", np.int64)
_row_of_channel = numbers("row_of_channel", np.int64)
_addend_of_position = numbers("addend_of_position", np.int64)
_addend_of_channel = numbers("addend_of_channel", np.int64)
_addend_words_at = numbers("addend_words_at", np.int64)
_retired_ones = rows("retired_ones", Word)
_output_at = rows("output", Bit)
_op_record_at = rows("op_records", OpRecord)
_reads_row_at = rows("reads_row", Index)
_window_of_op = rows("window_of", Index)
_first_of = rows("first_of", Index)
_step_of = rows("step_of", Index)
_neuron_at = rows("neuron_of", Index)
_addend_words = rows("addend_words", Index)
_part_at = rows("parts", Part)
_one_at = rows("ones", Bit)

_PACK, _UNPACK, _TALLY = 0, 1, 2  # what is done with every op


@inlined
def _walk(p: Program, work: int) -> None:
    """Walk over ops in program order, to pack or to unpack each."""
    op, window, before = 0, 0, 0
    for group in range(p.groups):
        begin, channels = _first_channel(p, group), _end_channel(p, group) - _first_channel(p, group)
        windows = p.pooled * channels
        chunk = p.chunk if p.chunk > 0 else windows
        first_window, end_window = max(p.first_window - before, 0), min(p.end_window - before, windows)
        before += windows
        pooled, channel = first_window % p.pooled, first_window // p.pooled
        if not p.channel_outermost:
            pooled, channel = first_window // channels, first_window % channels
        for first in range(first_window, end_window, chunk):
            size = min(chunk, end_window - first)
            at_pooled, at_channel = pooled, channel
            for member in range(p.members):
                pooled, channel = at_pooled, at_channel
                for which in range(size):
                    position = _owned(p, pooled * p.members + member)
                    if position >= 0:
                        if work == _PACK:
                            _pack(p, op, position, begin + channel)
                            if p.lists_windows:
                                _list_window(p, op, window + which, size, member)
                        elif work == _TALLY:
                            _tally(p, window + which, which, member, position, begin + channel)
                        else:
                            _unpack(p, op, position, begin + channel)
                        op += 1
                    pooled, channel = _next_window(p, pooled, channel, channels)
            window += size


@inlined
def _next_window(p: Program, pooled: int, channel: int, channels: int) -> tuple[int, int]:
    """Step to the next window of a weight group."""
    if p.channel_outermost:
        pooled += 1
        return (0, channel + 1) if pooled == p.pooled else (pooled, channel)
    channel += 1
    return (pooled + 1, 0) if channel == channels else (pooled, channel)


@inlined
def _pack(p: Program, op: int, position: int, channel: int) -> None:
    """Pack an op."""
    border = _border_of(p, position)
    edges = _edges_of(p, border)
    neuron = position * p.out_channels + channel
    words, decided = _words_of(p, edges), _decided_words_of(p, edges, neuron)
    p.edges += edges
    _op_record_at(p, op).packed = np.uint32(packed_op(decided, words, _outcome_of(p, neuron), border))
    if p.lists_neurons:
        _neuron_at(p, op).number = np.uint32(neuron)
    if p.lists_addends:
        bit = _addend_of_position(p, position) + _addend_of_channel(p, channel)
        place = remainder(bit, p.width_edges, p.width_shift)
        _addend_words(p, op).number = np.uint32(_addend_words_at(p, place))
    if p.lists_reads:
        _reads_row_at(p, op).number = np.uint32(_row_of_position(p, position) + _row_of_channel(p, channel))


@inlined
def _words_of(p: Program, edges: int) -> int:
    """Return the words of so many edges."""
    return quotient(edges + p.width_edges - 1, p.width_edges, p.width_shift)


@inlined
def _decided_words_of(p: Program, edges: int, neuron: int) -> int:
    """Return the words that decide an op of so many edges."""
    return _words_of(p, _decision_edges(p, neuron) if p.checks_bounds else edges)


@inlined
def _tally(p: Program, window: int, which: int, member: int, position: int, channel: int) -> None:
    """Add an op to its part, unless one before it made its window 1."""
    edges = _edges_of(p, _border_of(p, position))
    neuron = position * p.out_channels + channel
    p.edges += edges
    if p.prunes_windows:
        one = _one_at(p, which)
        if member == 0:
            one.bit = np.uint8(0)
        if one.bit:
            return
        one.bit = np.uint8(_outcome_of(p, neuron))
    part = _part_at(p, quotient(window, p.part_windows, p.part_shift))
    p.retired_edges += edges
    part.ops += 1
    part.words += _decided_words_of(p, edges, neuron)


@inlined
def _list_window(p: Program, op: int, window: int, size: int, member: int) -> None:
    """List the window of an op, and its other ops."""
    _window_of_op(p, op).number = np.uint32(window)
    if member == 0:
        _first_of(p, window).number = np.uint32(op)
        _step_of(p, window).number = np.uint32(size)


@inlined
def _unpack(p: Program, op: int, position: int, channel: int) -> None:
    """Let an op that was written as 1 be 1 in the output bits of its windows."""
    one = np.uint8(_retired_ones(p, op >> 6).bits >> np.uint64(op & 63) & np.uint64(1))
    for which in range(p.overlap):
        window = _windows_of(p, position * p.overlap + which)
        if window >= 0:
            _output_at(p, window * p.out_channels + channel).bit |= one


@cache
def _compiled(work: int) -> Any:
    """Compile one of the three; the sources are closed over as in :mod:`o3sim.compiled.fast.cycle`."""
    sources = SOURCES

    def walk_program(p: Program) -> bool:
        if sources < 0:
            return False
        _walk(p, work)
        return True

    return _njit(cache=True, nogil=True, _nrt=False)(walk_program)


def packing_kernels() -> tuple[Any, Any]:
    """Return the kernels that every fast layer calls, before and after it runs."""
    return _compiled(_PACK), _compiled(_UNPACK)


def pack_ops(program: Allocation) -> None:
    """Pack all ops."""
    _compiled(_PACK)(program.record)


def unpack_outputs(program: Allocation) -> None:
    """Write the output bits."""
    _compiled(_UNPACK)(program.record)


def tally_words(program: Allocation) -> None:
    """Tally the ops and words of all parts."""
    _compiled(_TALLY)(program.record)
