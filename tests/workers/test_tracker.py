"""Helpers of worker processes that are killed: the work goes on, or ends in one error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from o3sim.errors import InputError
from o3sim.workers import pool

KILLING = """
import os, signal
from multiprocessing import forkserver, resource_tracker
from o3sim.workers.pool import _start_server, worker_pool

if __name__ == "__main__":
    for _ in range(2):
        _start_server()
        if {early!r} == "early":
            os.kill({pid}, signal.SIGKILL)
        with worker_pool(2) as pool:
            assert pool.submit(abs, -1).result() == 1
            if {early!r} == "late":
                os.kill({pid}, signal.SIGKILL)
            assert pool.submit(abs, -2).result() == 2
"""
PROCESSES = {
    "tracker": "resource_tracker._resource_tracker._pid",
    "server": "forkserver._forkserver._forkserver_pid",
}


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("early", ["early", "late"])
def test_a_killed_helper_is_not_missed(tmp_path: Path, process: str, early: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(KILLING.format(pid=PROCESSES[process], early=early))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and (process, early) == ("server", "late"):
        # Workers end with their server. One that ends before its result is sent breaks the pool: callers
        # turn that error, and no other, into one line.
        assert "BrokenProcessPool" in done.stderr.splitlines()[-1]
    else:
        assert (done.returncode, done.stderr) == (0, "")


def test_a_server_that_dies_again_and_again_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    monkeypatch.setattr(pool, "UNTIL_GONE_S", 0)
    monkeypatch.setattr(pool, "_first_worker_ran", lambda: bool(tries.append(1)))
    with pytest.raises(InputError, match="the process that starts workers died 3 times"):
        pool._wait_for_server()
    assert len(tries) == pool.TRIES


@pytest.mark.parametrize("error", [EOFError, ConnectionResetError, BrokenPipeError])
def test_a_server_that_is_gone_breaks_the_pool(error: type[Exception]) -> None:
    class Gone:
        def submit(self, *_: Any) -> None:
            raise error

    with pytest.raises(pool.BrokenProcessPool):
        pool._ByFile(Gone(), "folder").submit(abs, 1)  # type: ignore[arg-type]
