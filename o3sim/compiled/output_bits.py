"""Output bits: final ones go to their banks, a word a bank and cycle, from the next cycle on."""

from __future__ import annotations

from typing import Protocol

from o3sim.compiled.kernel import inlined, noinline, quotient, remainder
from o3sim.compiled.memory import Memory
from o3sim.compiled.ops import window_of
from o3sim.compiled.records.ops import op_at
from o3sim.compiled.records.output_bits import OutputBits, held_at, port_at, writing_at, zeros_at
from o3sim.compiled.records.scoreboard import output_at


class Words(Protocol):
    """Settings, as far as words of the activation buffer and their banks need them."""

    @property
    def width_edges(self) -> int:
        """Bits of a word."""

    @property
    def width_shift(self) -> int:
        """Which power of two that is; -1 if none."""

    @property
    def written_banks(self) -> int:
        """Banks that output bits are written to."""

    @property
    def written_shift(self) -> int:
        """Which power of two that is; -1 if none."""


class Map(Protocol):
    """Facts of a layer, as far as its output map goes."""

    @property
    def first_output_word(self) -> int:
        """Word that it begins with."""


class Writing(Protocol):
    """The memory of a layer, as far as its output bits go."""

    output_bits: OutputBits

    @property
    def settings(self) -> Words:
        """Settings of the architecture."""

    @property
    def layer(self) -> Map:
        """Facts of the layer."""


class SumMap(Map, Protocol):
    """Facts of a layer, as far as its output map and its sums go."""

    @property
    def first_sum_word(self) -> int:
        """Word that its sums begin with."""

    @property
    def sum_bits(self) -> int:
        """Bits of a sum."""

    @property
    def sum_words(self) -> int:
        """The most words that one lies in; 0 if none are written."""


class WritingSums(Writing, Protocol):
    """The memory of a layer, as far as its output bits and its sums go."""

    @property
    def layer(self) -> SumMap:
        """Facts of the layer."""


@noinline
def take_bits(x: Memory, slot: int) -> None:
    """Take the bits that an op's outcome makes final, before it is written."""
    outcome = op_at(x.ops, slot).outcome
    for k in range(x.layer.overlap):
        window = window_of(x, slot, k)
        if window >= 0 and _is_final(x, window, outcome):
            take_bit(x, window)
            take_sum(x, window)


@inlined
def take_sum(x: WritingSums, window: int) -> None:
    """Take the sum that goes with a final bit, if there is one: a word after another that it lies in."""
    bits, settings, layer = x.output_bits, x.settings, x.layer
    first = window * layer.sum_bits
    for k in range(layer.sum_words):
        bit = first + min(k * settings.width_edges, layer.sum_bits - 1)
        word = layer.first_sum_word + quotient(bit, settings.width_edges, settings.width_shift)
        held_at(bits, bits.n_held).word = word
        bits.n_held += 1


@inlined
def take_bit(x: Writing, window: int) -> None:
    """Take the final bit of a window."""
    bits, settings = x.output_bits, x.settings
    word = x.layer.first_output_word + quotient(window, settings.width_edges, settings.width_shift)
    held_at(bits, bits.n_held).word = word
    bits.n_held += 1


@inlined
def _is_final(x: Memory, window: int, outcome: int) -> bool:
    """Note an outcome of a window; return whether its bit is final by it.

    That is with its first 1, or the last of its ops with none; or in any case with the last. A window in a
    context is written once.
    """
    if x.windows.counters > 0:
        return True
    if outcome and not x.settings.waits_for_all:
        return output_at(x.scoreboard, window).bit == 0
    if x.layer.members == 1:
        return True
    zeros = zeros_at(x.output_bits, window)
    zeros.ops += 1  # every op, where the last one is waited for
    return zeros.ops == x.layer.members


@noinline
def write_bits(x: Writing, cycle: int) -> None:
    """Choose what the banks write in the next cycle; the words that are left wait."""
    bits, settings = x.output_bits, x.settings
    bits.n_writing = 0
    left = 0
    for k in range(bits.n_held):
        word = held_at(bits, k).word
        bank = remainder(word, settings.written_banks, settings.written_shift)
        port = port_at(bits, bank)
        if port.cycle < cycle:
            port.cycle = cycle
            port.word = word
            writing_at(bits, bits.n_writing).bank = bank
            bits.n_writing += 1
        elif port.word != word:
            held_at(bits, left).word = word
            left += 1
    bits.n_held = left
