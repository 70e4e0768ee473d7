"""How long the longest path of each measured unit is, from register to register, on an ECP5.

A term is what lengthens that path: levels of a tree, ranks (a tree of sums that grow, level by level), or
links of a chain. Their constants are fitted to placements at small sizes by ``sh scripts/clock-fit``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from math import log2
from pathlib import Path

from o3sim.area.forms import Sizes, Terms

CONSTANTS = Path(__file__).parent / "delays.yaml"
MEASURED = Path(__file__).parent / "delays.csv"
"""What was placed, and the longest path of each in ns."""


def levels(items: int) -> float:
    """Return the levels of a tree over so many items.

    >>> levels(0), levels(1), levels(8)
    (0.0, 0.0, 3.0)
    """
    return log2(max(1, items))


def ranks(items: int) -> float:
    """Return how long it takes to number items: each level adds numbers that are a bit longer.

    >>> ranks(8)
    9.0
    """
    return levels(items) ** 2


PATHS: dict[str, Callable[[Sizes], Terms]] = {
    "datapath": lambda s: {
        "edges": levels(s["WIDTH"]), "contexts": levels(s["CONTEXTS"]), "bounds": s["THRESHOLD"]
    },
    "contexts": lambda s: {"contexts": s["CONTEXTS"], "seen": levels(s["SEEN"])},
    "window_contexts": lambda s: {"contexts": s["CONTEXTS"], "turns": s["BARREL"]},
    "carousel_contexts": lambda s: {"contexts": levels(s["CONTEXTS"]), "channels": levels(s["OPEN"])},
    "carousel_group": lambda s: {"PEs": s["PES"], "channels": levels(s["OPEN"])},
    "lockstep_contexts": lambda s: {"contexts": levels(s["CONTEXTS"])},
    "held_outcomes": lambda s: {"ranks": ranks(s["ENTRIES"] + s["COMING"])},
    "issue_queue": lambda s: {"ranks": ranks(s["DEPTH"] + s["COMING"]), "seen": levels(s["SEEN"])},
    "selection": lambda s: {"ranks": ranks(s["DEPTH"]), "issued": levels(s["ISSUE"])},
    "placement": lambda s: {"ranks": ranks(s["PES"] * s["CONTEXTS"]), "items": levels(s["ITEMS"])},
    "scoreboard": lambda s: {"windows": levels(s["WINDOWS"]), "lookups": s["LOOKUPS"], "seen": s["SEEN"]},
    "sequencer": lambda s: {"lookups": s["LOOKUPS"]},
    "arbitration": lambda s: {"PEs": levels(s["PES"]), "banks": levels(s["BANKS"])},
    "crossbar": lambda s: {"banks": levels(s["BANKS"])},
    "gathering": lambda s: {"edges": levels(s["WIDTH"])},
    "output_buffer": lambda s: {"PEs": s["PES"], "ports": levels(s["PORTS"])},
    "output_bits": lambda s: {"banks": levels(s["BANKS"]), "ports": levels(s["PORTS"])},
    "group_bits": lambda s: {"outcomes": levels(s["OUTCOMES"])},
    "window_counters": lambda s: {"shown": s["COUNTERS"] * s["WINDOWS"]},
    "patch": lambda s: {"address": levels(s["ADDRESS_BITS"]), "further": min(1, s["BROADCASTS"] - 1)},
}  # fmt: skip
"""By the name of the module; each has a constant of its own besides."""


def terms(unit: str, sizes: Sizes) -> Terms:
    """Return what lengthens the longest path of a unit.

    >>> terms("scoreboard", {"WINDOWS": 16, "LOOKUPS": 2, "SEEN": 1})
    {'unit': 1, 'windows': 4.0, 'lookups': 2, 'seen': 1}
    """
    return {"unit": 1, **PATHS[unit](sizes)}


def delay_ns(unit: str, sizes: Sizes) -> float:
    """Return the longest path of a unit at any size, in ns on an ECP5 of speed grade 6.

    >>> shallow, deep = ({"DEPTH": depth, "ISSUE": 2, "OP_BITS": 60} for depth in (8, 128))
    >>> delay_ns("selection", shallow) < delay_ns("selection", deep)
    True
    """
    constants = _constants()[unit]
    return sum(constants[name] * term for name, term in terms(unit, sizes).items())


def is_beyond(unit: str, sizes: Sizes) -> bool:
    """Whether a unit is larger than any that was placed, in what lengthens its path.

    >>> [is_beyond("crossbar", {"BANKS": banks, "WIDTH": 64}) for banks in (8, 128)]
    [False, True]
    """
    largest = _largest()[unit]
    return any(term > largest[name] for name, term in terms(unit, sizes).items())


@cache
def _largest() -> dict[str, Terms]:
    """Return the largest that each term of each unit was placed at."""
    largest: dict[str, Terms] = {}
    with MEASURED.open(newline="") as file:
        for row in csv.DictReader(file):
            pairs = (size.split("=") for size in row["sizes"].split())
            own = largest.setdefault(row["unit"], {})
            for name, term in terms(row["unit"], {name: int(value) for name, value in pairs}).items():
                own[name] = max(term, own.get(name, 0))
    return largest


@cache
def _constants() -> dict[str, Terms]:
    from o3sim.config.yaml_marks import read_yaml

    return dict(read_yaml(CONSTANTS).data)
