"""The figures of a run or a layer as columns of a table, under the names that its JSON has."""

from __future__ import annotations

from dataclasses import asdict, fields
from operator import attrgetter
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


_KEYS = {name: tuple(flattened(asdict(group))) for name, group in GROUPS.items()}
_READERS = [(name, [f"{name}.{key}" for key in keys], attrgetter(*keys)) for name, keys in _KEYS.items()]
"""Of each group its name, its columns, and what reads them: for all layers of all points of a sweep."""

COLUMNS = (*TOTALS, *(column for _, columns, _ in _READERS for column in columns))
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
    found = {name: getattr(measures, name) for name in TOTALS}
    for name, columns, read in _READERS:
        found.update(zip(columns, read(getattr(measures, name)), strict=True))
    return found
