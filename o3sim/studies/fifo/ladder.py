"""Depths worth a simulation: from the least that run at all, row by row, to those that keep the rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Depths = tuple[int, ...]
Interval = Callable[[Depths], float]


def ladder(
    least: Depths, most: Depths, row_bits: Sequence[int], interval_of: Interval, kept: float
) -> list[Depths]:
    """Climb from the least depths to some that keep the rate, each step what brings most for its bits.

    Parameters
    ----------
    least, most : tuples of int
        Depths to begin with, and those beyond which there is nothing to be had.
    row_bits : sequence of int
        Of a row in each FIFO.
    interval_of : callable
        Cycles between images with some depths.
    kept : float
        Cycles between images that are to be reached.

    Returns
    -------
    list of tuples of int
        The last ones keep the rate and none of their FIFOs can do with a row less, by ``interval_of``.
    """
    steps = [least]
    now = interval_of(least)
    while now > kept and steps[-1] != most:
        steps.append(_best_step(steps[-1], most, row_bits, interval_of, now))
        now = interval_of(steps[-1])
    last = _trimmed(steps[-1], least, row_bits, interval_of, max(now, kept))
    return [*steps, last] if last != steps[-1] else steps


def _best_step(
    depths: Depths, most: Depths, row_bits: Sequence[int], interval_of: Interval, now: float
) -> Depths:
    """Return the depths after the step that saves most cycles a bit; if none saves any, all grow by a row."""
    best, gain = depths, 0.0
    for rows in (1, 2, 4):
        for number, depth in enumerate(depths):
            more = min(depth + rows, most[number])
            if more == depth:
                continue
            candidate = (*depths[:number], more, *depths[number + 1 :])
            saved = (now - interval_of(candidate)) / ((more - depth) * row_bits[number])
            if saved > gain:
                best, gain = candidate, saved
        if gain > 0:
            return best
    return tuple(min(depth + 1, limit) for depth, limit in zip(depths, most, strict=True))


def _trimmed(
    depths: Depths, least: Depths, row_bits: Sequence[int], interval_of: Interval, kept: float
) -> Depths:
    """Take rows away, those with most bits first, as long as the rate is kept."""
    for number in sorted(range(len(depths)), key=lambda place: -row_bits[place]):
        while depths[number] > least[number]:
            fewer = (*depths[:number], depths[number] - 1, *depths[number + 1 :])
            if interval_of(fewer) > kept:
                break
            depths = fewer
    return depths
