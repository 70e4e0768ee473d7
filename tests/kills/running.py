"""Start commands in processes of their own, and end them when a test likes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

LONGEST_S = 120.0
"""After which a command counts as hanging."""


class Ended(NamedTuple):
    """How a command ended: its status (a signal's as negative), what it printed, what it changed."""

    status: int
    out: str
    err: str
    changes: int
    took_s: float


class Commands:
    """The process that forks commands (:mod:`tests.kills.server`)."""

    def __init__(self) -> None:
        self._socket, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            words = [sys.executable, "-m", "tests.kills.server", str(there.fileno())]
            root = Path(__file__).parents[2]
            self._server = subprocess.Popen(words, cwd=root, pass_fds=[there.fileno()])
        self._socket.settimeout(LONGEST_S)
        assert self._socket.recv(16) == b"ready"

    def close(self) -> None:
        """End it."""
        self._socket.close()
        assert self._server.wait(timeout=30) == 0

    def run(
        self,
        folder: Path,
        *words: str,
        die_at: int = 0,
        most_bytes: int | None = None,
        meanwhile: Callable[[int], None] | None = None,
    ) -> Ended:
        """Run a command in a folder, with ``scratch`` beside it for its temporary files.

        Parameters
        ----------
        die_at : int
            Kill it at that change of a file, counted from 1.
        most_bytes : int, optional
            Size that no file may grow beyond, as if the disk were full.
        meanwhile : callable, optional
            Called with the process's number when it begins.
        """
        scratch = folder.with_name(f"{folder.name}-scratch")
        scratch.mkdir(exist_ok=True)
        asked = {"words": words, "folder": str(folder), "scratch": str(scratch)}
        asked |= {"die_at": die_at, "most_bytes": most_bytes}  # type: ignore[dict-item]
        reading, writing = zip(*(os.pipe() for _ in range(3)), strict=True)
        socket.send_fds(self._socket, [json.dumps(asked).encode()], list(writing))
        for handle in writing:
            os.close(handle)
        process = int(self._socket.recv(64))
        with _read(reading) as (texts, begun):
            start = time.perf_counter()
            if meanwhile is not None and begun.wait(LONGEST_S):
                meanwhile(process)
            assert self._socket.recv(16) == b"ended"
            took_s = time.perf_counter() - start
            self._socket.send(b"collect")
            status = int(self._socket.recv(64))
        report = texts[2].split()
        return Ended(status, texts[0], texts[1], int(report[1]) if len(report) > 1 else 0, took_s)


@contextmanager
def _read(handles: tuple[int, ...]) -> Iterator[tuple[list[str], threading.Event]]:
    """Read output, error and report to their ends; the event is set when the report begins."""
    texts, begun = [""] * len(handles), threading.Event()

    def read(place: int) -> None:
        with os.fdopen(handles[place], errors="replace") as stream:
            for line in stream:
                texts[place] += line
                if place == 2:
                    begun.set()
        begun.set()

    threads = [threading.Thread(target=read, args=(place,)) for place in range(len(handles))]
    for thread in threads:
        thread.start()
    yield texts, begun
    for thread in threads:
        thread.join()
