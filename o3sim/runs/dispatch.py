"""Hand out points in batches, and find those that kill the process they run in."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait

from o3sim.runs.executors import OpenExecutor, WorkLost
from o3sim.runs.stop import CheckStop, never
from o3sim.runs.tasks import PointOutcome, PointTask, evaluate_all
from o3sim.workers.pool import interrupt_later

AHEAD = 2
"""Batches handed out per job: one in work, one to go on with."""

STOP_CHECK_S = 0.1
"""Seconds after which a request to stop is obeyed at the latest."""

TRIES = 2
"""Times that a point may kill a process of its own before it counts as failed."""

MOST_SHARING = 512
"""Points that one simulation serves: figures of so many take about as long as a short simulation."""

Batch = Sequence[PointTask]


def run_tasks(
    tasks: Sequence[PointTask],
    open_executor: OpenExecutor,
    jobs: int,
    batch_points: int,
    check_stop: CheckStop = never,
) -> Generator[list[PointOutcome], None, None]:
    """Run points, and yield outcomes a batch at a time, as they come.

    When a pool breaks, because a process was killed or ran out of memory, the points that were under
    way run again, each alone, so that one that kills its process is known; the rest go on in a new pool.
    Where the executor outlives its processes, as on a cluster, only those of the lost batch do.

    Parameters
    ----------
    open_executor : callable
        Called with the number of jobs.
    batch_points : int
        Points that are sent to a process at once.
    check_stop : callable
        Called several times a second; what it raises ends the run.
    """
    left = deque(batches_of(tasks, batch_points))
    while left:
        suspects: list[PointTask] = []
        with open_executor(jobs) as executor:
            yield from _until_broken(executor, left, suspects, AHEAD * jobs, check_stop)
        for task in suspects:
            check_stop()
            yield [_alone(task, open_executor)]


def batches_of(tasks: Sequence[PointTask], batch_points: int) -> Iterator[Batch]:
    """Cut points into batches, those that share a simulation in one as far as it has room for them."""
    groups: dict[str, list[PointTask]] = {}
    for task in tasks:
        groups.setdefault(task.simulation, []).append(task)
    batch: list[PointTask] = []
    for group in groups.values():
        for start in range(0, len(group), MOST_SHARING):
            batch += group[start : start + MOST_SHARING]
            if len(batch) >= batch_points:
                yield batch
                batch = []
    if batch:
        yield batch


def _until_broken(
    executor: Executor, left: deque[Batch], suspects: list[PointTask], most: int, check_stop: CheckStop
) -> Iterator[list[PointOutcome]]:
    """Run batches until none is left, or the executor broke: then ``suspects`` has what was under way.

    Batches whose processes died alone go there too.
    """
    under_way: dict[Future[list[PointOutcome]], Batch] = {}
    try:
        while left or under_way:
            _hand_out(executor, left, under_way, most)
            done, _ = wait(under_way, STOP_CHECK_S, FIRST_COMPLETED)
            check_stop()
            for future in sorted(done, key=lambda finished: under_way[finished][0].number):
                try:
                    outcomes = future.result()
                except WorkLost:
                    suspects.extend(under_way.pop(future))
                    continue
                del under_way[future]
                yield outcomes
    except BrokenExecutor:
        for future, batch in under_way.items():
            if future.done() and future.exception() is None:
                yield future.result()
            else:
                suspects.extend(batch)


def _hand_out(
    executor: Executor, left: deque[Batch], under_way: dict[Future[list[PointOutcome]], Batch], most: int
) -> None:
    with interrupt_later():
        while left and len(under_way) < most:
            future = executor.submit(evaluate_all, left[0])
            under_way[future] = left.popleft()


def _alone(task: PointTask, open_executor: OpenExecutor) -> PointOutcome:
    """Run a point in a process of its own."""
    for _ in range(TRIES):
        try:
            with open_executor(2) as executor:  # one job would be this process, which a point may kill
                with interrupt_later():
                    future = executor.submit(evaluate_all, [task])
                return future.result()[0]
        except (BrokenExecutor, WorkLost):
            continue
    return PointOutcome(task.number, f"the process that ran it died, {TRIES} times (out of memory?)", {}, [])
