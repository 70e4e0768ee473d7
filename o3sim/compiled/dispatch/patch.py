"""The patch memories: which columns of the map all PEs hold, and what is broadcast next."""

from __future__ import annotations

from typing import Protocol

from o3sim.compiled.kernel import inlined
from o3sim.compiled.records.output_bits import OutputBits
from o3sim.compiled.records.weight_stream import WeightGroups
from o3sim.compiled.records.windows import Seat, Windows, end_column, first_column, left_at
from o3sim.contract.counters import LayerCounters


class Moving(Protocol):
    """A clock, as far as it says that something moved."""

    moved: int


class Patched(Protocol):
    """The memory of a layer, as far as patches go."""

    windows: Windows
    weight_groups: WeightGroups
    output_bits: OutputBits
    counts: LayerCounters

    @property
    def clock(self) -> Moving:
        """The clock of the layer."""


@inlined
def broadcast(x: Patched) -> None:
    """Broadcast this cycle's words."""
    patch = x.windows.patch
    if not patch.is_there:
        return
    patch.there = patch.filled
    if patch.filled == patch.columns or not _has_room(x):
        return
    left = patch.column_words - patch.column_words_in
    words = left
    if patch.words_per_cycle > 0:  # a bank that writes output bits reads nothing
        words = min(left, patch.words_per_cycle - x.output_bits.n_writing)
        x.counts.write_conflicts += min(left, patch.words_per_cycle) - words
    patch.words += words
    patch.column_words_in += words
    x.clock.moved = 1
    if words == left:
        patch.filled += 1
        patch.column_words_in = 0


@inlined
def _has_room(x: Patched) -> bool:
    """Whether no window needs what the next column takes the room of."""
    patch = x.windows.patch
    if patch.stays:
        return True
    last = x.weight_groups.n_groups * patch.places
    while patch.open < last and left_at(patch, patch.open).tasks == 0:
        patch.open += 1
    oldest = patch.columns
    if patch.open < last:
        turn = patch.open // patch.places
        oldest = turn * patch.per_pass + first_column(patch, patch.open - turn * patch.places)
    return patch.filled < oldest + patch.capacity


@inlined
def holds(x: Patched, place: int, group: int) -> bool:
    """Return whether the columns of a task at a place are there, in a weight group."""
    patch = x.windows.patch
    if not patch.is_there:
        return True
    end = end_column(patch, place)
    if not patch.stays:
        end += group * patch.per_pass
    return end <= patch.there


@inlined
def leave_patch(x: Patched, seat: Seat) -> None:
    """Take note that a task has left its context."""
    patch = x.windows.patch
    if patch.is_there and not patch.stays:
        left_at(patch, seat.place + seat.weight_group * patch.places).tasks -= 1


@inlined
def count_broadcasts(x: Patched) -> None:
    """Count as reads of activations what was broadcast, in place of what PEs read from their patches."""
    x.counts.reads_unused -= x.counts.activation_reads - x.counts.words_executed
    x.counts.activation_reads = x.windows.patch.words
