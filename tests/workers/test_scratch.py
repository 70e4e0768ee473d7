"""Temporary files of pools: none is left, and those of killed processes go with the next run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = """\
import os, signal, sys
from o3sim.workers.pool import prepare, worker_pool

if __name__ == "__main__":
    prepare(2)
    with worker_pool(2) as pool:
        assert pool.submit(divmod, 7, 2).result() == (3, 1)
        print(*sorted(os.listdir(os.environ["TMPDIR"])))
        if sys.argv[1:]:
            os.kill(os.getpid(), signal.SIGKILL)
"""


def run(folder: Path, *how: str) -> list[str]:
    """Open a pool in a process of its own; return what it had in TMPDIR."""
    program = folder / "program.py"
    program.write_text(PROGRAM)
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    command = [sys.executable, "-W", "error", "-u", program, *how]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.stderr == ""
    assert done.returncode == (-signal.SIGKILL if how else 0)
    return done.stdout.split()


def test_a_pool_leaves_nothing(tmp_path: Path) -> None:
    had = run(tmp_path)
    assert len(had) == 2
    assert all(name.startswith("o3sim-") for name in had)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next(tmp_path: Path) -> None:
    left = run(tmp_path, "killed")
    assert any((tmp_path / "tmp" / name).exists() for name in left)
    had = run(tmp_path)
    assert not set(left) & set(had)
    assert list((tmp_path / "tmp").iterdir()) == []
