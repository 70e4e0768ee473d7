"""What a million points would cost, and what limits it: projected from a few points that are measured."""

from __future__ import annotations

import argparse
import json
import pickle
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from o3sim.results.table import csv_text
from o3sim.runs.case import StoredCase, stored_case
from o3sim.runs.tasks import PointOutcome, PointTask, evaluate
from o3sim.studies.journal import Journal
from o3sim.studies.sweep.expand import Expansion, Point, expand, load_sweep
from o3sim.studies.sweep.run import MOST_BATCH_POINTS, Plan, plan_sweep, tables_of, tasks_of

Result = TypeVar("Result")

POINTS = 1_000_000
EXPANDED = 2_000
TABLED = 50
BATCHES = 200
CORES = (2, 64, 1024)
HOUR_S, GB = 3600, 1e9

SWEEP = """\
name: scale
architectures: [{architecture}]
workloads: [{workload}]
axes: {{issue_queue.depth_ops: {{from: 512, to: {last}, step: 1}}}}
"""


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Return the CPU seconds of this process that work takes, and its result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def kept_bytes(work: Callable[[], Result]) -> tuple[int, Result]:
    """Return the memory that the result of some work keeps, and the result."""
    tracemalloc.start()
    try:
        result = work()
        return tracemalloc.get_traced_memory()[0], result
    finally:
        tracemalloc.stop()


@dataclass(frozen=True)
class Subject:
    """A sweep of many points over one image, ready to be measured."""

    plan: Plan
    stored: StoredCase
    profile_s: float

    @classmethod
    def made(cls, workload: str, architecture: str, folder: Path) -> Subject:
        """Expand the sweep, and compute and store the profiles of the image."""
        text = SWEEP.format(architecture=architecture, workload=workload, last=512 + EXPANDED - 1)
        (folder / "sweep.yaml").write_text(text)
        plan = plan_sweep(load_sweep(folder / "sweep.yaml"))
        (subject,) = plan.subjects.values()
        work = partial(stored_case, subject, folder / "profiles")
        profile_s, stored = timed(work)
        return cls(plan, stored, profile_s)

    def tasks(self, points: Sequence[Point]) -> list[PointTask]:
        """Return the work of some points."""
        (name,) = self.plan.subjects
        return tasks_of(replace(self.plan, expansion=Expansion(list(points))), {name: self.stored})


def running(subject: Subject, count: int) -> tuple[dict[str, Any], PointOutcome]:
    """Run points: the first only loads what is loaded once."""
    tasks = subject.tasks(subject.plan.points[: count + 1])
    runs = [timed(partial(evaluate, task)) for task in tasks]
    outcome = runs[-1][1]
    batch = subject.tasks(subject.plan.points[:MOST_BATCH_POINTS])
    return {
        "run_s": statistics.median(seconds for seconds, _ in runs[1:]),
        "task_bytes": len(pickle.dumps(batch)) // len(batch),
    }, outcome


def journalling(outcome: PointOutcome, folder: Path) -> dict[str, Any]:
    """Write batches of outcomes into a journal."""
    with closing(Journal(folder / "journal", {})) as journal:
        batch = [outcome] * MOST_BATCH_POINTS

        def add_all() -> None:
            for _ in range(BATCHES):
                journal.add(batch)

        seconds, _ = timed(add_all)
    size = (folder / "journal").stat().st_size
    written = BATCHES * MOST_BATCH_POINTS
    return {"journal_s": seconds / written, "journal_bytes": size // written}


def expanding(subject: Subject) -> dict[str, Any]:
    """Make the points and their tasks, once for time and once for memory."""
    networks = {name: each.network.layers for name, each in subject.plan.subjects.items()}

    def make() -> list[PointTask]:
        return subject.tasks(expand(subject.plan.file, networks).points)

    seconds, _ = timed(make)
    memory, _ = kept_bytes(make)
    return {"expand_s": seconds / EXPANDED, "expand_memory_bytes": memory // EXPANDED}


def tabling(subject: Subject, outcome: PointOutcome) -> dict[str, Any]:
    """Read outcomes as from a journal, and make both tables of them."""
    line = json.dumps(asdict(outcome))
    points = subject.plan.points[:TABLED]
    part = replace(subject.plan, expansion=Expansion(list(points)))

    def make() -> tuple[Any, Any, list[str]]:
        outcomes = {number: PointOutcome(**json.loads(line)) for number in range(len(points))}
        tables = tables_of(part, outcomes)
        return outcomes, tables, [csv_text(table) for table in tables]

    seconds, (_, _, texts) = timed(make)
    memory, _ = kept_bytes(make)
    return {
        "table_s": seconds / TABLED,
        "table_bytes": sum(map(len, texts)) // TABLED,
        "table_memory_bytes": memory // TABLED,
    }


def sending(subject: Subject, outcome: PointOutcome, folder: Path) -> dict[str, Any]:
    """Send batches through a dask scheduler in this process to a worker that knows the answers."""
    from distributed import Client, LocalCluster

    from o3sim.runs.cluster.executor import ClusterExecutor
    from o3sim.runs.cluster.placing import Placing

    (folder / "outcome").write_bytes(pickle.dumps(outcome))
    work = partial(answered, str(folder / "outcome"))
    tasks = subject.tasks(subject.plan.points[:MOST_BATCH_POINTS])
    local = str(folder / "worker")
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, local_directory=local
        ) as dask,
        Client(dask, set_as_default=False) as client,
    ):
        executor = ClusterExecutor(client, Placing(client))
        executor.submit(work, tasks).result()
        seconds, _ = timed(lambda: wait([executor.submit(work, tasks) for _ in range(BATCHES)]))
        executor.shutdown()
    return {"batch_s": seconds / BATCHES}


