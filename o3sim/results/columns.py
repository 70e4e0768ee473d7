"""The figures of a run or a layer as columns of a table, under the names that its JSON has."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from o3sim.config.flat import flattened
from o3sim.contract.counters import Events, PeCycles
from o3sim.energy.units import EnergyPj
from o3sim.results.measures import Edges, Measures

GROUPS: dict[str, Any] = {
    "edges": Edges(),
    "pe_cycles": PeCycles(),
    "energy_pj": EnergyPj(),
    "events": Events(),
}
"""Figures of a result that have figures in them, behind the others in a table."""

TOTALS = tuple(item.name for item in fields(Measures) if item.name not in GROUPS)
"""Figures of a result that are single numbers."""


def grouped_columns(groups: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of groups by dotted key."""
    return flattened({name: asdict(group) for name, group in groups.items()})


COLUMNS = (*TOTALS, *grouped_columns(GROUPS))
"""All columns, in order."""


BY_AREA = ("area.images_per_s_per_klut", "area.images_per_s_at_clock")
"""Speed by the estimates of area and clock; the estimates themselves stand among a machine's figures."""

AGREEMENT = "agreement"
PIPELINE_NUMBERS = tuple(
    f"pipeline.{figure}" for figure in ("latency_cycles", "initiation_interval_cycles", "stream_cycles")
)
SLOWEST_STAGE = "pipeline.slowest_stage"

RESIDENT_NUMBERS = tuple(f"resident.{figure}" for figure in ("load_cycles", "load_bits", "load_energy_pj"))

SOME_COLUMNS = (AGREEMENT, *PIPELINE_NUMBERS, SLOWEST_STAGE, *RESIDENT_NUMBERS)
"""Columns that only some machines have, and that stand last: those that call outcomes, pipelines, and
those on which weights stay."""


def measure_columns(measures: Measures) -> dict[str, Any]:
    """Return all figures by column: dotted keys where they are grouped."""
    totals = {name: getattr(measures, name) for name in TOTALS}
    return totals | grouped_columns({name: getattr(measures, name) for name in GROUPS})
