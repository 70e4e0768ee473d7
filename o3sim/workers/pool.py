"""Worker processes: started fast, ended whatever happens, gone when their parent is.

Workers are forked from a server that has loaded Numba and the kernels (:mod:`o3sim.runs.preload`), so
each starts in a few milliseconds. Ctrl-C is the parent's to handle.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from tempfile import mkstemp
from typing import TYPE_CHECKING, Any

from o3sim.errors import InputError
from o3sim.files.folders import scratch_folder
from o3sim.workers.tracker import quiet_tracker

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess


LONGEST_SOCKET_FOLDER = 107 - len("/listener-xxxxxxxx")
"""Bytes of a folder's path in which Linux lets multiprocessing's sockets be."""

LAST = -100
"""In the order of what is done at the end of a process: after workers have been waited for."""


def prepare(jobs: int) -> None:
    """Start loading what workers need in the background, as early as it is known they will be needed."""
    if jobs <= 1:
        return
    _start_server()


@contextmanager
def worker_pool(jobs: int, begin: Callable[..., None] | None = None, *arguments: Any) -> Iterator[Executor]:
    """Open a pool of worker processes; on leaving it, however that happens, they are killed.

    Parameters
    ----------
    jobs : int
        Processes; a script that opens a pool needs ``if __name__ == "__main__":``, since they
        import it. Give the pool its work inside :func:`interrupt_later`.
    begin : callable, optional
        Called in every worker with ``arguments`` before its first work.
    """
    _start_server()
    _wait_for_server()
    others = set(multiprocessing.active_children())
    with scratch_folder() as scratch, _errors_of_pipes():
        folder = str(scratch)
        pool = ProcessPoolExecutor(
            min(jobs, MOST_WORKERS),
            _context(),
            initializer=_begin_worker,
            initargs=(folder, begin, arguments),
        )
        try:
            yield _ByFile(pool, folder)
        finally:  # after an error, ctrl-C, or a caller that takes no more: at once, whatever they do
            _kill(set(multiprocessing.active_children()) - others)
            pool.shutdown(cancel_futures=True)


class _ByFile(Executor):
    """Hands results from workers to their parent in files; only the files' names go through the pool's pipe.

    All workers of a pool write into one pipe. One that is killed half-way through a message leaves
    the parent waiting for the other half for good; a name is so short that it is written whole or not at all.
    """

    def __init__(self, pool: ProcessPoolExecutor, folder: str) -> None:
        self._pool, self._folder = pool, folder

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``work`` in a worker."""
        outer: Future[Any] = Future()

        def pass_on(inner: Future[str]) -> None:
            try:
                outer.set_result(_read_and_remove(inner.result()))
            except BaseException as error:  # the caller meets it where it asks for the result
                outer.set_exception(error)

        try:
            inner = self._pool.submit(_into_file, self._folder, work, args, kwargs)
        except SERVER_GONE:
            raise BrokenProcessPool("the process that starts workers is gone") from None
        inner.add_done_callback(pass_on)
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait until all work is done."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _into_file(folder: str, work: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    result = work(*args, **kwargs)
    descriptor, path = mkstemp(dir=folder)
    with os.fdopen(descriptor, "wb") as stream:
        pickle.dump(result, stream, pickle.HIGHEST_PROTOCOL)
    return path


def _read_and_remove(path: str) -> Any:
    with open(path, "rb") as stream:
        result = pickle.load(stream)  # noqa: S301 - our own worker wrote it, into a folder of ours
    os.unlink(path)
    return result


MOST_WORKERS = 1024
"""Processes of a pool, however many jobs are asked for; what is computed does not depend on it."""

TRIES = 3
"""Times that the server is started, if it is killed while it loads."""

UNTIL_GONE_S = 0.2
"""Seconds in which a process that was killed is seen to be gone."""

SERVER_GONE = (EOFError, ConnectionError, BrokenPipeError)
"""What starting a worker raises where the server is killed meanwhile."""

HELD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupt_later() -> Iterator[None]:
    """Hold ctrl-C and SIGTERM back while the body runs: a worker it starts is known before they end the run.

    Signals reach Python in its main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {held: signal.signal(held, lambda number, _frame: came.append(number)) for held in HELD}
    try:
        yield
    finally:
        for held, handler in before.items():
            signal.signal(held, handler)
    for number in came:
        signal.raise_signal(number)


@contextmanager
def _errors_of_pipes() -> Iterator[None]:
    """Have writes into pipes that nobody reads fail while the body runs, whatever the caller's script set.

    Workers that are killed leave work in their pipe, into which a thread of the pool may still be writing.
    Where a script or a library has set SIGPIPE to its default, that would end the process without a word.
    """
    before = signal.getsignal(signal.SIGPIPE)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield  # what another language set Python cannot put back
        return
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGPIPE, before)


def _start_server() -> None:
    from multiprocessing import forkserver, resource_tracker

    _context()
    _keep_sockets_in_a_folder_of_ours()
    quiet_tracker()
    resource_tracker.ensure_running()  # or else the server starts it, and that ends the blocking below
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:  # the server and all workers inherit it: ctrl-C is this process's to handle
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _keep_sockets_in_a_folder_of_ours() -> None:
    """Have the server's socket in a folder that the next run clears, should this process be killed.

    Multiprocessing's own folder, ``pymp-xxxxxxxx``, would stay: nothing tells whose it was. It is taken
    where ``TMPDIR`` is so long that only its shorter name leaves a socket's path short enough.
    """
    from multiprocessing.util import Finalize

    own: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # its only door
    if own.get("tempdir") is None:
        kept = ExitStack()
        folder = str(kept.enter_context(scratch_folder()))
        if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
            kept.close()
            return
        own["tempdir"] = folder
        Finalize(None, kept.close, exitpriority=LAST)


def _wait_for_server() -> None:
    """Wait until the server has loaded what it loads, ready for ctrl-C; to start workers is quick then.

    One that is killed while it loads is started anew.
    """
    for _ in range(TRIES):
        if _first_worker_ran():
            return
        time.sleep(UNTIL_GONE_S)
    raise InputError(
        f"the process that starts workers died {TRIES} times (killed, or out of memory); use --jobs 1"
    )


def _first_worker_ran() -> bool:
    first = _context().Process(target=_do_nothing, daemon=True)  # type: ignore[attr-defined]  # BaseContext has it at run time
    failed: list[Exception] = []

    def start() -> None:
        try:
            first.start()
        except SERVER_GONE as error:
            failed.append(error)

    starter = threading.Thread(target=start, daemon=True)
    starter.start()
    starter.join()
    if failed:
        return False
    first.join()
    return True


def _do_nothing() -> None:
    """Show that processes can be started."""


def _context() -> BaseContext:
    """Choose how workers are started."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["o3sim.runs.preload"])
    return context


def _kill(workers: set[BaseProcess]) -> None:
    for worker in workers:
        worker.kill()


def _begin_worker(folder: str, begin: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    """Prepare a worker: ctrl-C is the parent's to handle, and a parent that is gone wants no results."""
    if begin is not None:
        begin(*arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent, folder), daemon=True).start()


def _end_with(parent: BaseProcess, folder: str) -> None:
    """Wait for the parent; if this process outlives it, leave nothing behind."""
    parent.join()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
