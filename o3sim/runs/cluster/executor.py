"""A dask cluster as an executor: what sweeps and searches submit runs on its workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from o3sim.errors import InputError
from o3sim.runs.cluster.installed import installed, others_installed
from o3sim.runs.cluster.node import NotPlaced, OtherInstalled, Work, work_here
from o3sim.runs.cluster.placing import Placing
from o3sim.runs.executors import WorkLost
from o3sim.runs.tasks import PointTask

TRIES = 3
"""Times that profiles are brought for one piece of work to the node of one worker."""


@dataclass(frozen=True)
class _Asked:
    """A piece of work, and the workers for which profiles were brought so that it can be done."""

    outer: Future[Any]
    work: Work
    tasks: Sequence[PointTask]
    placed_on: list[str] = field(default_factory=list)


class ClusterExecutor(Executor):
    """Submits work on tasks through :meth:`distributed.Client.get_executor`.

    A task whose worker dies is run again by dask, on another worker; one that has seen more
    workers die than dask's ``distributed.scheduler.allowed-failures`` ends in :class:`WorkLost`.

    Parameters
    ----------
    client : distributed.Client
    placing : Placing
    """

    def __init__(self, client: Any, placing: Placing) -> None:
        self._inner: Executor = client.get_executor(pure=False)
        self._placing = placing
        self._thread = ThreadPoolExecutor(1, "o3sim-placing")

    def submit(self, work: Work, /, *args: Any, **kwargs: Any) -> Future[Any]:  # type: ignore[override]  # only work on tasks
        """Run ``work(tasks)`` on a worker whose node has the tasks' profiles."""
        asked = _Asked(Future(), work, *args, **kwargs)
        self._submit(asked)
        return asked.outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - never waits
        """Give up what is not done; nobody asks for it any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._inner.shutdown(wait=False)

    def _submit(self, asked: _Asked) -> None:
        folders = {folder for task in asked.tasks for folder in task.case.folders}
        contents = {folder: self._placing.content(folder) for folder in folders}
        inner = self._inner.submit(work_here, asked.work, asked.tasks, contents, installed())
        inner.add_done_callback(partial(self._pass_on, asked))

    def _pass_on(self, asked: _Asked, inner: Future[Any]) -> None:
        """Hand on what came of it; where profiles were missing, bring them and submit it again."""
        try:
            found = inner.result()
            if isinstance(found, NotPlaced):
                self._thread.submit(self._place_and_submit, found, asked)
            elif isinstance(found, OtherInstalled):
                raise others_installed({found.worker: found.installed}, installed())
            else:
                asked.outer.set_result(found)
        except (Exception, CancelledError) as error:  # the caller meets it where it asks for the result
            asked.outer.set_exception(_told(error))

    def _place_and_submit(self, missing: NotPlaced, asked: _Asked) -> None:
        try:
            if asked.placed_on.count(missing.worker) >= TRIES:
                raise InputError(f"profiles on the node of {missing.worker} do not stay as they are sent")
            self._placing.place(missing.contents, missing.worker)
            asked.placed_on.append(missing.worker)
            self._submit(asked)
        except Exception as error:  # as above
            asked.outer.set_exception(_told(error))


@contextmanager
def cluster_executor(client: Any, placing: Placing, _jobs: int) -> Iterator[Executor]:
    """Open an executor on a cluster; with the first two arguments given, an ``OpenExecutor``."""
    executor = ClusterExecutor(client, placing)
    try:
        yield executor
    finally:
        executor.shutdown()


def _told(error: BaseException) -> BaseException:
    """Return an error in the terms of those who submit."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return WorkLost(str(error))
    if isinstance(error, CancelledError):
        return InputError("the scheduler of the cluster is gone; --resume goes on from here")
    if isinstance(error, ModuleNotFoundError):
        return InputError(f"the workers of the cluster lack a module: {error}; install o3sim there as here")
    return error
