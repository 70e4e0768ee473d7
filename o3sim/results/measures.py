"""The figures that a layer and a whole run have in common; formulas in ``docs/results.md``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import fsum
from typing import Any

from o3sim.contract.counters import Events, LayerCounters, PeCycles
from o3sim.contract.declared import declared
from o3sim.energy.units import UNITS, EnergyPj

OPS_PER_EDGE = 2
"""Operations that an edge stands for in TOPS/W: the XNOR and the addition, as the field counts."""

FJ_PER_PJ = 1000

ON_CHIP_UNITS: tuple[str, ...] = tuple(unit for unit in UNITS if unit != "dram")
"""Units whose energy is spent on the chip: the part that published figures of chips are about."""


@dataclass(frozen=True)
class Pruned:
    """Edges that no PE evaluated: of ops decided early, of squashed ops, of classes that could not win."""

    threshold: int = declared("of ops that retired: left out because the outcome was known")
    pooling: int = declared("of ops that were squashed because their windows were 1")
    argmax: int = declared(
        "of ops that were squashed because their class could no longer come out highest (`pruning.argmax`)"
    )


@dataclass(frozen=True)
class Edges:
    """Edges asked for and what became of them: ``executed + pruned = total``."""

    total: int = declared("edges of all ops: what a machine without pruning executes")
    executed: int = declared("evaluated by a PE")
    wasted: int = declared(
        "the part of `edges.executed` that came after the decision, or went into an op later squashed"
    )
    pruned: Pruned = Pruned()


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What is reported of a layer and of a run alike.

    Counts and energies are sums over all images; what has ``per_image`` in its name, and
    ``latency_us``, is a mean.

    Attributes
    ----------
    cycles : int
    cycles_per_image : float
    latency_us : float
        ``cycles_per_image / clock_mhz``.
    images_per_s : float
        One image after another: ``1e6 / latency_us``.
    utilisation : float
        Share of PE-cycles that are useful, 0..1.
    outputs_exact : bool
        Every output bit equals the functional one.
    edges : Edges
    pe_cycles : PeCycles
        By cause: ``pe_cycles.useful``, or ``pe_cycles["useful"]``.
    energy_pj : EnergyPj
        ``energy_pj.total``, and by unit.
    energy_pj_per_image : float
    fj_per_edge : float or None
        Energy over ``edges.total``, pruned ones included; None without edges.
    on_chip_fj_per_edge : float or None
        The same without DRAM.
    tops_per_watt : float or None
        Two operations an edge, over the energy; None if no energy was spent.
    events : Events
        Counters as they are: ``events.ops``.
    """

    cycles: int
    cycles_per_image: float
    latency_us: float
    images_per_s: float
    utilisation: float
    outputs_exact: bool
    edges: Edges
    pe_cycles: PeCycles
    energy_pj: EnergyPj
    energy_pj_per_image: float
    fj_per_edge: float | None
    on_chip_fj_per_edge: float | None
    tops_per_watt: float | None
    events: Events

    @property
    def on_chip_pj(self) -> float:
        """Energy of all units but DRAM, in pJ."""
        return on_chip_pj_of(self.energy_pj)

    @property
    def pe_cycles_total(self) -> int:
        """PEs times cycles."""
        return sum(self.pe_cycles.values())

    def edge_share(self, count: int) -> float:
        """Return a count of edges as a share of all, 0..1 (0 where there are none)."""
        return count / self.edges.total if self.edges.total else 0.0

    def pe_cycle_share(self, *causes: str) -> float:
        """Return the share of PE-cycles with one of these causes, 0..1."""
        return sum(self.pe_cycles[cause] for cause in causes) / self.pe_cycles_total


def measure(
    counters: LayerCounters,
    energy_by_unit_pj: Mapping[str, float],
    *,
    images: int,
    clock_mhz: float,
    outputs_exact: bool,
) -> Measures:
    """Compute all figures from what was counted.

    Parameters
    ----------
    counters : LayerCounters
        Sums over the images (and, for a run, over the layers).
    energy_by_unit_pj : mapping of str to float
        The same sums in pJ, a value for each of :data:`o3sim.energy.units.UNITS`.
    images : int
        Number of images that were summed, at least 1.
    clock_mhz : float
    outputs_exact : bool
    """
    total_pj = fsum(energy_by_unit_pj[unit] for unit in UNITS)
    on_chip_pj = on_chip_pj_of(energy_by_unit_pj)
    edges = edges_of(counters)
    cycles_per_image = counters.cycles / images
    latency_us = cycles_per_image / clock_mhz
    return Measures(
        cycles=counters.cycles,
        cycles_per_image=cycles_per_image,
        latency_us=latency_us,
        images_per_s=1e6 / latency_us,
        utilisation=counters.pe_cycles["useful"] / sum(counters.pe_cycles.values()),
        outputs_exact=outputs_exact,
        edges=edges,
        pe_cycles=PeCycles(**counters.pe_cycles),
        energy_pj=EnergyPj(total=total_pj, **energy_by_unit_pj),
        energy_pj_per_image=total_pj / images,
        fj_per_edge=ratio(total_pj * FJ_PER_PJ, edges.total),
        on_chip_fj_per_edge=ratio(on_chip_pj * FJ_PER_PJ, edges.total),
        tops_per_watt=ratio(OPS_PER_EDGE * edges.total, total_pj),
        events=counters.events,
    )


def on_chip_pj_of(energy_by_unit_pj: Mapping[str, float]) -> float:
    """Add up the energy of all units but DRAM, in pJ."""
    return fsum(energy_by_unit_pj[unit] for unit in ON_CHIP_UNITS)


def ratio(part: float, whole: float) -> float | None:
    """Divide, or return None where there is nothing to divide by."""
    return part / whole if whole else None


def edges_of(counters: LayerCounters) -> Edges:
    """Group the edge counters."""
    pruned = Pruned(
        counters.edges_pruned_threshold, counters.edges_pruned_pooling, counters.edges_pruned_argmax
    )
    return Edges(counters.edges_total, counters.edges_executed, counters.edges_wasted, pruned)


def sum_energy(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Add energies by unit, correctly rounded, so that no order of adding shows."""
    return {unit: fsum(part[unit] for part in parts) for unit in UNITS}


def values_of(measures: Measures) -> dict[str, Any]:
    """Return the fields of :class:`Measures`, unconverted: keywords of a class that extends it."""
    return {item.name: getattr(measures, item.name) for item in fields(Measures)}
