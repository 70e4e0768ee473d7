"""What figures of runs beside each other say where machines are not of one size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isclose

from o3sim.report.plot.style import short
from o3sim.results.saved import SavedRun


def peak_notes_of(runs: Sequence[SavedRun]) -> Iterator[str]:
    """Say of each machine whose peak is not that of the first how many times that it has."""
    first, others = runs[0], runs[1:]
    for name, peak in {run.architecture: run.peak for run in others}.items():
        if not isclose(peak, first.peak):
            times = f"{short(peak / first.peak)} times the peak (edges a second)"
            yield f"{name} has {times} of {first.architecture}."