def answered(path: str, tasks: Sequence[PointTask]) -> list[PointOutcome]:
    """Answer with the same outcome for every task, read once."""
    return [replace(_known(path), number=task.number) for task in tasks]


@lru_cache(maxsize=1)
def _known(path: str) -> PointOutcome:
    outcome: PointOutcome = pickle.loads(Path(path).read_bytes())  # noqa: S301 - written by this script
    return outcome


def measure(workload: str, architecture: str, count: int) -> dict[str, Any]:
    """Measure every part of a sweep by itself, in CPU seconds and bytes."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        subject = Subject.made(workload, architecture, folder)
        found, outcome = running(subject, count)
        found |= expanding(subject) | tabling(subject, outcome)
        found |= journalling(outcome, folder) | sending(subject, outcome, folder)
        stored = sum(file.stat().st_size for file in Path(subject.stored.folders[0]).iterdir())
    return found | {"profile_s": subject.profile_s, "profile_bytes": stored}


def projection(found: dict[str, Any]) -> dict[str, Any]:
    """Multiply: what :data:`POINTS` points over one image cost."""
    while_running_s = found["batch_s"] / MOST_BATCH_POINTS + found["journal_s"]
    memory = found["expand_memory_bytes"] + found["table_memory_bytes"]
    return {
        "core_hours": POINTS * found["run_s"] / HOUR_S,
        "hours": {cores: POINTS * found["run_s"] / cores / HOUR_S for cores in CORES},
        "parent_hours": POINTS * (found["expand_s"] + while_running_s + found["table_s"]) / HOUR_S,
        "most_cores": found["run_s"] / while_running_s,
        "memory_gb": POINTS * memory / GB,
        "points_in_16_gb": 16 * GB / memory,
    }


def print_measured(found: dict[str, Any]) -> None:
    """Print the figures of one point, or of what is done once."""
    print(f"{'measured':44} {'CPU s':>10} {'bytes':>12}")
    for what, seconds, size in (
        ("profiles of the image, once; sent to each node", "profile_s", "profile_bytes"),
        ("a point: run", "run_s", ""),
        ("a point: make and check; memory", "expand_s", "expand_memory_bytes"),
        ("a point: journal; disk", "journal_s", "journal_bytes"),
        ("a point: both tables; memory", "table_s", "table_memory_bytes"),
        ("a point: both tables; disk", "", "table_bytes"),
        ("a point: sent to a worker", "", "task_bytes"),
        (f"{MOST_BATCH_POINTS} points: client and scheduler of dask", "batch_s", ""),
    ):
        time_text = f"{found[seconds]:.6f}" if seconds else ""
        size_text = f"{found[size]:,}" if size else ""
        print(f"{what:46} {time_text:>10} {size_text:>12}".rstrip())


def print_projection(found: dict[str, Any], total: dict[str, Any]) -> None:
    """Print what follows for :data:`POINTS` points."""
    print(f"\n{POINTS:,} points")
    for what, figure in (
        ("core-hours to run them", f"{total['core_hours']:,.0f}"),
        *((f"  hours on {cores:,} cores", f"{hours:,.1f}") for cores, hours in total["hours"].items()),
        ("hours of the command's own process", f"{total['parent_hours']:,.1f}"),
        ("cores that it keeps busy at most", f"{total['most_cores']:,.0f}"),
        ("journal, GB", f"{POINTS * found['journal_bytes'] / GB:,.1f}"),
        ("tables, GB", f"{POINTS * found['table_bytes'] / GB:,.1f}"),
        ("memory of the command, GB", f"{total['memory_gb']:,.1f}"),
        ("  points of one sweep in 16 GB", f"{total['points_in_16_gb']:,.0f}"),
    ):
        print(f"{what:46} {figure:>10}")


def main() -> None:
    """Measure, project, print."""
    parser = argparse.ArgumentParser(prog="scripts/scale", description=__doc__)
    parser.add_argument("--workload", default="vgg16")
    parser.add_argument("--architecture", default="o3bnn-r")
    parser.add_argument("--points", type=int, default=7, help="points that are run")
    given = parser.parse_args()
    found = measure(given.workload, given.architecture, given.points)
    print(f"{given.workload} on {given.architecture}, one image, on this machine\n")
    print_measured(found)
    print_projection(found, projection(found))


if __name__ == "__main__":
    main()
