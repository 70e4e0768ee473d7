"""Run one design point from ready profiles: the work that is spread over processes and machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from o3sim.config.architecture import Architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.errors import MachineError
from o3sim.energy.model import EnergyModel
from o3sim.energy.table import load_table
from o3sim.errors import InputError
from o3sim.network.network import Network
from o3sim.profile.mapped_store import StoredWorkload
from o3sim.results.images import ImageResult
from o3sim.results.result import RunResult, Subject, run_result
from o3sim.results.table import layer_rows, result_columns
from o3sim.runs.engines import run_on_engine


@dataclass(frozen=True)
class PointTask:
    """A point with all that a worker needs to run it.

    Attributes
    ----------
    number : int
    architecture : Architecture
    shapes : Network
        Without parameters (:func:`o3sim.profile.mapped_store.shapes_of`).
    stored : StoredWorkload
    """

    number: int
    architecture: Architecture
    shapes: Network
    stored: StoredWorkload


@dataclass(frozen=True)
class PointOutcome:
    """What came of a point.

    Attributes
    ----------
    number : int
    error : str
        Empty if it ran.
    columns : dict
        Totals by column (:func:`o3sim.results.table.result_columns`); empty if it failed.
    layers : list of dict
        The same for each layer.
    """

    number: int
    error: str
    columns: dict[str, Any]
    layers: list[dict[str, Any]]


def evaluate(task: PointTask) -> PointOutcome:
    """Run a point; what goes wrong in it is its outcome, not an error."""
    try:
        result = run_point(task)
    except (InputError, MachineError) as error:
        return PointOutcome(task.number, str(error) or type(error).__name__, {}, [])
    return PointOutcome(task.number, "", result_columns(result), layer_rows(result))


def evaluate_all(tasks: Sequence[PointTask]) -> list[PointOutcome]:
    """Run several points, one after another: a batch is sent to a worker at once."""
    return [evaluate(task) for task in tasks]


def run_point(task: PointTask) -> RunResult:
    """Run a point on all images.

    Raises
    ------
    InputError
        If the machine cannot run the network, or the profiles cannot be read.
    MachineError
        If an invariant of the machine does not hold.
    """
    stored, layers = task.stored, task.shapes.layers
    totals = [LayerCounters(layer.name) for layer in layers]
    exact = [True] * len(layers)
    images = []
    labels = stored.labels or (None,) * len(stored.classes)
    for image, (predicted, label) in enumerate(zip(stored.classes, labels, strict=True)):
        run = run_on_engine(task.architecture, task.shapes, stored.profiles(image, layers))
        images.append(ImageResult(run.cycles, predicted, label))
        for number, (total, counters) in enumerate(zip(totals, run.layers, strict=True)):
            total.add(counters)
            if not layers[number].scores:
                exact[number] &= bool(np.array_equal(run.outputs[number], stored.bits(image, number)))
    model = EnergyModel(task.architecture, load_table(task.architecture.energy.table))
    subject = Subject(stored.name, stored.network_sha256, tuple(images), stored.synthetic)
    return run_result(task.architecture, model, subject, totals, exact)
