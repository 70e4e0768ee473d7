"""Spread the images of a run over processes.

Workers are forked from a server that has loaded Numba and the kernels (:mod:`o3sim.preload`), so
each starts in a few milliseconds. What comes back is a few counts an image, handed on in the order
of the images whichever is ready first; so results do not depend on the number of processes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.image_runs import ImageCounts, ImageTask, run_image

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

AHEAD = 3
"""Images handed out per worker: one in work, one to go on with, one for uneven images."""


def prepare(jobs: int) -> None:
    """Start loading what workers need in the background, as early as it is known they will be needed."""
    if jobs <= 1:
        return
    from multiprocessing import forkserver, resource_tracker

    _context()
    resource_tracker.ensure_running()  # or else the server starts it, and that ends the blocking below
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:  # the server and all workers inherit it: ctrl-C is this process's to handle
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_images(task: ImageTask, images: NDArray[Any], jobs: int) -> Generator[ImageCounts, None, None]:
    """Run every image in one of several processes.

    Parameters
    ----------
    images : ndarray, shape (images, ...)
    jobs : int
        Worker processes; a script that calls this needs ``if __name__ == "__main__":``, since the
        workers import it.

    Yields
    ------
    ImageCounts
        In the order of the images; only a few are under way at a time.

    Raises
    ------
    InputError
        If a worker process died.
    """
    prepare(jobs)
    _wait_for_server()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, _context(), initializer=_begin_worker, initargs=(task,))
    try:
        yield from _in_order(pool, images, AHEAD * jobs)
        pool.shutdown()
    except BrokenProcessPool:
        raise InputError(
            f"one of {jobs} worker processes died (killed, or out of memory); fewer --jobs need less"
        ) from None
    finally:  # after an error, ctrl-C, or a caller that takes no more: at once, whatever they do
        _kill(set(multiprocessing.active_children()) - others)
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, images: NDArray[Any], most: int) -> Iterator[ImageCounts]:
    """Keep some images under way and yield what they give, first handed out first."""
    left = iter(images)
    under_way: deque[Future[ImageCounts]] = deque()
    _hand_out(pool, islice(left, most), under_way)
    while under_way:
        yield under_way.popleft().result()
        _hand_out(pool, islice(left, 1), under_way)


def _hand_out(
    pool: ProcessPoolExecutor, images: Iterable[Any], under_way: deque[Future[ImageCounts]]
) -> None:
    """Hand out images; a worker this starts is known before ctrl-C can end the run without it."""
    with _interrupt_later():
        under_way.extend(pool.submit(_run, image) for image in images)


def _wait_for_server() -> None:
    """Wait until the server has loaded what it loads, ready for ctrl-C; to start workers is quick then."""
    first = _context().Process(target=_do_nothing, daemon=True)  # type: ignore[attr-defined]  # BaseContext has it at run time
    starter = threading.Thread(target=first.start, daemon=True)
    starter.start()
    starter.join()
    first.join()


def _do_nothing() -> None:
    """Show that processes can be started."""


@contextmanager
def _interrupt_later() -> Iterator[None]:
    """Hold ctrl-C back while the body runs; signals reach Python in its main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _context() -> BaseContext:
    """Choose how workers are started."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["o3sim.preload"])
    return context


def _kill(workers: set[BaseProcess]) -> None:
    for worker in workers:
        worker.kill()


_task: ImageTask | None = None
"""In a worker: what its images have in common, sent once and not with every image."""


def _begin_worker(task: ImageTask) -> None:
    """Prepare a worker: ctrl-C is the parent's to handle, and a parent that is gone wants no results."""
    global _task  # noqa: PLW0603 - an initializer has no other way to leave something to later calls
    _task = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _run(image: NDArray[Any]) -> ImageCounts:
    """Run an image in a worker."""
    if _task is None:
        raise RuntimeError("a worker was not given its task")
    return run_image(_task, image)
