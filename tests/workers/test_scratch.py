"""Temporary files of pools: none is left, and those of killed processes go with the next run."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from o3sim.files.folders import scratch_folder

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


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A TMPDIR with a short path, as sockets need it."""
    with TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def run(folder: Path, temporary: Path, *how: str) -> list[str]:
    """Open a pool in a process of its own; return what it had in TMPDIR."""
    program = folder / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-W", "error", "-u", program, *how]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.stderr == ""
    assert done.returncode == (-signal.SIGKILL if how else 0)
    return done.stdout.split()


def test_a_pool_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    had = run(tmp_path, temporary)
    assert len(had) == 2
    assert all(name.startswith("o3sim-") for name in had)
    assert list(temporary.iterdir()) == []


def test_results_pass_through_a_folder_of_the_users_own() -> None:
    with scratch_folder() as folder:
        found = folder.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (os.geteuid(), 0o700)


def test_what_a_killed_process_left_goes_with_the_next(tmp_path: Path, temporary: Path) -> None:
    left = run(tmp_path, temporary, "killed")
    assert any((temporary / name).exists() for name in left)
    had = run(tmp_path, temporary)
    assert not set(left) & set(had)
    assert list(temporary.iterdir()) == []


def test_a_tmpdir_as_long_as_multiprocessing_can_take_is_taken(tmp_path: Path, temporary: Path) -> None:
    longest = temporary / ("x" * (75 - len(f"{temporary}/")))
    longest.mkdir()
    assert any(name.startswith("pymp-") for name in run(tmp_path, longest))
    assert list(longest.iterdir()) == []
