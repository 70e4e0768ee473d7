"""The figures beside the table: pruning by layer, accuracy against pruning, speed-up by machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from o3sim.checks.reproduce.evidence import MACHINES, Evidence, Trained
from o3sim.checks.reproduce.training_logs import TrainingLog, load_logs
from o3sim.errors import InputError
from o3sim.report.plot.colours import LINE_COLOURS, PRUNINGS, fill
from o3sim.report.plot.legend import add_legend
from o3sim.report.plot.speedup import SpeedUpData, draw_speedup
from o3sim.report.plot.style import figure_style, new_figure, save, scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BASELINE = "dense"

MARKERS = {"plain": "o", "pooling": "x", "threshold": "^", "both": "s", "margin": "d"}
"""By what a training was regularised with; margin is the plain pooling term to compare with."""


def draw_figures(evidence: Evidence, folder: Path) -> None:
    """Draw all figures as SVG and PNG into a folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from None
    with figure_style():
        _save(draw_pruning(evidence), folder, "pruning-per-layer")
        _save(draw_speedup(_speed_ups(evidence)), folder, "speed-up")
        logs = load_logs()
        if logs:
            _save(draw_accuracy(list(logs.values())), folder, "accuracy-against-pruning")


def _save(figure: Figure, folder: Path, name: str) -> None:
    for suffix in ("svg", "png"):
        save(figure, folder / f"{name}.{suffix}")


def _speed_ups(evidence: Evidence) -> SpeedUpData:
    """Collect the speed-ups over the dense machine of the networks without a regulariser."""
    shown = (BASELINE, *(name for name in MACHINES if name != BASELINE))
    bars = {}
    for trained in evidence.plain:
        dense = evidence.run(trained, BASELINE).latency_us
        bars[trained.name] = np.array([dense / evidence.run(trained, name).latency_us for name in shown])
    return SpeedUpData(BASELINE, shown, bars)


def draw_pruning(evidence: Evidence) -> Figure:
    """Draw the share of edges that each layer loses to the prunings, a panel a network, one seed each."""
    shown = evidence.one_seed_each
    columns = 3
    rows = -(-len(shown) // columns)
    figure = new_figure(1.7 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes, trained in zip(panels, shown, strict=False):
        _pruning_panel(axes, evidence, trained)
    for axes in panels[::columns]:
        axes.set_ylabel("edges pruned, %")
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    add_legend(figure)
    return figure


def _pruning_panel(axes: Axes, evidence: Evidence, trained: Trained) -> None:
    layers = evidence.run(trained, "o3bnn").layers
    places = np.arange(len(layers))
    threshold = np.array([100 * layer.edge_share(layer.edges.pruned.threshold) for layer in layers])
    pooling = np.array([100 * layer.edge_share(layer.edges.pruned.pooling) for layer in layers])
    axes.bar(places, threshold, label="threshold", **fill(PRUNINGS["threshold"]))
    axes.bar(places, pooling, bottom=threshold, label="pooling", **fill(PRUNINGS["pooling"]))
    axes.set_title(trained.name)
    axes.set_xticks(places, [layer.name for layer in layers], rotation=60, ha="right")


def draw_accuracy(logs: Sequence[TrainingLog]) -> Figure:
    """Draw accuracy against pruning of every logged training, and the front of each family and order."""
    groups: dict[tuple[str, str], list[TrainingLog]] = defaultdict(list)
    for log in logs:
        groups[log.family, log.order].append(log)
    families = sorted({family for family, _ in groups})
    figure = new_figure(2.8)
    panels = figure.subplots(1, len(families), squeeze=False)[0]
    for axes, family in zip(panels, families, strict=True):
        for number, order in enumerate(sorted(order for name, order in groups if name == family)):
            _accuracy_points(axes, groups[family, order], order, LINE_COLOURS[number])
        axes.set_title(family)
        axes.set_xlabel("binary edges pruned, %")
    add_legend(figure)
    panels[0].set_ylabel("accuracy on all test images, %")
    return figure


def _accuracy_points(axes: Axes, logs: Sequence[TrainingLog], label: str, colour: str) -> None:
    """Draw a marker for each kind of regulariser, its weights beside it, and the front as a line."""
    for kind, marker in MARKERS.items():
        chosen = [log for log in logs if kind_of(log) == kind]
        if not chosen:
            continue
        axes.plot(
            [log.pruned_percent for log in chosen],
            [100 * log.accuracy for log in chosen],
            linestyle="",
            marker=marker,
            markersize=scaled(4),
            color=colour,
            label=f"{label}, {kind}",
        )
    for log in logs:
        if log.regularised:
            place = (log.pruned_percent, 100 * log.accuracy)
            axes.annotate(weights_text(log), place, (3, 2), textcoords="offset points", fontsize="xx-small")
    front = front_of(logs)
    axes.plot(
        [log.pruned_percent for log in front],
        [100 * log.accuracy for log in front],
        color=colour,
        linewidth=scaled(0.8),
        alpha=0.6,
    )


def kind_of(log: TrainingLog) -> str:
    """Name what a training was regularised by: a key of :data:`MARKERS`."""
    if not log.regularised:
        return "plain"
    if log.pooling_weight == 0:
        return "threshold"
    if log.pooling_form == "margin":
        return "margin"
    return "pooling" if log.threshold_weight == 0 else "both"


def weights_text(log: TrainingLog) -> str:
    """Write the weights that are not 0, that of the pooling term first."""
    return " + ".join(f"{weight:g}" for weight in (log.pooling_weight, log.threshold_weight) if weight)


def front_of(logs: Sequence[TrainingLog]) -> list[TrainingLog]:
    """Return the trainings that no other beats in both accuracy and pruning, least pruned first."""
    front: list[TrainingLog] = []
    for log in sorted(logs, key=lambda log: (-log.pruned_percent, -log.accuracy)):
        if not front or log.accuracy > front[-1].accuracy:
            front.append(log)
    return front[::-1]
