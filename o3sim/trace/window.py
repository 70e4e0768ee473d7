"""Which part of a run is traced: a layer, and of it some ops or cycles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from o3sim.contract.events import EventWindow
from o3sim.errors import InputError

NO_END = 2**62
_RANGE = re.compile(r"([0-9]{0,20}):([0-9]{0,20})")


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
        raise InputError(f"{option} {text}: expected FIRST:END, whole numbers from 0; END is not included")
    first, end = int(found[1] or 0), int(found[2] or NO_END)
    if not first < end <= NO_END:
        raise InputError(f"{option} {text}: nothing from {first} to below {end}")
    return Range(first, end)


def layer_number(layer: str, names: Sequence[str]) -> int:
    """Find a layer by its name or its number from 0.

    Raises
    ------
    InputError
        If there is no such layer.
    """
    if layer in names:
        return names.index(layer)
    if re.fullmatch("[0-9]{1,9}", layer) and int(layer) < len(names):
        return int(layer)
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(names))
    raise InputError(f"no layer `{layer}`; there are {listed}")


def event_window(layer: int, ops: Range = EVERYTHING, cycles: Range = EVERYTHING) -> EventWindow:
    """Return the window of a layer; cycles count from the layer's first."""
    return EventWindow(layer, ops.first, ops.end, cycles.first, cycles.end, of_layer=True)
