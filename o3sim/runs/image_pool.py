"""Spread the images of a run over processes.

What comes back is a few counts an image, handed on in the order of the images whichever is ready
first; so results do not depend on the number of processes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.runs.images import ImageCounts, ImageTask, run_image
from o3sim.workers.pool import interrupt_later, worker_pool

AHEAD = 3
"""Images handed out per worker: one in work, one to go on with, one for uneven images."""


def run_images(task: ImageTask, images: NDArray[Any], jobs: int) -> Generator[ImageCounts, None, None]:
    """Run every image in one of several processes.

    Parameters
    ----------
    images : ndarray, shape (images, ...)
    jobs : int
        Worker processes (see :func:`o3sim.workers.pool.worker_pool`).

    Yields
    ------
    ImageCounts
        In the order of the images; only a few are under way at a time.

    Raises
    ------
    InputError
        If a worker process died.
    """
    with worker_pool(jobs, _begin, task) as pool:
        try:
            yield from _in_order(pool, images, AHEAD * jobs)
            pool.shutdown()
        except BrokenProcessPool:
            raise InputError(
                f"one of {jobs} worker processes died (killed, or out of memory); fewer --jobs need less"
            ) from None


def _in_order(pool: Executor, images: NDArray[Any], most: int) -> Iterator[ImageCounts]:
    """Keep some images under way and yield what they give, first handed out first."""
    left = iter(images)
    under_way: deque[Future[ImageCounts]] = deque()
    _hand_out(pool, islice(left, most), under_way)
    while under_way:
        yield under_way.popleft().result()
        _hand_out(pool, islice(left, 1), under_way)


def _hand_out(pool: Executor, images: Iterable[Any], under_way: deque[Future[ImageCounts]]) -> None:
    with interrupt_later():
        under_way.extend(pool.submit(_run, image) for image in images)


_task: ImageTask | None = None
"""In a worker: what its images have in common, sent once and not with every image."""


def _begin(task: ImageTask) -> None:
    global _task  # noqa: PLW0603 - an initializer has no other way to leave something to later calls
    _task = task


def _run(image: NDArray[Any]) -> ImageCounts:
    """Run an image in a worker."""
    if _task is None:
        raise RuntimeError("a worker was not given its task")
    return run_image(_task, image)
