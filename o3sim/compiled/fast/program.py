"""All ops of a layer in program order.

What is known of each is packed before the layer runs; output bits are unpacked after.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from o3sim.compiled.allocation import Allocation
from o3sim.compiled.cycle import SOURCES
from o3sim.compiled.fast.op_records import packed_op
from o3sim.compiled.kernel import _njit, inlined, quotient
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


class Program:
    """The walk over a layer's windows, and what it reads and writes.

    Attributes
    ----------
    groups, pooled, members, out_channels, overlap : int
        Weight groups, pooled positions (or bundles, that counters hand out) and what each owns, channels, and
        the most windows that an op is in.
    width_edges, width_shift : int
    channel_outermost, chunk : int
        Whether channels are outermost, and how many windows are walked member by member; 0 for all.
    checks_bounds, lists_windows, lists_reads, lists_neurons : int
        Whether ops may be decided early; whether the last five tables are to be written.
    edges : int
        Sum over all ops.
    first_channel, end_channel : table
        Of each weight group.
    owned, windows_of, border_of, edges_of, decision_edges, outcomes : table
        As in :class:`o3sim.compiled.records.layer.Layer`.
    row_of_position, row_of_channel : table
        Which entry of the reads is that of an op without words: sum of the two.
    retired_ones : table
    output : table
        Bits of the windows.
    op_records, reads_row, window_of, first_of, step_of : table
        As in :class:`o3sim.compiled.fast.records.Layer`.
    neuron_of : table
        Position * channels + channel of each op.
    """

    groups: int
    pooled: int
    members: int
    out_channels: int
    overlap: int
    width_edges: int
    width_shift: int
    channel_outermost: int
    chunk: int
    checks_bounds: int
    lists_windows: int
    lists_reads: int
    lists_neurons: int
    edges: int
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
    retired_ones: Table[Word]
    output: Table[Bit]
    op_records: Table[OpRecord]
    reads_row: Table[Index]
    window_of: Table[Index]
    first_of: Table[Index]
    step_of: Table[Index]
    neuron_of: Table[Index]


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
_retired_ones = rows("retired_ones", Word)
_output_at = rows("output", Bit)
_op_record_at = rows("op_records", OpRecord)
_reads_row_at = rows("reads_row", Index)
_window_of_op = rows("window_of", Index)
_first_of = rows("first_of", Index)
_step_of = rows("step_of", Index)
_neuron_at = rows("neuron_of", Index)


@inlined
def _walk(p: Program, packs: bool) -> None:
    """Walk over all ops in program order, to pack or to unpack each."""
    op, window = 0, 0
    for group in range(p.groups):
        begin, channels = _first_channel(p, group), _end_channel(p, group) - _first_channel(p, group)
        windows = p.pooled * channels
        chunk = p.chunk if p.chunk > 0 else windows
        pooled, channel = 0, 0
        for first in range(0, windows, chunk):
            size = min(chunk, windows - first)
            at_pooled, at_channel = pooled, channel
            for member in range(p.members):
                pooled, channel = at_pooled, at_channel
                for which in range(size):
                    position = _owned(p, pooled * p.members + member)
                    if position >= 0:
                        if packs:
                            _pack(p, op, position, begin + channel)
                            if p.lists_windows:
                                _list_window(p, op, window + which, size, member)
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
    words = quotient(edges + p.width_edges - 1, p.width_edges, p.width_shift)
    decided = words
    if p.checks_bounds:
        decided = quotient(_decision_edges(p, neuron) + p.width_edges - 1, p.width_edges, p.width_shift)
    p.edges += edges
    _op_record_at(p, op).packed = np.uint32(packed_op(decided, words, _outcome_of(p, neuron), border))
    if p.lists_neurons:
        _neuron_at(p, op).number = np.uint32(neuron)
    if p.lists_reads:
        _reads_row_at(p, op).number = np.uint32(_row_of_position(p, position) + _row_of_channel(p, channel))


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
def _compiled(packs: bool) -> Any:
    """Compile one of the two; the sources are closed over as in :mod:`o3sim.compiled.fast.cycle`."""
    sources = SOURCES

    def walk_program(p: Program) -> bool:
        if sources < 0:
            return False
        _walk(p, packs)
        return True

    return _njit(cache=True, nogil=True, _nrt=False)(walk_program)


def pack_ops(program: Allocation) -> None:
    """Pack all ops."""
    _compiled(True)(program.record)


def unpack_outputs(program: Allocation) -> None:
    """Write the output bits."""
    _compiled(False)(program.record)
