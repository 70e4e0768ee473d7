"""The clock that the slowest unit of a machine allows, estimated from placements on an ECP5."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from o3sim.area.delays import PATHS, delay_ns, is_beyond

if TYPE_CHECKING:
    from o3sim.area.pieces import Piece

NS_PER_US = 1000


class Clock(NamedTuple):
    """The fastest clock of a machine whose units have registers between them, and the unit that limits it."""

    mhz: float
    unit: str


def piece_ns(piece: Piece) -> float | None:
    """Return the longest path of a piece in ns; None of memories and registers, which were not placed."""
    return delay_ns(piece.unit, piece.sizes) if piece.unit in PATHS else None


def is_extrapolated(piece: Piece) -> bool:
    """Whether a size of a piece that enters its delay is larger than any that was placed."""
    return piece.unit in PATHS and is_beyond(piece.unit, piece.sizes)


def clocks_by_unit(pieces: Iterable[Piece]) -> dict[str, float]:
    """Return the clock in MHz that each unit allows, of those that were placed."""
    longest: dict[str, float] = {}
    for piece in pieces:
        ns = piece_ns(piece)
        if ns is not None:
            longest[piece.part_of] = max(ns, longest.get(piece.part_of, 0.0))
    return {unit: NS_PER_US / ns for unit, ns in longest.items()}


def clock_of(pieces: Iterable[Piece]) -> Clock:
    """Return the clock that the slowest unit allows.

    >>> from o3sim.area.machine import pieces_of
    >>> from o3sim.config.load import load_architecture
    >>> large, small = (clock_of(pieces_of(load_architecture(name))) for name in ("o3bnn-64pe", "small"))
    >>> large.mhz < small.mhz
    True
    """
    clocks = clocks_by_unit(pieces)
    unit = min(clocks, key=lambda name: clocks[name])
    return Clock(clocks[unit], unit)
