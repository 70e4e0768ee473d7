"""Sizes at which units are synthesised: those that constants are fitted to, and those that are held out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

Point = tuple[int, ...]


class Points(NamedTuple):
    """The sizes of a unit: their names, those that are fitted to, and others between and beyond."""

    names: tuple[str, ...]
    fitted: list[Point]
    held_out: list[Point]


POINTS = {
    "datapath": Points(
        ("WIDTH", "CONTEXTS", "LATENCY", "THRESHOLD"),
        [(8, 2, 3, 1), (16, 2, 3, 1), (32, 2, 3, 1), (64, 2, 3, 1), (32, 1, 3, 1), (32, 3, 3, 1),
         (32, 2, 2, 1),
         (32, 1, 3, 0), (16, 3, 3, 0), (64, 2, 3, 0)],
        [(24, 2, 3, 1), (128, 3, 4, 1)],
    ),
    "contexts": Points(
        ("CONTEXTS", "SEEN"),
        [(1, 0), (1, 2), (2, 0), (2, 2), (2, 4), (3, 2), (3, 8), (4, 4)],
        [(2, 3), (2, 16)],
    ),
    "window_contexts": Points(
        ("CONTEXTS", "BARREL"),
        [(1, 0), (2, 0), (3, 0), (2, 1)],
        [(4, 0), (4, 1), (6, 0)],
    ),
    "carousel_contexts": Points(
        ("CONTEXTS", "OPEN", "ADDRESS_BITS"),
        [(1, 4, 11), (2, 4, 11), (3, 24, 11), (4, 8, 9), (3, 8, 13)],
        [(2, 12, 10), (3, 64, 11)],
    ),
    "carousel_group": Points(
        ("PES", "OPEN", "WINDOWS"),
        [(4, 2, 1), (4, 4, 2), (8, 2, 2), (8, 4, 2), (8, 8, 2), (16, 4, 2), (16, 8, 4), (16, 8, 8)],
        [(8, 6, 2), (32, 2, 1)],
    ),
    "lockstep_contexts": Points(("CONTEXTS",), [(1,), (2,), (3,), (4,)], [(6,), (8,)]),
    "held_outcomes": Points(
        ("ENTRIES", "COMING"),
        [(3, 2), (4, 3), (5, 4), (6, 2), (7, 4)],
        [(5, 3), (14, 4)],
    ),
    "issue_queue": Points(
        ("DEPTH", "COMING", "SEEN", "OP_BITS"),
        [(4, 1, 1, 24), (8, 1, 1, 12), (8, 2, 2, 12), (8, 4, 0, 12), (8, 4, 4, 24),
         (16, 1, 4, 12), (16, 4, 4, 12)],
        [(12, 1, 1, 24), (8, 1, 8, 12)],
    ),
    "selection": Points(
        ("DEPTH", "ISSUE", "OP_BITS"),
        [(4, 1, 12), (8, 1, 24), (8, 2, 12), (8, 4, 12), (16, 1, 12), (16, 2, 12)],
        [(12, 2, 24), (32, 1, 12)],
    ),
    "placement": Points(
        ("PES", "CONTEXTS", "ITEMS", "WIDTH"),
        [(2, 2, 1, 12), (2, 3, 1, 24), (4, 2, 2, 12), (4, 3, 2, 12), (8, 2, 1, 12), (8, 1, 4, 12),
         (4, 2, 4, 12), (4, 1, 1, 24), (8, 1, 8, 12), (8, 1, 8, 24)],
        [(4, 3, 1, 48), (4, 3, 4, 12), (16, 1, 2, 12), (20, 1, 8, 12),
         (16, 1, 8, 60), (1, 1, 1, 60), (2, 1, 1, 48), (7, 1, 1, 48)],  # of shipped machines
    ),
    "scoreboard": Points(
        ("WINDOWS", "LOOKUPS", "SEEN"),
        [(8, 1, 1), (8, 2, 2), (16, 1, 1), (8, 4, 1), (8, 1, 4), (16, 2, 1)],
        [(12, 2, 1), (32, 1, 1)],
    ),
    "sequencer": Points(
        ("LOOKUPS",),
        [(1,), (2,), (3,)],
        [(4,), (6,)],
    ),
    "arbitration": Points(
        ("PES", "BANKS", "ADDRESS_BITS"),
        [(4, 1, 8), (8, 1, 8), (4, 4, 8), (4, 8, 8), (8, 2, 8), (8, 4, 8), (4, 4, 16)],
        [(6, 4, 8), (16, 2, 8)],
    ),
    "crossbar": Points(
        ("BANKS", "WIDTH"),
        [(2, 8), (4, 32), (8, 8), (16, 8), (32, 8)],
        [(24, 8), (64, 8)],
    ),
    "gathering": Points(
        ("WIDTH", "CONTEXTS"),
        [(8, 2), (16, 1), (16, 2), (32, 1), (32, 2)],
        [(16, 3), (64, 2)],
    ),
    "output_buffer": Points(
        ("PES", "PORTS", "OUTCOME_BITS"),
        [(4, 1, 26), (4, 2, 8), (8, 1, 26), (8, 2, 8), (8, 4, 8), (16, 2, 8), (12, 4, 12), (16, 8, 8)],
        [(8, 3, 16), (32, 1, 8), (32, 16, 8),
         (16, 8, 26), (20, 8, 26), (26, 8, 26)],  # of shipped machines
    ),
    "output_bits": Points(
        ("PORTS", "BANKS", "WIDTH"),
        [(1, 2, 16), (1, 8, 16), (2, 4, 16), (2, 8, 8), (2, 4, 32), (4, 4, 16), (4, 8, 8), (4, 8, 32)],
        [(3, 4, 16), (8, 4, 16), (4, 16, 32)],
    ),
    "group_bits": Points(("OUTCOMES", "WIDTH"), [(8, 32), (32, 32), (64, 32), (32, 16)], [(48, 32),
     (192, 32)]),
    "window_counters": Points(
        ("COUNTERS", "WINDOWS"),
        [(1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (8, 1)],
        [(2, 3), (4, 2), (1, 8)],
    ),
    "patch": Points(("ADDRESS_BITS", "BROADCASTS"), [(9, 1), (9, 2), (11, 1), (13, 2)], [(10, 2), (11, 4)]),
}  # fmt: skip
"""By module."""


def every_point() -> Iterator[tuple[str, dict[str, int], bool]]:
    """Yield each unit, its sizes, and whether they are fitted to."""
    for unit, points in POINTS.items():
        for is_fitted, sizes in ((True, points.fitted), (False, points.held_out)):
            for values in sizes:
                yield unit, dict(zip(points.names, values, strict=True)), is_fitted
