"""The images of a run, one by one, and how far their cycles spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ImageResult:
    """One image on one machine.

    Attributes
    ----------
    cycles : int
        From the first cycle of its first layer to the last write of its last one. On a pipeline images
        overlap, and this is how long the image was in it.
    predicted : int or None
        Number of its class: the one of the highest score, the first of equals; None of a network without
        classes.
    label : int or None
        The right class, if it is known.
    scores : tuple of float, or None
        Score of each class; None if the run had only stored profiles without them.
    on_chip_pj : float or None
        Energy of all units but DRAM; None if the counts of single images were not priced.
    """

    cycles: int
    predicted: int | None
    label: int | None = None
    scores: tuple[float, ...] | None = None
    on_chip_pj: float | None = None


@dataclass(frozen=True)
class Spread:
    """Cycles of the images of a run, from the usual one to the worst.

    Attributes
    ----------
    p50, p99 : int
        The least cycles that so many percent of the images do not exceed (nearest rank).
    worst : int
    """

    p50: int
    p99: int
    worst: int


def spread_of(cycles: Sequence[int]) -> Spread:
    """Return how far cycles spread; of one image at least.

    Examples
    --------
    >>> spread_of([30, 10, 20, 40])
    Spread(p50=20, p99=40, worst=40)
    """
    ranked = sorted(cycles)
    return Spread(_percentile(ranked, 50), _percentile(ranked, 99), ranked[-1])


def _percentile(ranked: Sequence[int], percent: int) -> int:
    """Return the nearest rank: that of ``percent * n / 100``, rounded up, from 1."""
    return ranked[-(-percent * len(ranked) // 100) - 1]
