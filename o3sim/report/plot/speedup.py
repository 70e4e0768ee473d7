"""Speed-up over one architecture: a group of bars an architecture, a bar a workload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from o3sim.config.catalog import suggest
from o3sim.errors import InputError
from o3sim.report.plot.bars import bar_places, name_groups
from o3sim.report.plot.colours import BLACK, LINE_COLOURS
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.run_peaks import peak_notes_of
from o3sim.report.plot.style import (
    add_note,
    legend_label,
    new_figure,
    plain_numbers,
    scaled,
    short,
    text_inches,
    width_inches,
    wrapped,
)
from o3sim.results.saved import SavedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT_INCHES = 2.2


@dataclass(frozen=True, eq=False)
class SpeedUpData:
    """Speed-ups over the baseline.

    Attributes
    ----------
    baseline : str
    architectures : tuple of str
        The baseline, then all others in the order of the first result.
    by_workload : dict of str to float64 array, shape (architectures,)
        ``latency of the baseline / latency``; NaN where a result has no such run.
    spreads : dict of str to float64 array, shape (2, architectures)
        The least and the most of the same ratio image by image, of workloads with several images.
    notes : tuple of str
        What a reader has to know, beneath the figure.
    """

    baseline: str
    architectures: tuple[str, ...]
    by_workload: dict[str, NDArray[np.float64]]
    spreads: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


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
    architectures = (baseline, *(name for name in dict.fromkeys(beside) if name != baseline))
    if len(architectures) == 1:
        raise InputError(f"nothing beside {baseline}: run with --controls or --compare, and plot that result")
    bars: dict[str, NDArray[np.float64]] = {}
    spreads: dict[str, NDArray[np.float64]] = {}
    notes: list[str] = []
    for runs, name in zip(results, found, strict=True):
        by_name = {run.architecture: run for run in runs}
        workload = runs[0].title
        if name not in by_name:
            hint = suggest(baseline, by_name)
            there = ", ".join(by_name)
            raise InputError(f"the result of {workload} has no run of `{baseline}`{hint}; there are: {there}")
        if workload in bars:
            raise InputError(f"two results are of {workload}; give one for each workload")
        base = by_name[name]
        beside_base = [base, *(by_name.get(each) for each in architectures[1:])]
        bars[workload] = np.array(
            [base.latency_us / run.latency_us if run else np.nan for run in beside_base]
        )
        if any(run.images != base.images for run in runs):
            raise InputError(f"the runs of {workload} are not of the same images")
        if len(base.image_latencies_us) > 1:
            spreads[workload] = np.array([_spread(base, run) for run in beside_base]).T
        notes += peak_notes_of([base, *(run for run in runs if run is not base)])
    return SpeedUpData(baseline, architectures, bars, spreads, tuple(dict.fromkeys(notes)))


def _spread(base: SavedRun, run: SavedRun | None) -> tuple[float, float]:
    """Return the least and the most speed-up of the images."""
    if run is None:
        return np.nan, np.nan
    pairs = zip(base.image_latencies_us, run.image_latencies_us, strict=True)
    ratios = [theirs / ours for theirs, ours in pairs]
    return min(ratios), max(ratios)


def _named(runs: Sequence[SavedRun], baseline: str) -> str:
    """Return the architecture that a baseline is in a result."""
    names = [run.architecture for run in runs]
    derived = f"{names[0]}-{baseline}"
    return derived if baseline not in names and derived in names else baseline


def draw_speedup(data: SpeedUpData) -> Figure:
    """Draw the bars, the baseline's as well and as a line, and how far each spreads over the images."""
    figure = new_figure(HEIGHT_INCHES)
    axes = figure.subplots()
    places, width = bar_places(len(data.architectures), len(data.by_workload))
    texts = {name: [short(value) for value in _rounded(bars)] for name, bars in data.by_workload.items()}
    room = width * 0.85 * width_inches() / len(data.architectures)
    fits = all(0.83 * text_inches(text) <= room for each in texts.values() for text in each)
    for number, (workload, values) in enumerate(data.by_workload.items()):
        here = places[:, number]
        look: dict[str, Any] = {"color": LINE_COLOURS[number % len(LINE_COLOURS)], "linewidth": 0}
        axes.bar(here, values, width * 0.92, label=legend_label(workload), **look)
        tops = values
        if workload in data.spreads:
            least, most = data.spreads[workload]
            tops = np.fmax(values, most)
            ends: dict[str, Any] = {
                "ecolor": BLACK,
                "elinewidth": scaled(0.7),
                "capsize": scaled(1.5),
                "capthick": scaled(0.7),
            }
            below, above = np.clip(values - least, 0, None), np.clip(most - values, 0, None)
            axes.errorbar(here, values, (below, above), fmt="none", **ends)
        for place, top, text in zip(here, tops, texts[workload] if fits else (), strict=False):
            if np.isfinite(top):
                how: dict[str, Any] = {
                    "ha": "center",
                    "va": "bottom",
                    "fontsize": "small",
                    "textcoords": "offset points",
                }
                axes.annotate(text, (place, top), (0, scaled(1.5)), **how)
    axes.axhline(1, color=BLACK, linewidth=scaled(0.8), linestyle="--", zorder=0.5)
    name_groups(axes, data.architectures)
    axes.set_ylabel(wrapped(f"speed-up over {data.baseline}", scaled(0.85 * HEIGHT_INCHES)))
    axes.margins(x=0.02, y=0.12)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    plain_numbers(axes.yaxis)
    add_legend(figure)
    of_images = ["Lines over the bars: the least and the most of single images."] if data.spreads else []
    add_note(figure, [*of_images, *data.notes])
    return figure


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to three digits: what a bar's height lets be told apart."""
    digits = 2 - np.floor(np.log10(np.where(values > 0, values, 1)))
    return np.array([round(value, int(place)) for value, place in zip(values, digits, strict=True)])
