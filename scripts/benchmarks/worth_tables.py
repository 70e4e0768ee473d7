"""The tables of ``docs/studies/worth-its-area.md``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, stdev
from typing import NamedTuple, TypeVar

from scripts.benchmarks.worth_choice import Cost
from scripts.benchmarks.worth_machines import Level, Point

Item = TypeVar("Item")

COLUMNS = ("network", "way", "lut", "bram36", "cycles", "chip_nj", "sizes")
"""Of the fronts: a machine that no smaller one of its way beats on the training image."""

STUDENT_95 = 2.093
"""Of 20 images: 95 % of means are within so many standard errors (Student's t, 19 degrees of freedom)."""

DENSE = "dense"
"""What the other ways are held against."""


class Shown(NamedTuple):
    """The best machine of a way at a level, and what it takes for test images.

    ``chosen_cycles`` are its cycles on the training image, ``shipped_cycles`` those of the shipped machine.
    """

    network: str
    way: str
    level: Level
    point: Point
    cost: Cost
    chosen_cycles: float
    shipped_cycles: float


def print_tables(shown: Sequence[Shown]) -> None:
    """Print a summary in cycles and in energy, and for each network all levels and ways."""
    _print_summary("Cycles over those of dense", shown, lambda row: row.cost.cycles)
    _print_summary("Chip energy over that of dense", shown, lambda row: row.cost.chip_nj)
    for network in _distinct(row.network for row in shown):
        _print_network(network, [row for row in shown if row.network == network])


def _print_summary(title: str, shown: Sequence[Shown], of: Callable[[Shown], Sequence[float]]) -> None:
    networks = _distinct(row.network for row in shown)
    levels = _distinct(row.level for row in shown)
    print(f"\n## {title}: {', '.join(networks)}\n")
    print(f"| way | {' | '.join(level.name for level in levels)} |")
    print(f"| --- |{' ---: |' * len(levels)}")
    for way in _distinct(row.way for row in shown):
        cells = []
        for level in levels:
            rows = [row for row in shown if (row.way, row.level) == (way, level)]
            ratios = [fmean(of(row)) / fmean(of(dense_of(row, shown))) for row in rows]
            cells.append(", ".join(f"{ratio:.2f}" for ratio in ratios))
        print(f"| {way} | {' | '.join(cells)} |")


def _print_network(network: str, shown: Sequence[Shown]) -> None:
    print(f"\n## {network}\n")
    print(
        "| level | way | PEs x edges | contexts | LUT | cycles | over dense | chip nJ | over dense"
        " | weights, kbit | shipped, by training image |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for level in _distinct(row.level for row in shown):
        for row in (row for row in shown if row.level == level):
            print(f"| {level.name} | {' | '.join(_cells(row, dense_of(row, shown)))} |")


def _cells(row: Shown, dense: Shown) -> list[str]:
    machine, cost = row.point.machine, row.cost
    return [
        row.way,
        f"{machine.pe.count} x {machine.pe.width_edges}",
        f"{machine.pe.contexts}",
        f"{row.point.lut:,}",
        f"{fmean(cost.cycles):,.0f}",
        ratio_text(cost.cycles, dense.cost.cycles),
        f"{fmean(cost.chip_nj):,.0f}",
        ratio_text(cost.chip_nj, dense.cost.chip_nj),
        f"{machine.weight_buffer.size_kbit:,}",
        f"{row.shipped_cycles / row.chosen_cycles:.2f}",
    ]


def dense_of(row: Shown, shown: Iterable[Shown]) -> Shown:
    """Return the dense machine of the same network and level."""
    wanted = (row.network, row.level, DENSE)
    return next(other for other in shown if (other.network, other.level, other.way) == wanted)


def _distinct(items: Iterable[Item]) -> list[Item]:
    return list(dict.fromkeys(items))


def ratio_text(of: Sequence[float], over: Sequence[float]) -> str:
    """Return the mean ratio over images, and the half of its 95 % interval.

    >>> ratio_text([2.0, 4.0], [1.0, 1.0])
    '3.00 ± 2.09'
    """
    ratios = [a / b for a, b in zip(of, over, strict=True)]
    half = STUDENT_95 * stdev(ratios) / math.sqrt(len(ratios))
    return f"{fmean(ratios):.2f} ± {half:.2f}"
