"""Small sizes at which units are placed: those that delays are fitted to, and those that are held out."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.benchmarks.area_points import POINTS as AREA
from scripts.benchmarks.area_points import Point

FITTED_AND_HELD_OUT: dict[str, tuple[list[Point], list[Point]]] = {
    "datapath": (
        [(8, 2, 3, 1), (32, 2, 3, 1), (64, 2, 3, 1), (32, 1, 3, 1), (32, 3, 3, 1), (32, 2, 3, 0)],
        [(16, 2, 3, 1), (128, 2, 3, 1)],
    ),
    "contexts": ([(1, 0), (2, 0), (2, 2), (2, 4), (3, 2)], [(2, 8)]),
    "window_contexts": ([(1, 0), (2, 0), (3, 0), (2, 1)], [(4, 0)]),
    "carousel_contexts": ([(1, 4, 11), (3, 4, 11), (2, 16, 11)], [(4, 8, 9)]),
    "carousel_group": ([(4, 2, 1), (8, 2, 2), (8, 8, 2)], [(16, 4, 2)]),
    "lockstep_contexts": ([(1,), (3,)], [(4,)]),
    "held_outcomes": ([(3, 2), (6, 2)], [(7, 4)]),
    "issue_queue": ([(4, 1, 1, 12), (8, 1, 1, 12), (8, 2, 4, 12)], [(16, 1, 1, 12)]),
    "selection": ([(4, 1, 12), (8, 2, 12), (16, 1, 12), (16, 2, 12)], [(32, 1, 12)]),
    "placement": ([(2, 2, 1, 12), (4, 1, 2, 12), (8, 2, 1, 12), (4, 2, 4, 12)], [(4, 3, 2, 12)]),
    "scoreboard": ([(8, 1, 1), (16, 1, 1), (8, 4, 1), (8, 1, 4)], [(16, 2, 1)]),
    "sequencer": ([(1,), (2,)], [(3,)]),
    "arbitration": ([(4, 1, 8), (4, 4, 8), (8, 2, 8)], [(8, 4, 8)]),
    "crossbar": ([(2, 8), (8, 8), (16, 8)], [(32, 8)]),
    "gathering": ([(8, 1), (16, 2)], [(32, 1)]),
    "output_buffer": ([(4, 1, 8), (8, 1, 8), (8, 2, 8)], [(16, 1, 8)]),
    "output_bits": ([(1, 2, 16), (1, 8, 16), (2, 4, 16), (4, 4, 16)], [(8, 4, 16)]),
    "group_bits": ([(8, 32), (64, 32)], [(32, 32)]),
    "window_counters": ([(1, 1), (1, 2), (2, 1), (2, 2)], [(4, 1)]),
    "patch": ([(9, 1), (10, 2)], [(11, 1)]),
}
"""By module, in the order of its sizes in ``area_points``."""


def every_point() -> Iterator[tuple[str, dict[str, int], bool]]:
    """Yield each unit, its sizes, and whether they are fitted to."""
    for unit, (fitted, held_out) in FITTED_AND_HELD_OUT.items():
        for is_fitted, points in ((True, fitted), (False, held_out)):
            for values in points:
                yield unit, dict(zip(AREA[unit].names, values, strict=True)), is_fitted
