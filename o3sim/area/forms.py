"""How LUTs and flip-flops of each measured unit grow with its sizes: terms, each with a fitted constant.

A term is what the structure of the unit asks for: so many multiplexers of so many stages. The names of units
and of their sizes are those of the modules in ``o3sim/area/units``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import ceil, log2
from pathlib import Path
from typing import NamedTuple

Sizes = Mapping[str, int]
Terms = dict[str, float]

CONSTANTS = Path(__file__).parent / "constants.yaml"
ADDRESS_BITS = 18
"""Bits of the address of a buffer word, as in the modules: 256 k words."""


class Form(NamedTuple):
    """Terms of a unit's LUTs and of its flip-flops."""

    lut: Callable[[Sizes], Terms]
    ff: Callable[[Sizes], Terms]


def stages(items: int) -> int:
    """Return the stages of a tree, or of a shifter, over so many items."""
    return ceil(log2(items)) if items > 1 else 0


def shifters(items: int, kept: int) -> int:
    """Count the multiplexers of a shifter that moves items together and keeps the first ones.

    From the last stage back: a place takes from one as far above it as the stage shifts, if there is such a
    place, and both are needed of the stage before.

    >>> shifters(8, 8), shifters(8, 1), shifters(12, 1)
    (17, 7, 11)
    """
    needed, count = set(range(kept)), 0
    for stage in reversed(range(stages(items))):
        above = {place + (1 << stage) for place in needed if place + (1 << stage) < items}
        count += len(above)
        needed |= above
    return count


