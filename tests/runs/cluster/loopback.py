"""A real dask scheduler and real workers, processes of this machine that talk over loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from o3sim.runs.cluster.certificates import Certificates

ROOT = Path(__file__).parents[3]
START_S = 60


class Loopback:
    """A scheduler with workers.

    Parameters
    ----------
    folder : Path
        Every worker is on a node of its own: a scratch folder here.
    allowed_failures : int
        Workers that may die under a task before dask gives it up.
    certificates : Certificates, optional
        All speak TLS, and show these.
    """

    def __init__(
        self, folder: Path, allowed_failures: int = 3, certificates: Certificates | None = None
    ) -> None:
        self.folder = folder
        self._tls = _tls_options(certificates)
        self._environment = {
            **os.environ,
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(allowed_failures),
        }
        address = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(address))
        limit = time.monotonic() + START_S
        while not address.exists() or not address.read_text().endswith("}"):
            assert time.monotonic() < limit, "no scheduler"
            time.sleep(0.05)
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        import json

        return str(json.loads((self.folder / "scheduler.json").read_text())["address"])

    def start_worker(self, node: str, sources: Path = ROOT) -> None:
        """Start a worker, with its nanny, on a node; ``sources`` has its o3sim."""
        directory = self.folder / node
        directory.mkdir(exist_ok=True)
        options = ("--nthreads", "1", "--local-directory", str(directory))
        self.workers.append(self._start("worker", self.address, *options, sources=sources))

    def kill_worker(self, number: int) -> None:
        """Kill a worker and its nanny."""
        _kill_group(self.workers[number])

    def copies(self) -> list[Path]:
        """Return the copies of profiles on all nodes."""
        return sorted(self.folder.glob("*/dask-scratch-space/o3sim-profiles/*"))

    def stop(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            _kill_group(process)

    def _start(self, what: str, *arguments: str, sources: Path = ROOT) -> subprocess.Popen[bytes]:
        loopback_only = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.dask_{what}",
            *loopback_only,
            *self._tls,
            *arguments,
        ]
        return subprocess.Popen(
            command,
            cwd=self.folder,  # which is where `python -m` looks first
            env={**self._environment, "PYTHONPATH": str(sources)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


@contextmanager
def loopback(
    folder: Path,
    nodes: tuple[str, ...],
    allowed_failures: int = 3,
    certificates: Certificates | None = None,
) -> Iterator[Loopback]:
    """Run a scheduler and a worker for each of ``nodes``."""
    cluster = Loopback(folder, allowed_failures, certificates)
    try:
        for node in nodes:
            cluster.start_worker(node)
        yield cluster
    finally:
        cluster.stop()


def _tls_options(certificates: Certificates | None) -> list[str]:
    if certificates is None:
        return []
    files = {"ca-file": certificates.ca_file, "cert": certificates.cert, "key": certificates.key}
    return [
        "--protocol",
        "tls",
        *(word for what, file in files.items() for word in (f"--tls-{what}", str(file))),
    ]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
