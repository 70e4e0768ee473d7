"""Stretches of ops or of cycles, as people write them: ``A:B``, ``A:`` or ``:B``."""

from __future__ import annotations

import re
from typing import NamedTuple

from o3sim.errors import InputError

NO_END = 2**62
_RANGE = re.compile(r"([0-9]*):([0-9]*)")


class Range(NamedTuple):
    """``first <= number < end``."""

    first: int = 0
    end: int = NO_END


EVERYTHING = Range()


def parse_range(option: str, text: str) -> Range:
    """Read ``A:B``, ``A:``, ``:B`` or nothing.

    Raises
    ------
    InputError
        If it is none of these, or holds no number.

    Examples
    --------
    >>> parse_range("--ops", "16:48")
    Range(first=16, end=48)
    """
    if not text:
        return EVERYTHING
    found = _RANGE.fullmatch(text)
    if found is None or text == ":":
        raise InputError(f"{option} {text}: expected A:B, A: or :B, whole numbers from 0; B is not included")
    if max(map(len, found.groups())) > len(str(NO_END)):
        raise InputError(f"{option} {text}: a number is too large")
    first, end = int(found[1] or 0), int(found[2] or NO_END)
    if not first < end <= NO_END:
        raise InputError(f"{option} {text}: nothing from {first} to below {end}")
    return Range(first, end)
