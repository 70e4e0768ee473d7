"""Block RAMs, and tables of LUTs, that a memory takes on a Xilinx 7."""

from __future__ import annotations

from typing import NamedTuple

BLOCK_18_KBIT = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
BLOCK_36_KBIT = ((72, 512), (36, 1024), (18, 2048), (9, 4096), (4, 8192), (2, 16384), (1, 32768))
"""Widths in bits and depths in words of a block with one port to read and one to write (Xilinx UG473)."""

TABLE_WORDS = 64
"""Up to so many words a memory is made of LUTs: a block would be nearly empty."""

MEMORY = "memory"
"""The module with one port to read and one to write: its sizes are ``WORDS`` and ``WIDTH``."""

_TABLE_BITS, _TABLE_LUTS = 3, 4


class Memory(NamedTuple):
    """What a memory takes."""

    bram36: float = 0
    lut: int = 0


def memory(words: int, width: int) -> Memory:
    """Return what a memory of one port to read and one to write takes.

    A table of 64 words has 3 bits for 4 LUTs (RAM64M). Blocks are all of the shape that takes fewest.

    >>> memory(1024, 32), memory(1025, 32), memory(64, 32)
    (Memory(bram36=1.0, lut=0), Memory(bram36=1.5, lut=0), Memory(bram36=0, lut=44))
    """
    if words <= TABLE_WORDS:
        return Memory(0, -(-width // _TABLE_BITS) * _TABLE_LUTS if words > 0 else 0)
    halves = [-(-width // wide) * -(-words // deep) for wide, deep in BLOCK_18_KBIT]
    wholes = [2 * -(-width // wide) * -(-words // deep) for wide, deep in BLOCK_36_KBIT]
    return Memory(min(*halves, *wholes) / 2)
