"""An executor that stays open from batch to batch, since to start processes takes longer than to run some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, TypeVar

from o3sim.runs.executors import OpenExecutor

Result = TypeVar("Result")


class KeptOpen:
    """Opens an executor once for each number of jobs, and again only when it has broken.

    Parameters
    ----------
    open_executor : callable
        What opens one.
    """

    def __init__(self, open_executor: OpenExecutor) -> None:
        self._open = open_executor
        self._stack = ExitStack()
        self._executors: dict[int, _Watched] = {}

    def __enter__(self) -> KeptOpen:
        """Begin: nothing is open yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Close all executors."""
        return self._stack.__exit__(kind, error, trace)

    @contextmanager
    def open(self, jobs: int) -> Iterator[Executor]:
        """Yield an executor, and leave it open: an ``OpenExecutor`` itself."""
        executor = self._executors.get(jobs)
        if executor is None or executor.broken:
            executor = _Watched(self._stack.enter_context(self._open(jobs)))
            self._executors[jobs] = executor
        yield executor


class _Watched(Executor):
    """Passes work on, and takes note when what does it breaks."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner
        self.broken = False

    def submit(self, work: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        try:
            future = self._inner.submit(work, *args, **kwargs)
        except BrokenExecutor:
            self.broken = True
            raise
        future.add_done_callback(self._look)
        return future

    def _look(self, future: Future[Any]) -> None:
        if not future.cancelled() and isinstance(future.exception(), BrokenExecutor):
            self.broken = True
