"""How much of the true front a search finds with a share of the points, over many seeds."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.results.front import hypervolume, non_dominated
from o3sim.runs.case import stored_case
from o3sim.runs.dispatch import run_tasks
from o3sim.runs.executors import OpenExecutor, local_executor
from o3sim.runs.tasks import PointOutcome, PointTask
from o3sim.studies.search.config import Explore
from o3sim.studies.search.objectives import Objectives
from o3sim.studies.search.plan import SearchPlan, plan_search
from o3sim.studies.search.run import run_search
from o3sim.studies.search.space import Candidate
from o3sim.studies.sweep.expand import Point
from o3sim.studies.sweep.run import row_of

SAMPLERS = ("tpe", "nsga2", "random")
GOAL = 0.95


class Enumerated:
    """Every allowed point of a space, run once.

    Attributes
    ----------
    values : ndarray of float64, shape (points, objectives)
        To be minimised.
    """

    def __init__(self, plan: SearchPlan, jobs: int) -> None:
        candidates = list(_allowed(plan))
        with TemporaryDirectory() as folder:
            stored = stored_case(plan.subject, Path(folder))
            tasks = [
                PointTask(number, candidate.architecture, stored)
                for number, candidate in enumerate(candidates)
            ]
            found = [each for batch in run_tasks(tasks, local_executor, jobs, 16) for each in batch]
        found.sort(key=lambda outcome: outcome.number)
        self._outcomes = {
            candidate.architecture.model_dump_json(): outcome
            for candidate, outcome in zip(candidates, found, strict=True)
        }
        objectives = Objectives(plan.explore.objectives, plan.space.limits)
        rows = [
            row_of(
                Point(number, candidate.architecture, "", candidate.axes, candidate.architecture_sha256),
                outcome,
                {},
                plan.subject.network.layers,
            )
            for number, (candidate, outcome) in enumerate(zip(candidates, found, strict=True))
        ]
        values = [objectives.values(row) for row in rows if not objectives.broken_limits(row)]
        self.values = objectives.to_minimise([each for each in values if each is not None])

    def __len__(self) -> int:
        return len(self._outcomes)

    @contextmanager
    def open_executor(self, _jobs: int) -> Iterator[Executor]:
        """Open an executor that looks points up in place of running them."""
        yield _LookedUp(self._outcomes)


class _LookedUp(Executor):
    def __init__(self, outcomes: dict[str, PointOutcome]) -> None:
        self._outcomes = outcomes

    def submit(self, _work: Callable[..., Any], /, *args: Any, **_named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result([self._of(task) for task in args[0]])
        return future

    def _of(self, task: PointTask) -> PointOutcome:
        known = self._outcomes[task.architecture.model_dump_json()]
        return PointOutcome(task.number, known.error, known.columns, known.layers)


def _allowed(plan: SearchPlan) -> Iterator[Candidate]:
    for axes in plan.space.combinations():
        try:
            yield plan.space.candidate(axes)
        except InputError:
            continue


def found_by(plan: SearchPlan, sampler: str, seed: int, trials: int, executor: OpenExecutor) -> NDArray[Any]:
    """Search with one seed; return the values on the front, to be minimised."""
    values = plan.explore.model_dump(by_alias=True)
    changed = Explore.model_validate({**values, "sampler": sampler, "seed": seed, "trials": trials})
    here = SearchPlan(plan.path, changed, plan.base, plan.subject, plan.space)
    objectives = Objectives(changed.objectives)
    with TemporaryDirectory() as folder:
        front = run_search(here, Path(folder), open_executor=executor).front
    return objectives.to_minimise([[row[name] for name in objectives.names] for row in front])


class Ruler:
    """Measures fronts against the true one, every objective scaled to 0..1 between two corners.

    Parameters
    ----------
    values : ndarray of float64, shape (points, objectives)
        Of the whole space.
    worst : ndarray of float64, shape (objectives,)
        The corner that volumes are measured from.
    """

    def __init__(self, values: NDArray[Any], worst: NDArray[Any]) -> None:
        self._best, self._span = values.min(axis=0), worst - values.min(axis=0)
        self._whole = self._volume(values[non_dominated(values)])

    def share(self, front: NDArray[Any]) -> float:
        """Return the volume of a front as a share of the true one's."""
        return self._volume(front) / self._whole

    def _volume(self, front: NDArray[Any]) -> float:
        return hypervolume((front - self._best) / self._span, np.ones(len(self._span)))


def describe(shares: Sequence[float]) -> str:
    """Format shares in percent: smallest, quartile, median, and how many seeds reach the goal."""
    low, quarter, middle = np.percentile(shares, [0, 25, 50])
    reached = sum(share >= GOAL for share in shares)
    return f"{100 * low:8.1f} {100 * quarter:9.1f} {100 * middle:7.1f}   {reached} of {len(shares)}"


def main() -> None:
    """Enumerate, search, print."""
    parser = argparse.ArgumentParser(prog="scripts/hypervolume", description=__doc__)
    parser.add_argument("file", type=Path, metavar="EXPLORE.yaml")
    parser.add_argument("--share", type=float, default=0.1, help="points to try, of those allowed")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--samplers", default=",".join(SAMPLERS))
    parser.add_argument("--jobs", type=int, default=1, help="processes that enumerate the space")
    given = parser.parse_args()
    plan = plan_search(given.file)
    whole = Enumerated(plan, given.jobs)
    trials = round(given.share * len(whole))
    front = whole.values[non_dominated(whole.values)]
    print(f"{plan.space.size:,} combinations, {len(whole):,} allowed; true front: {len(front)} points")
    print(f"{trials} points a search, {given.seeds} seeds; share of the true hypervolume in percent\n")
    corners = {"worst of all": whole.values.max(axis=0), "worst of front": front.max(axis=0)}
    print(f"{'sampler':8} {'measured from':15} {'smallest':>8} {'quartile':>9} {'median':>7}   >= 95 %")
    for sampler in given.samplers.split(","):
        found = [
            found_by(plan, sampler, seed, trials, whole.open_executor) for seed in range(1, given.seeds + 1)
        ]
        for name, corner in corners.items():
            ruler = Ruler(whole.values, corner)
            print(f"{sampler:8} {name:15} {describe([ruler.share(each) for each in found])}", flush=True)


if __name__ == "__main__":
    main()
