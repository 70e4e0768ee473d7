"""The page of all columns of the tables that sweeps and searches write."""

from __future__ import annotations

import re

from o3sim.cli.manual.tables import markdown_table
from o3sim.config.catalog import shipped_folder
from o3sim.results.columns import COLUMNS, SOME_COLUMNS

_TOP = """\
# Columns

The columns of `results.csv`, a row for each point, and of `layers.csv`, a row for each layer of each point,
and of both as Parquet. Figures have the names, units and formulas that they have in the JSON of `o3sim run`,
where groups are objects: `edges.pruned.pooling` here is `edges: {pruned: {pooling: ...}}` there.
"""

POINT = {
    "point": "its number, in the order of the file",
    "architecture": "name of the machine",
    "workload": "name of the network",
    "*": "a column for each axis of the sweep, under its key",
}
"""Columns that both tables begin with."""

BEFORE = {
    "status": "`ok`, or `failed`",
    "error": "why it failed; empty if it did not",
    "images": "number of images simulated",
    "accuracy": "share of images whose class is the label; empty if the images have no labels",
    "synthetic": "what was made up: `parameters`, `images`, both with a `+`, or nothing",
}

BEHIND = {
    "area.images_per_s_per_klut": "images a second for each 1,000 look-up tables",
    "area.images_per_s_at_clock": "images a second at `area.clock_mhz`, in as many cycles",
    "peak_edges_per_cycle": "edges that all PEs together can evaluate in a cycle",
    "on_chip_kbit": "memory on the chip, in kbit (1024 bits)",
    "area.lut": "look-up tables of a Xilinx 7 that the machine takes, estimated",
    "area.ff": "its flip-flops",
    "area.bram36": "its block RAMs of 36 kbit",
    "area.clock_mhz": "clock that its slowest unit allows on an ECP5, extrapolated from small sizes",
    "arch.*": "a column for each key of the machine, under that key behind `arch.`",
    "architecture_sha256": "the same for machines that compute with the same, and for no others",
    "workload_sha256": "SHA-256 of the network's topology and parameters",
    "images_sha256": "SHA-256 of the images and their labels",
    "o3sim_version": "version of o3sim that made the row",
}

LAYER = {"layer": "name of the layer"}

STAGE = {"stage.*": "on a pipeline the figures of the layer's stage, `pipeline.stages.*` of the JSON"}

_ROW = re.compile(r"^\| `([\w.]+)` \| ?(.*?) ?\| (.*) \|$", re.MULTILINE)


def columns_page() -> str:
    """Write the page."""
    figures = [(f"`{name}`", *_documented()[name]) for name in COLUMNS]
    some = [(f"`{name}`", *_documented()[name]) for name in SOME_COLUMNS]
    header = ["column", "unit", "what it is"]
    results = [*_plain(POINT), *_plain(BEFORE), *figures, *_plain(BEHIND), *some]
    layers = [*_plain(POINT), *_plain(LAYER), *_plain(STAGE)]
    return "\n".join(
        [
            _TOP,
            "## `results.csv`\n",
            f"{markdown_table(header, results)}\n",
            "The last ones only where a machine of the table has them.\n",
            "## `layers.csv`\n",
            f"{markdown_table(header, layers)}\n",
            f"Between `layer` and `stage.*`: the columns from `{COLUMNS[0]}` to `{COLUMNS[-1]}`.",
            "",
        ]
    )


def _plain(columns: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(f"`{name}`", "", says) for name, says in columns.items()]


def _documented() -> dict[str, tuple[str, str]]:
    """Return unit and words of each key, as the page of results has them; its links are of that page."""
    page = (shipped_folder("docs") / "results.md").read_text(encoding="utf-8")
    rows = (_unlinked(row) for row in _ROW.findall(page))
    return {name: (unit, says) for name, unit, says in rows}


def _unlinked(row: tuple[str, str, str]) -> tuple[str, str, str]:
    name, unit, says = row
    return name, unit, re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", says)
