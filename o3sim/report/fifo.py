"""The report of `o3sim fifo`: depths against rate."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from o3sim.report.console import make_table
from o3sim.report.numbers import ABSENT, grouped, percent, significant
from o3sim.studies.fifo.find import LOSS, Depth, FoundDepths

LEGEND = f"""\
least: with fewer rows two stages wait for each other for ever. kept: no FIFO can do with a row
less, and the rate is within {LOSS:.1%} of that of FIFOs that never fill. held: rows that are there
in those at most; one more may be under way."""

FRONT_LEGEND = """\
Those of all depths that were simulated which no other beats in both kbit and rate. mean, worst:
over the intervals between the ends of two images. rows: before each stage from the second on."""


def print_depths(console: Console, found: FoundDepths, images: int) -> None:
    """Write the depths of each FIFO, and what fewer rows cost."""
    console.print(f"{found.architecture.name}, {images} images back to back", style="bold")
    console.print(_depth_table(found))
    console.print(LEGEND)
    console.print()
    console.print(_front_table(found))
    console.print(FRONT_LEGEND)


def _depth_table(found: FoundDepths) -> Table:
    table = make_table(
        "Rows before each stage", 1, "stage", "bits\na row", "least", "kept", "held", "kept\nkbit"
    )
    columns = found.stages, found.row_bits, found.least_rows, found.kept.depths_rows, found.deep.depths_rows
    for name, bits, least, kept, held in zip(*columns, strict=True):
        table.add_row(
            name, grouped(bits), grouped(least), grouped(kept), grouped(held), significant(kept * bits / 1024)
        )
    return table


def _front_table(found: FoundDepths) -> Table:
    table = make_table(
        "Buffers against rate", 5,
        "kbit", "images/s\nmean", "images/s\nworst", "of that\nunfilled %", "", "rows",
    )  # fmt: skip
    for each in found.front:
        rows = " ".join(map(str, each.depths_rows))
        kept = "kept" if each == found.kept else ""
        table.add_row(significant(each.bits / 1024), *_rates(found, each), kept, rows)
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
    document = {
        "schema_version": 1,
        "architecture": found.architecture.name,
        "clock_mhz": found.architecture.clock_mhz,
        "images": images,
        "stages": list(found.stages),
        "row_bits": list(found.row_bits),
        "least_rows": list(found.least_rows),
        "kept": _point(found, found.kept),
        "never_fill": _point(found, found.deep),
        "front": [_point(found, each) for each in found.front],
    }
    return json.dumps(document, indent=2) + "\n"


def _point(found: FoundDepths, each: Depth) -> dict[str, Any]:
    return {
        "depths_rows": list(each.depths_rows),
        "bits": each.bits,
        "interval_cycles": each.interval_cycles,
        "worst_cycles": each.worst_cycles,
        "images_per_s": found.images_per_s(each.interval_cycles),
        "worst_images_per_s": found.images_per_s(each.worst_cycles),
    }
