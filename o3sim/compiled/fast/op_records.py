"""What there is to know of an op, in 32 bits."""

from __future__ import annotations

from o3sim.compiled.kernel import inlined

WORDS_BITS = 18
"""Of the words that decide it."""
SPARE_BITS = 3
"""Of the words that it has beyond: so many at most go in before its verdict is known."""
BORDER_BITS = 10
MOST_WORDS, MOST_SPARE, MOST_BORDERS = 2**WORDS_BITS - 1, 2**SPARE_BITS - 1, 2**BORDER_BITS

_OUTCOME = WORDS_BITS + SPARE_BITS
_BORDER = _OUTCOME + 1


@inlined
def packed_op(decided_words: int, words: int, outcome: int, border: int) -> int:
    """Pack an op."""
    spare = min(words - decided_words, MOST_SPARE)
    return decided_words | spare << WORDS_BITS | outcome << _OUTCOME | border << _BORDER


@inlined
def decided_words_of(packed: int) -> int:
    """Words up to the deciding one; 0 if it needs none."""
    return packed & MOST_WORDS


@inlined
def spare_words_of(packed: int) -> int:
    """Words after the deciding one, at most ``MOST_SPARE``."""
    return packed >> WORDS_BITS & MOST_SPARE


@inlined
def is_one(packed: int) -> int:
    """Return its outcome."""
    return packed >> _OUTCOME & 1


@inlined
def border_of_op(packed: int) -> int:
    """Kind of border of its position."""
    return packed >> _BORDER
