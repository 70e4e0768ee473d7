"""Lines of tables: fields of 32 bits, the first in the highest place."""

from __future__ import annotations

FIELD_BITS = 32


def line(*fields: int) -> int:
    """Put the fields of a line together.

    >>> f"{line(1, 2, 10):x}"
    '1000000020000000a'
    """
    word = 0
    for field in fields:
        word = word << FIELD_BITS | field
    return word