def tables_of_one(items: int) -> int:
    """Count the tables of six inputs that bring a bit of one of some items through, each with its own switch.

    >>> [tables_of_one(items) for items in (1, 2, 4, 8)]
    [1, 1, 2, 3]
    """
    return -(-(2 * items - 1) // 5)


def tables_of_many(items: int) -> int:
    """Count the tables that choose a bit among items by a number: four of them in each.

    >>> [tables_of_many(items) for items in (1, 2, 4, 8, 16)]
    [0, 1, 1, 3, 5]
    """
    count = 0
    while items > 1:
        items = -(-items // 4)
        count += items
    return count


def _datapath(s: Sizes) -> Terms:
    contexts = s["CONTEXTS"]
    return {
        "unit": 1,
        "edges": s["WIDTH"],
        "bounds": s["THRESHOLD"],
        "contexts": contexts - 1,
        "latency": s["LATENCY"],
    }


def _datapath_ff(s: Sizes) -> Terms:
    stage = s["LATENCY"] * (3 + stages(s["CONTEXTS"]))
    return {"unit": 1, "contexts": s["CONTEXTS"], "bounds": s["THRESHOLD"], "stages": stage}


def _contexts(s: Sizes) -> Terms:
    contexts, seen = s["CONTEXTS"], s["SEEN"]
    return {"unit": 1, "contexts": contexts, "pairs": contexts**2, "comparators": contexts * seen}


def _contexts_ff(s: Sizes) -> Terms:
    contexts = s["CONTEXTS"]
    ages = contexts if contexts > 1 else 0
    return {"contexts": contexts, "ages": ages, "windows": contexts * min(s["SEEN"], 1)}


def _window_contexts(s: Sizes) -> Terms:
    contexts, barrel = s["CONTEXTS"], s["BARREL"]
    oldest = (contexts - 1) * (1 - barrel)  # each against the oldest of those before
    return {"contexts": contexts, "oldest": oldest, "turns": min(contexts - 1, barrel)}


def _window_contexts_ff(s: Sizes) -> Terms:
    ages = s["CONTEXTS"] * (1 - s["BARREL"]) if s["CONTEXTS"] > 1 else 0
    return {"unit": 1, "contexts": s["CONTEXTS"], "ages": ages}


def _carousel_contexts(s: Sizes) -> Terms:
    contexts, bits = s["CONTEXTS"], stages(s["OPEN"]) + s["ADDRESS_BITS"]
    return {"unit": 1, "contexts": contexts, "address": s["ADDRESS_BITS"], "places": contexts * bits}


def _carousel_group(s: Sizes) -> Terms:
    pes, channels = s["PES"], s["OPEN"]
    turns, ends = pes * stages(pes), pes * channels
    sums = turns * stages(pes)  # numbers of so many bits
    return {"unit": 1, "channels": channels, "PEs": pes, "turns": turns, "sums": sums, "ends": ends}


def _carousel_group_ff(s: Sizes) -> Terms:
    return {"unit": 1, "channels": s["OPEN"]}


def _lockstep_contexts(s: Sizes) -> Terms:
    return {"unit": 1, "turns": min(s["CONTEXTS"] - 1, 1), "ways": s["CONTEXTS"] // 4 + s["CONTEXTS"] // 5}


def _lockstep_contexts_ff(s: Sizes) -> Terms:
    return {"contexts": s["CONTEXTS"]}


def _held_outcomes(s: Sizes) -> Terms:
    entries, all_of = s["ENTRIES"], s["ENTRIES"] + s["COMING"]
    return {"entries": entries, "shifts": shifters(all_of, entries + 1), "ranks": all_of * stages(all_of)}


def _held_outcomes_ff(s: Sizes) -> Terms:
    return {"entries": s["ENTRIES"]}


def _issue_queue(s: Sizes) -> Terms:
    depth, all_of = s["DEPTH"], s["DEPTH"] + s["COMING"]
    shifts = shifters(all_of, depth)
    return {
        "entries": depth,
        "shifts": shifts,
        "bits": shifts * s["OP_BITS"],
        "comparators": depth * s["SEEN"],
        "ranks": all_of * stages(all_of),
    }


def _issue_queue_ff(s: Sizes) -> Terms:
    return {"unit": 1, "entries": s["DEPTH"], "bits": s["DEPTH"] * s["OP_BITS"]}


def _selection(s: Sizes) -> Terms:
    depth, ranks = s["DEPTH"], s["DEPTH"] * stages(s["DEPTH"])
    several = ranks if s["ISSUE"] > 1 else 0
    bits = shifters(depth, s["ISSUE"]) * s["OP_BITS"]
    return {"bits": bits, "ranks": ranks, "sums": ranks * stages(depth), "several": several}


def _nothing(_: Sizes) -> Terms:
    return {}


def _placement(s: Sizes) -> Terms:
    pes, contexts, width = s["PES"], s["CONTEXTS"], s["WIDTH"]
    places = pes * contexts
    # The lowest place takes the first item or none, the next one of two, and so on.
    reached = [min(place + 1, s["ITEMS"]) for place in range(places)]
    # A context is at the level of its number or above; it need not choose where all are given the same.
    levels = pes * (contexts * (contexts + 1) // 2 - 1) if s["ITEMS"] > 1 else 0
    return {
        "ranks": places * stages(places) ** 2,
        "ways": places * width,
        "further": sum(max(0, items - 2) for items in reached) * width,
        "matches": sum(reached),
        "levels": levels * width,
    }


def _scoreboard(s: Sizes) -> Terms:
    windows, lookups, seen = s["WINDOWS"], s["LOOKUPS"], s["SEEN"]
    return {
        "windows": windows,
        "lookups": windows * lookups,
        "seen": windows * seen,
        "pairs": lookups * (lookups + seen),
    }


def _scoreboard_ff(s: Sizes) -> Terms:
    return {"windows": s["WINDOWS"]}


def _sequencer(s: Sizes) -> Terms:
    return {"unit": 1, "ops": s["LOOKUPS"] - 1}


def _unit(_: Sizes) -> Terms:
    return {"unit": 1}


def _arbitration(s: Sizes) -> Terms:
    pes, banks = s["PES"], s["BANKS"]
    bits = s["ADDRESS_BITS"] - stages(banks)
    shares = pes * bits * tables_of_many(banks)
    return {"pairs": pes * banks, "ways": pes * banks * bits, "shares": shares, "banks": banks * bits}


def _arbitration_ff(s: Sizes) -> Terms:
    return {"PEs": s["PES"]}


def _crossbar(s: Sizes) -> Terms:
    # From 16 banks on Yosys no longer finds that four of them are one table.
    wide = max(0, s["BANKS"] - 8)
    return {"tables": s["WIDTH"] * tables_of_many(s["BANKS"]), "wide": s["WIDTH"] * wide}


def _crossbar_ff(s: Sizes) -> Terms:
    return {"levels": -(-stages(s["BANKS"]) // 2)}  # two bits of the bank's number each


def _gathering(s: Sizes) -> Terms:
    width = s["WIDTH"]
    return {"edges": width, "turns": width * stages(width), "contexts": width * s["CONTEXTS"]}


def _gathering_ff(s: Sizes) -> Terms:
    return {"contexts": s["WIDTH"] * s["CONTEXTS"]}


def _output_buffer(s: Sizes) -> Terms:
    pes, bits = s["PES"], s["OUTCOME_BITS"]
    turns = pes * stages(pes)
    shifts = shifters(pes, min(s["PORTS"], pes))
    return {
        "turns": turns,
        "sums": turns * stages(pes),  # numbers of so many bits
        "turned bits": turns * bits,
        "shifted bits": shifts * bits,
    }


def _output_buffer_ff(s: Sizes) -> Terms:
    return {"ports": s["PORTS"], "bits": s["PORTS"] * s["OUTCOME_BITS"], "PEs": stages(s["PES"])}


def _output_bits(s: Sizes) -> Terms:
    ports, banks = s["PORTS"], s["BANKS"]
    several = min(ports - 1, 1)  # one port alone meets no other
    one = s["WIDTH"] + 2 * banks
    ways = (ports - 1) * banks * (s["WIDTH"] + ADDRESS_BITS - stages(banks))
    return {"one": (1 - several) * one, "ports": several * ports, "ways": ways}


def _output_bits_ff(s: Sizes) -> Terms:
    held = s["PORTS"] if s["PORTS"] > 1 else 0
    return {"held": held, "words": s["BANKS"] * (s["WIDTH"] + ADDRESS_BITS + 1 - stages(s["BANKS"]))}


def _group_bits(s: Sizes) -> Terms:
    return {"unit": 1, "outcomes": s["OUTCOMES"]}


def _group_bits_ff(s: Sizes) -> Terms:
    return {"unit": 1, "outcomes": s["OUTCOMES"], "edges": s["WIDTH"]}


def _window_counters(s: Sizes) -> Terms:
    counters, shown = s["COUNTERS"], s["COUNTERS"] * s["WINDOWS"]
    # One counter alone hands out the first windows. Of several each finds its own behind those of the others:
    # of two that is one number, of more a sum.
    choices = shown * tables_of_many(shown + min(s["WINDOWS"] - 1, 1))
    return {
        "unit": 1,
        "more": shown - 1,
        "two": choices if counters == 2 else 0,
        "choices": choices if counters > 2 else 0,
    }


def _patch(s: Sizes) -> Terms:
    return {"unit": 1, "words": s["BROADCASTS"], "addresses": s["BROADCASTS"] * s["ADDRESS_BITS"]}


FORMS = {
    "datapath": Form(_datapath, _datapath_ff),
    "contexts": Form(_contexts, _contexts_ff),
    "window_contexts": Form(_window_contexts, _window_contexts_ff),
    "carousel_contexts": Form(_carousel_contexts, _carousel_contexts),
    "carousel_group": Form(_carousel_group, _carousel_group_ff),
    "lockstep_contexts": Form(_lockstep_contexts, _lockstep_contexts_ff),
    "held_outcomes": Form(_held_outcomes, _held_outcomes_ff),
    "issue_queue": Form(_issue_queue, _issue_queue_ff),
    "selection": Form(_selection, _nothing),
    "placement": Form(_placement, _nothing),
    "scoreboard": Form(_scoreboard, _scoreboard_ff),
    "sequencer": Form(_sequencer, _unit),
    "arbitration": Form(_arbitration, _arbitration_ff),
    "crossbar": Form(_crossbar, _crossbar_ff),
    "gathering": Form(_gathering, _gathering_ff),
    "output_buffer": Form(_output_buffer, _output_buffer_ff),
    "output_bits": Form(_output_bits, _output_bits_ff),
    "group_bits": Form(_group_bits, _group_bits_ff),
    "window_counters": Form(_window_counters, _unit),
    "patch": Form(_patch, _patch),
}
"""By the name of the module that was measured."""


def estimate(unit: str, sizes: Sizes) -> tuple[int, int]:
    """Return the LUTs and flip-flops of a measured unit at any size.

    >>> narrow, wide = ({"BANKS": banks, "WIDTH": 32} for banks in (8, 16))
    >>> estimate("crossbar", narrow) < estimate("crossbar", wide)
    True
    """
    constants, form = _constants()[unit], FORMS[unit]
    lut = sum(constants["lut"][name] * term for name, term in form.lut(sizes).items())
    ff = sum(constants["ff"][name] * term for name, term in form.ff(sizes).items())
    return round(lut), round(ff)


@cache
def _constants() -> dict[str, dict[str, dict[str, float]]]:
    from o3sim.config.yaml_marks import read_yaml

    return dict(read_yaml(CONSTANTS).data)
