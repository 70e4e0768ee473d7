"""Where points run: in this process, in processes of this machine, or wherever an Executor leads.

Anything that has the ``submit`` of :class:`concurrent.futures.Executor` will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from o3sim.runs.kernels import load_kernels
from o3sim.runs.tasks import PointTask
from o3sim.workers.pool import worker_pool

Result = TypeVar("Result")


class WorkLost(Exception):  # noqa: N818 - no error of the work itself
    """What ran a piece of work died, several times; the executor itself goes on."""


OpenExecutor = Callable[[int], AbstractContextManager[Executor]]
"""Opens an executor for so many jobs; called again after a pool has broken."""


@contextmanager
def local_executor(jobs: int) -> Iterator[Executor]:
    """Open an executor on this machine: a pool of processes, or this process for one job."""
    if jobs == 1:
        yield InThisProcess()
        return
    with worker_pool(jobs) as pool:
        yield _WithKernels(pool)


class _WithKernels(Executor):
    """Hands points to workers once the kernels that they need are compiled, here, for workers to find."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    def submit(self, work: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Let a worker do ``work`` on points, the first argument."""
        tasks: Sequence[PointTask] = args[0]
        for task in tasks:
            load_kernels([task.architecture], task.case.network.layers)
        return self._pool.submit(work, *args, **kwargs)


class InThisProcess(Executor):
    """Runs what is submitted at once, here."""

    def submit(self, work: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Run ``work`` and return a future that is done."""
        future: Future[Result] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:  # the caller meets it where it asks for the result
            future.set_exception(error)
        return future
