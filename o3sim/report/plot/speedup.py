"""Speed-up over one architecture: a group of bars an architecture, a bar a workload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.report.plot.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    TWO_COLUMNS_INCHES,
    VERMILION,
    YELLOW,
    legend_label,
    new_figure,
)
from o3sim.results.saved import SavedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW)


@dataclass(frozen=True, eq=False)
class SpeedUpData:
    """Speed-ups over the baseline.

    Attributes
    ----------
    baseline : str
    architectures : tuple of str
        All others, in the order of the first result.
    by_workload : dict of str to float64 array, shape (architectures,)
        ``latency of the baseline / latency``; NaN where a result has no such run.
    """

    baseline: str
    architectures: tuple[str, ...]
    by_workload: dict[str, NDArray[np.float64]]


def speedup_data(results: Sequence[Sequence[SavedRun]], baseline: str) -> SpeedUpData:
    """Work out the bars from the runs of each result, one result a workload.

    The baseline is an architecture's name, or that of a control of the result's main machine.

    Raises
    ------
    InputError
        If a result has no run of the baseline, nothing beside it, or two are of one workload.
    """
    found = [_named(runs, baseline) for runs in results]
    beside = (
        run.architecture
        for runs, name in zip(results, found, strict=True)
        for run in runs
        if run.architecture != name
    )
    architectures = list(dict.fromkeys(beside))
    if not architectures:
        raise InputError(f"nothing beside {baseline}: run with --controls or --compare, and plot that result")
    bars: dict[str, NDArray[np.float64]] = {}
    for runs, name in zip(results, found, strict=True):
        latencies = {run.architecture: run.latency_us for run in runs}
        workload = runs[0].title
        if name not in latencies:
            hint = suggest(baseline, latencies)
            there = ", ".join(latencies)
            raise InputError(f"the result of {workload} has no run of `{baseline}`{hint}; there are: {there}")
        if workload in bars:
            raise InputError(f"two results are of {workload}; give one for each workload")
        bars[workload] = np.array([latencies[name] / latencies.get(a, np.nan) for a in architectures])
    return SpeedUpData(baseline, tuple(architectures), bars)


def _named(runs: Sequence[SavedRun], baseline: str) -> str:
    """Return the architecture that a baseline is in a result."""
    names = [run.architecture for run in runs]
    derived = f"{names[0]}-{baseline}"
    return derived if baseline not in names and derived in names else baseline


def draw_speedup(data: SpeedUpData) -> Figure:
    """Draw the bars, each with its value, and the baseline as a line."""
    figure = new_figure(TWO_COLUMNS_INCHES, 2.6)
    axes = figure.subplots()
    places = np.arange(len(data.architectures))
    width = 0.8 / len(data.by_workload)
    for number, (workload, values) in enumerate(data.by_workload.items()):
        left = places - 0.4 + width * (number + 0.5)
        colour = COLOURS[number % len(COLOURS)]
        bars = axes.bar(
            left,
            values,
            width * 0.92,
            color=colour,
            label=legend_label(workload),
            edgecolor=BLACK,
            linewidth=0.3,
        )
        axes.bar_label(bars, [f"{value:.2f}" for value in values], fontsize=6.5, padding=1)
    axes.axhline(1, color=BLACK, linewidth=0.8, linestyle="--")
    axes.set_xticks(places, data.architectures, rotation=20, ha="right")
    axes.set_ylabel(f"speed-up over {data.baseline}")
    axes.margins(x=0.02, y=0.12)
    figure.legend(loc="outside upper center", ncols=4)
    return figure
