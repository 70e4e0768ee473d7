"""Design points as work that is spread over processes and machines, and what comes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from o3sim.config.architecture import Architecture
from o3sim.config.consent import consent_of_task
from o3sim.contract.errors import MachineError
from o3sim.contract.reach import timing_key
from o3sim.energy.table import load_table
from o3sim.errors import InputError
from o3sim.results.table import layer_rows, result_columns
from o3sim.runs.case import StoredCase
from o3sim.runs.layer_store import LayerStore
from o3sim.runs.point import PointCounts, count_point, result_of


@dataclass(frozen=True)
class PointTask:
    """A point with all that a worker needs to run it.

    Attributes
    ----------
    number : int
    architecture : Architecture
    case : StoredCase
        With the one kind of profiles that the machine asks for.
    code : frozenset of str
        SHA-256 of the users' code that may run: of the whole study.
    reuses_layers : bool
        Whether layers that a point before it ran need not run again where it cannot tell them apart; its
        counts do not depend on it.
    """

    number: int
    architecture: Architecture
    case: StoredCase
    code: frozenset[str] = frozenset()
    reuses_layers: bool = True

    @cached_property
    def simulation(self) -> str:
        """SHA-256 of all that its counts depend on: points that have the same are simulated once."""
        case = self.case
        text = f"{timing_key(self.architecture)} {case.network_sha256} {case.images_sha256}"
        return hashlib.sha256(text.encode()).hexdigest()


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


_STORE = LayerStore()
"""Layers that points ran in this process."""


def evaluate_all(tasks: Sequence[PointTask]) -> list[PointOutcome]:
    """Run several points, one after another: a batch is sent to a worker at once.

    Those of one simulation share its counts.
    """
    counted: dict[str, PointCounts] = {}
    return [_evaluate(task, counted) for task in tasks]


def evaluate(task: PointTask) -> PointOutcome:
    """Run a point; what goes wrong in it is its outcome, not an error."""
    return _evaluate(task, {})


def _evaluate(task: PointTask, counted: dict[str, PointCounts]) -> PointOutcome:
    try:
        if task.simulation not in counted:
            counted[task.simulation] = count_task(task)
        counts = counted[task.simulation]
        _check_exact(task, counts)
        table = load_table(task.architecture.energy.table)
        result = result_of(task.architecture, task.case, counts, table)
    except (InputError, MachineError) as error:
        return PointOutcome(task.number, str(error) or type(error).__name__, {}, [])
    return PointOutcome(task.number, "", result_columns(result), layer_rows(result))


def count_task(task: PointTask) -> PointCounts:
    """Simulate a point on all images.

    Raises
    ------
    InputError
        If the machine cannot run the network, its code is not what was allowed, or the profiles cannot
        be read.
    MachineError
        If an invariant of the machine does not hold.
    """
    with consent_of_task(task.code):
        return count_point(task.architecture, task.case, store=_STORE if task.reuses_layers else None)


def _check_exact(task: PointTask, counts: PointCounts) -> None:
    """Refuse outputs that are wrong, where the machine does not call them."""
    wrong = counts.inexact()
    if wrong and not task.architecture.pruning.speculative:
        raise MachineError(f"outputs are not exact: not those of functional inference in {', '.join(wrong)}")
