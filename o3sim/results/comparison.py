"""A run beside another on the same network and images: ratios, and how far they spread over the images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median as median_of

from o3sim.results.measures import ratio
from o3sim.results.result import RunResult


@dataclass(frozen=True)
class RatioSpread:
    """A ratio of two runs, image by image.

    Attributes
    ----------
    least, median, most : float
        Over the images; the median of an even number is the mean of the middle two.
    """

    least: float
    median: float
    most: float


@dataclass(frozen=True)
class Comparison:
    """A run beside the one that it is compared with, on the same network and images.

    Attributes
    ----------
    result : RunResult
        Result of the other architecture.
    peak_ratio : float
        Peak of this one, in edges a second, over that of the main run. With 1 a speed-up is that of how the
        machine works; with less it is that of a larger machine, too.
    speed_up : float
        Speed-up of the main run over this one: ratio of latencies, so clocks count.
    speed_up_spread : RatioSpread
        The same of each image: ratio of the times that it took.
    energy_ratio : float or None
        Energy of this one over that of the main run; None if the main run spent none.
    on_chip_energy_ratio : float or None
        The same without DRAM.
    on_chip_energy_ratio_spread : RatioSpread or None
        The same of each image; None if the main run spent none on one of them.
    """

    result: RunResult
    peak_ratio: float
    speed_up: float
    speed_up_spread: RatioSpread
    energy_ratio: float | None
    on_chip_energy_ratio: float | None
    on_chip_energy_ratio_spread: RatioSpread | None


def compare(main: RunResult, other: RunResult) -> Comparison:
    """Set another architecture's run beside the main one."""
    latencies = zip(_latencies_us(main), _latencies_us(other), strict=True)
    energies = list(_on_chip_ratios(main, other))
    return Comparison(
        other,
        peak_ratio=_peak(other) / _peak(main),
        speed_up=other.latency_us / main.latency_us,
        speed_up_spread=_spread_of([theirs / ours for ours, theirs in latencies]),
        energy_ratio=ratio(other.energy_pj.total, main.energy_pj.total),
        on_chip_energy_ratio=ratio(other.on_chip_pj, main.on_chip_pj),
        on_chip_energy_ratio_spread=_spread_of(energies) if len(energies) == main.images else None,
    )


def _peak(result: RunResult) -> float:
    return result.peak_edges_per_cycle * result.clock_mhz


def _latencies_us(result: RunResult) -> list[float]:
    return [image.cycles / result.clock_mhz for image in result.per_image]


def _on_chip_ratios(main: RunResult, other: RunResult) -> Iterator[float]:
    """Yield the ratio of each image that has one."""
    for ours, theirs in zip(main.per_image, other.per_image, strict=True):
        if ours.on_chip_pj and theirs.on_chip_pj is not None:
            yield theirs.on_chip_pj / ours.on_chip_pj


def _spread_of(ratios: Sequence[float]) -> RatioSpread:
    return RatioSpread(min(ratios), median_of(ratios), max(ratios))
