"""A piece of a machine: a measured unit at a size, or a memory, so many times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from o3sim.area.forms import estimate
from o3sim.area.memories import MEMORY, memory

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture

OP_BITS = 60
"""Bits of an op on its way: age, window, where its activations and its weights begin."""

OUTCOME_BITS = 26
"""Of an outcome: where its bit lies in the map, its window, and what it is."""

TASK_BITS = 48
"""Of a window on its way to a context: the same without the window's number."""


@dataclass(frozen=True)
class Taken:
    """What a unit, or a machine, takes of a chip.

    Attributes
    ----------
    lut : int
        Look-up tables of six inputs.
    ff : int
        Flip-flops.
    bram36 : float
        Block RAMs of 36 kbit; a half is one of 18.
    """

    lut: int = 0
    ff: int = 0
    bram36: float = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.lut + other.lut, self.ff + other.ff, self.bram36 + other.bram36)

    def times(self, count: int) -> Taken:
        """Return what so many of it take."""
        return Taken(count * self.lut, count * self.ff, count * self.bram36)


@dataclass(frozen=True)
class Piece:
    """So many of a measured unit, or registers and memories beside.

    Attributes
    ----------
    part_of : str
        The unit of the machine that it is counted under.
    unit : str
        The measured module, or a memory (:data:`~o3sim.area.memories.MEMORY`); empty for plain registers.
    sizes : dict of str to int
        Its parameters.
    count : int
    beside : Taken
        What is counted by rule, not by measurement, each time.
    """

    part_of: str
    unit: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    count: int = 1
    beside: Taken = Taken()

    @property
    def taken(self) -> Taken:
        """What all of them take together."""
        return (self._estimated() + self.beside).times(self.count)

    def _estimated(self) -> Taken:
        if self.unit == MEMORY:
            blocks = memory(self.sizes["WORDS"], self.sizes["WIDTH"])
            return Taken(blocks.lut, 0, blocks.bram36)
        return Taken(*estimate(self.unit, self.sizes)) if self.unit else Taken()


def memories(part_of: str, words: int, width: int, count: int = 1) -> Piece:
    """Return so many memories of some words as a piece."""
    return Piece(part_of, MEMORY, {"WORDS": words, "WIDTH": width}, count)


def banks_of(part_of: str, kbit: float, banks: int, width: int) -> Piece:
    """Return a buffer as a piece, whose banks are memories of their own."""
    return memories(part_of, -(-round(kbit * 1024) // (banks * width)), width, banks)


def in_step(architecture: Architecture) -> bool:
    """Whether all PEs start and end together, so that none needs bookkeeping of its own."""
    return architecture.scheduler.policy == "lockstep"


def seen_ports(architecture: Architecture) -> int:
    """Return how many outcomes are broadcast to queue and PEs in a cycle."""
    return write_ports(architecture) if architecture.pruning.pooling else 0


def write_ports(architecture: Architecture) -> int:
    """Return how many outcomes are written in a cycle: one of a PE at most."""
    return min(architecture.output_buffer.write_width_ops, architecture.pe.count)
