"""Memories take blocks by their shape, and tables where a block would be empty."""

from __future__ import annotations

import pytest

from o3sim.area.memories import Memory, memory
from o3sim.area.pieces import Taken, banks_of


@pytest.mark.parametrize(
    ("words", "width", "bram36"),
    [
        (512, 36, 0.5),  # one RAMB18
        (512, 72, 1),
        (1024, 32, 1),
        (1025, 36, 1.5),  # 3 x RAMB18, 512 words each
        (16384, 1, 0.5),
        (32768, 1, 1),
        (2048, 18, 1),
        (100, 64, 1),  # 2 RAMB18 side by side
        (4096, 256, 29),  # 9 bits wide: 29 side by side, each whole
    ],
)
def test_blocks_are_counted_by_the_shape_that_takes_fewest(words: int, width: int, bram36: float) -> None:
    assert memory(words, width) == Memory(bram36, 0)


def test_small_memories_are_tables() -> None:
    assert memory(64, 33) == Memory(0, 44)
    assert memory(65, 33).bram36 == 0.5
    assert memory(0, 33) == Memory(0, 0)


def test_every_bank_is_a_memory_of_its_own() -> None:
    assert banks_of("", 4608, 128, 32).taken == Taken(0, 0, 192)  # 1,152 words each: three halves of 512
    assert banks_of("", 4096, 128, 32).taken == Taken(0, 0, 128)
    assert banks_of("", 1, 32, 32).taken == Taken(32 * 44, 0, 0)
