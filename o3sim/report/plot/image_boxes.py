"""The images of runs one by one: a box of latencies for each architecture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from o3sim.errors import InputError
from o3sim.report.plot.bars import bar_places, name_groups
from o3sim.report.plot.colours import BLACK, SKY
from o3sim.report.plot.run_peaks import peak_notes_of
from o3sim.report.plot.style import add_note, new_figure, plain_numbers, scaled, width_inches, wrapped
from o3sim.results.saved import SavedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOW = "Box: half of the images, and their median; whiskers: all of them."


@dataclass(frozen=True)
class BoxesData:
    """Latencies of the same images on several machines.

    Attributes
    ----------
    title : str
    latencies_us : dict of str to tuple of float
        By architecture, one for each image.
    notes : tuple of str
        What a reader has to know, beneath the figure.
    """

    title: str
    latencies_us: dict[str, tuple[float, ...]]
    notes: tuple[str, ...]


def boxes_data(runs: Sequence[SavedRun]) -> BoxesData:
    """Collect the latencies of the images of runs.

    Raises
    ------
    InputError
        If the runs are of different networks or numbers of images, or two are of one architecture.
    """
    first = runs[0]
    latencies: dict[str, tuple[float, ...]] = {}
    for run in runs:
        if run.network_digest != first.network_digest or run.images != first.images:
            these = f"{run.images:,} of {run.title} beside {first.images:,} of {first.title}"
            raise InputError(f"not of the same images: {these}")
        if run.architecture in latencies:
            raise InputError(f"two runs are of {run.architecture}; give one for each architecture")
        latencies[run.architecture] = run.image_latencies_us
    title = f"{first.title}, {first.images:,} image{'s' * (first.images != 1)}"
    return BoxesData(title, latencies, (HOW, *peak_notes_of(runs)))


def draw_boxes(data: BoxesData) -> Figure:
    """Draw a box an architecture."""
    figure = new_figure(2.3)
    axes = figure.subplots()
    _, width = bar_places(len(data.latencies_us), 1)
    line = {"color": BLACK, "linewidth": scaled(0.7)}
    axes.boxplot(
        list(data.latencies_us.values()),
        positions=range(len(data.latencies_us)),
        widths=width * 0.7,
        whis=(0, 100),
        patch_artist=True,
        boxprops={"facecolor": SKY, "linewidth": scaled(0.7)},
        medianprops={"color": BLACK, "linewidth": scaled(1.2)},
        whiskerprops=line,
        capprops=line,
    )
    name_groups(axes, list(data.latencies_us))
    axes.set_ylabel("latency (µs)")
    axes.set_title(wrapped(data.title, 0.85 * width_inches()))
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    plain_numbers(axes.yaxis)
    add_note(figure, data.notes)
    return figure
