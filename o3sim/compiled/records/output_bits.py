"""Output bits: those on their way into the banks of the activation buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from o3sim.compiled.allocation import records
from o3sim.compiled.record import Table, rows
from o3sim.compiled.records.settings import or_zero

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture


class HeldWord:
    """A word that a final bit, or a sum, belongs to."""

    word: int


class WritePort:
    """A bank: the word it writes in the cycle after ``cycle``."""

    cycle: int
    word: int


class WritingBank:
    """A bank, in a list of banks."""

    bank: int


class Zeros:
    """How many ops of a window retired with 0, or at all where the last one is waited for."""

    ops: int


class OutputBits:
    """Words of bits that are final and have not gone to their banks; banks that write in the next cycle.

    ``zeros`` is there for windows of several ops only.
    """

    held: Table[HeldWord]
    n_held: int
    ports: Table[WritePort]
    writing: Table[WritingBank]
    n_writing: int
    zeros: Table[Zeros]


held_at = rows("held", HeldWord)
port_at = rows("ports", WritePort)
writing_at = rows("writing", WritingBank)
zeros_at = rows("zeros", Zeros)


def output_bits_of(architecture: Architecture, most_final: int, counted_windows: int) -> dict[str, Any]:
    """Begin with no bit of a layer.

    Parameters
    ----------
    architecture : Architecture
    most_final : int
        Words that the outcomes of one cycle make final, of bits and of sums, at most.
    counted_windows : int
        Windows of which the ops that retired with 0 are counted.
    """
    banks = or_zero(architecture.activation_buffer.banks)
    return {
        "held": records(HeldWord, most_final),
        "ports": records(WritePort, banks, cycle=-1),
        "writing": records(WritingBank, banks),
        "zeros": records(Zeros, counted_windows),
    }
