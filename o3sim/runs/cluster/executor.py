"""A dask cluster as an executor: what sweeps and searches submit runs on its workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from o3sim.errors import InputError
from o3sim.runs.cluster.node import NotPlaced, OtherVersion, Work, work_here
from o3sim.runs.cluster.placing import Placing
from o3sim.runs.executors import WorkLost
from o3sim.runs.tasks import PointTask


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
        outer: Future[Any] = Future()
        self._submit(outer, work, *args, **kwargs)
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - never waits
        """Give up what is not done; nobody asks for it any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._inner.shutdown(wait=False)

    def _submit(self, outer: Future[Any], work: Work, tasks: Sequence[PointTask]) -> None:
        folders = {folder for task in tasks for folder in task.case.folders}
        contents = {folder: self._placing.content(folder) for folder in folders}
        inner = self._inner.submit(work_here, work, tasks, contents, version("o3sim"))
        inner.add_done_callback(partial(self._pass_on, outer, work, tasks))

    def _pass_on(
        self, outer: Future[Any], work: Work, tasks: Sequence[PointTask], inner: Future[Any]
    ) -> None:
        """Hand on what came of it; where profiles were missing, bring them and submit it again."""
        try:
            found = inner.result()
            if isinstance(found, NotPlaced):
                self._thread.submit(self._place_and_submit, found, outer, work, tasks)
            elif isinstance(found, OtherVersion):
                raise InputError(_other_version(found))
            else:
                outer.set_result(found)
        except (Exception, CancelledError) as error:  # the caller meets it where it asks for the result
            outer.set_exception(_told(error))

    def _place_and_submit(
        self, missing: NotPlaced, outer: Future[Any], work: Work, tasks: Sequence[PointTask]
    ) -> None:
        try:
            self._placing.place(missing.contents, missing.worker)
            self._submit(outer, work, tasks)
        except Exception as error:  # as above
            outer.set_exception(_told(error))


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


def _other_version(found: OtherVersion) -> str:
    here = version("o3sim")
    return f"worker {found.worker} has o3sim {found.version}, here is {here}: install the same on both"
