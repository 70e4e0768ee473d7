"""Sets of small numbers, as bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from o3sim.compiled.allocation import records
from o3sim.compiled.kernel import ONE, as_int, inlined, lowest_bit
from o3sim.compiled.record import Table, rows


class Word:
    """64 numbers of a set."""

    bits: np.uint64


class BitSet:
    """A set of numbers."""

    words: Table[Word]


word_at = rows("words", Word)


def bit_set_of(words: int, bits: ArrayLike = 0) -> dict[str, Any]:
    """Begin with an empty set of so many words, or one with these bits."""
    return {"words": records(Word, words, bits=bits)}


@inlined
def set_bit(numbers: BitSet, number: int) -> None:
    """Put a number into a set."""
    word_at(numbers, number >> 6).bits |= ONE << np.uint64(number & 63)


@inlined
def clear_bit(numbers: BitSet, number: int) -> None:
    """Take a number out of a set."""
    word_at(numbers, number >> 6).bits &= ~(ONE << np.uint64(number & 63))


@inlined
def has_bit(numbers: BitSet, number: int) -> bool:
    """Return whether a number is in a set."""
    return word_at(numbers, number >> 6).bits >> np.uint64(number & 63) & ONE != 0


@inlined
def first_bit(numbers: BitSet, word: int) -> int:
    """Return the lowest number in a word of a set that has any."""
    return (word << 6) + (as_int(lowest_bit(word_at(numbers, word).bits)) & 63)


@inlined
def first_word(numbers: BitSet, low: int, top: int) -> int:
    """Return the first word from ``low`` to ``top`` that has a number; ``top + 1`` if there is none."""
    while low <= top and word_at(numbers, low).bits == 0:
        low += 1
    return low
