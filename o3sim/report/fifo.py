"""The report of `o3sim fifo`: depths against rate."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from o3sim.report.console import make_table
from o3sim.report.numbers import ABSENT, grouped, percent, significant
from o3sim.studies.fifo.find import LOSS, Depth, FoundDepths

LEGEND = (
    "least: with fewer {unit} stages wait for each other for ever. kept: no FIFO can do with one less, "
    f"and the rate is within {LOSS:.1%} of that of FIFOs that never fill. held: in those, at most, in whole "
    "rows; one more may be under way."
)

SKIP_LEGEND = "b + a: {unit} of a that b adds, in the skip FIFO of b."

FRONT_LEGEND = (
    "Those of all depths that were simulated which no other beats in both kbit and rate. mean, worst: over "
    "the intervals between the ends of two images. {unit}: of each FIFO, in the order above."
)


def print_depths(console: Console, found: FoundDepths, images: int) -> None:
    """Write the depths of each FIFO, and what fewer rows cost."""
    console.print(f"{found.architecture.name}, {images} images back to back", style="bold")
    console.print(_depth_table(found))
    console.print(LEGEND.format(unit=found.unit.name))
    if any(fifo.adds for fifo in found.fifos):
        console.print(SKIP_LEGEND.format(unit=found.unit.name))
    console.print()
    console.print(_front_table(found))
    console.print(FRONT_LEGEND.format(unit=found.unit.name))


def _depth_table(found: FoundDepths) -> Table:
    unit = found.unit
    one = unit.name.removesuffix("s")
    headings = "stage", f"bits\na {one}", "least", "kept", "held", "kept\nkbit"
    table = make_table(f"{unit.name.capitalize()} before each stage", 1, *headings)
    columns = _names(found), unit.bits, unit.least, found.kept.depths, found.deep.depths
    for name, bits, least, kept, held in zip(*columns, strict=True):
        table.add_row(
            name, grouped(bits), grouped(least), grouped(kept), grouped(held), significant(kept * bits / 1024)
        )
    return table


def _names(found: FoundDepths) -> list[str]:
    """Name each FIFO by the stage that it is before, and by what that adds, if it is for that."""
    return [
        f"{found.layers[fifo.reader]} + {found.layers[fifo.writer]}"
        if fifo.adds
        else found.layers[fifo.reader]
        for fifo in found.fifos
    ]


def _front_table(found: FoundDepths) -> Table:
    table = make_table(
        "Buffers against rate", 5,
        "kbit", "images/s\nmean", "images/s\nworst", "of that\nunfilled %", "", found.unit.name,
    )  # fmt: skip
    for each in found.front:
        depths = " ".join(map(str, each.depths))
        kept = "kept" if each == found.kept else ""
        table.add_row(significant(each.bits / 1024), *_rates(found, each), kept, depths)
    table.add_section()
    table.add_row(ABSENT, *_rates(found, found.deep), "never fill", ABSENT)
    return table


def _rates(found: FoundDepths, each: Depth) -> tuple[str, str, str]:
    return (
        significant(found.images_per_s(each.interval_cycles)),
        significant(found.images_per_s(each.worst_cycles)),
        percent(found.deep.interval_cycles / each.interval_cycles),
    )


def to_json(found: FoundDepths, images: int) -> str:
    """Return all of it as a document."""
    one = found.unit.name.removesuffix("s")
    document = {
        "schema_version": 1,
        "architecture": found.architecture.name,
        "clock_mhz": found.architecture.clock_mhz,
        "images": images,
        "stages": [found.layers[fifo.reader] for fifo in found.fifos],
        "fifos": [fifo.fifo for fifo in found.fifos],
        f"{one}_bits": list(found.unit.bits),
        f"least_{found.unit.name}": list(found.unit.least),
        "kept": _point(found, found.kept),
        "never_fill": _point(found, found.deep),
        "front": [_point(found, each) for each in found.front],
    }
    return json.dumps(document, indent=2) + "\n"


def _point(found: FoundDepths, each: Depth) -> dict[str, Any]:
    return {
        f"depths_{found.unit.name}": list(each.depths),
        "bits": each.bits,
        "interval_cycles": each.interval_cycles,
        "worst_cycles": each.worst_cycles,
        "images_per_s": found.images_per_s(each.interval_cycles),
        "worst_images_per_s": found.images_per_s(each.worst_cycles),
    }
