"""The figures of a run or a layer as columns of a table, under the names that its JSON has."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from o3sim.config.flat import flattened
from o3sim.results.measures import Measures

TOTALS = (
    "cycles",
    "cycles_per_image",
    "latency_us",
    "images_per_s",
    "utilisation",
    "outputs_exact",
    "energy_pj_per_image",
    "fj_per_edge",
    "on_chip_fj_per_edge",
    "tops_per_watt",
)
"""Figures of a result that are single numbers, under the names that its JSON has."""


AGREEMENT = "agreement"
PIPELINE_NUMBERS = tuple(
    f"pipeline.{figure}" for figure in ("latency_cycles", "initiation_interval_cycles", "stream_cycles")
)
SLOWEST_STAGE = "pipeline.slowest_stage"

SOME_COLUMNS = (AGREEMENT, *PIPELINE_NUMBERS, SLOWEST_STAGE)
"""Columns that only some machines have: those that call outcomes, and pipelines. They stand last."""


def measure_columns(measures: Measures) -> dict[str, Any]:
    """Return all figures by column: dotted keys where they are grouped."""
    groups = {
        "edges": asdict(measures.edges),
        "pe_cycles": measures.pe_cycles,
        "energy_pj": measures.energy_pj,
        "events": measures.events,
    }
    return {name: getattr(measures, name) for name in TOTALS} | flattened(groups)
