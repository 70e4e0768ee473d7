"""Spread pieces of work over processes; what comes of them is handed on in their order.

So results do not depend on the number of processes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, TypeVar

from o3sim.config.consent import take_consent
from o3sim.errors import InputError
from o3sim.workers.pool import interrupt_later, worker_pool

AHEAD = 3
"""Pieces handed out per worker: one in work, one to go on with, one for uneven ones."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(
    work: Callable[[Item], Result], items: Iterable[Item], jobs: int, code: frozenset[str] = frozenset()
) -> Generator[Result, None, None]:
    """Do work on every item in one of several processes.

    What kernels it needs is best loaded before (:func:`o3sim.runs.kernels.load_kernels`): here, once, so that
    workers find what is compiled.

    Parameters
    ----------
    work : callable
        Sent to every process once, so it holds what the items have in common.
    items : iterable
        Sent one by one; only a few are under way at a time.
    jobs : int
        Worker processes (see :func:`o3sim.workers.pool.worker_pool`).
    code : frozenset of str
        SHA-256 of the users' code that they may run.

    Yields
    ------
    Results, in the order of the items.

    Raises
    ------
    InputError
        If a worker process died.
    """
    with worker_pool(jobs, _begin, work, code) as pool:
        try:
            yield from _in_order(pool, items, AHEAD * jobs)
            pool.shutdown()
        except BrokenProcessPool:
            raise InputError(
                f"one of {jobs} worker processes died (killed, or out of memory); fewer --jobs need less"
            ) from None


def _in_order(pool: Executor, items: Iterable[Any], most: int) -> Iterator[Any]:
    """Keep some items under way and yield what comes of them, first handed out first."""
    left = iter(items)
    under_way: deque[Future[Any]] = deque()
    _hand_out(pool, islice(left, most), under_way)
    while under_way:
        yield under_way.popleft().result()
        _hand_out(pool, islice(left, 1), under_way)


def _hand_out(pool: Executor, items: Iterable[Any], under_way: deque[Future[Any]]) -> None:
    with interrupt_later():
        under_way.extend(pool.submit(_do, item) for item in items)


_work: Callable[[Any], Any] | None = None
"""In a worker: what is done with items."""


def _begin(work: Callable[[Any], Any], code: frozenset[str]) -> None:
    global _work  # noqa: PLW0603 - an initializer has no other way to leave something to later calls
    _work = work
    take_consent(code)


def _do(item: Any) -> Any:
    """Do the work on an item in a worker."""
    if _work is None:
        raise RuntimeError("a worker was not given its work")
    return _work(item)
