"""What killed writers leave behind is cleared by the next one; what living ones write is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from o3sim import files
from o3sim.files.leftovers import leftovers

KILLED = """\
import os, signal, sys
from o3sim.files import open_atomic
with open_atomic(sys.argv[1]) as stream:
    stream.write(b"half of the n")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_a_writer_of(path: Path) -> None:
    """Begin to write a file in a process that is killed half-way."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_killed_writer_leaves_the_old_file_and_the_next_one_clears_up(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("old")
    for _ in range(2):
        kill_a_writer_of(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "old"
    assert len(leftovers(tmp_path / "table.csv")) == 1
    files.write_atomic(tmp_path / "table.csv", "new")
    assert names(tmp_path) == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "new"


def test_what_is_still_written_is_left_alone(tmp_path: Path) -> None:
    with files.open_atomic(tmp_path / "f") as stream:
        stream.write(b"slow")
        files.write_atomic(tmp_path / "f", "fast")
    assert (tmp_path / "f").read_bytes() == b"slow"
    assert names(tmp_path) == ["f"]


@pytest.mark.parametrize(
    "other", [".f.tmp", ".f.mine.tmp", ".f.abcdefgh", ".g.abcdefgh.tmp", "f.abcdefgh.tmp"]
)
def test_files_of_other_names_are_left_alone(tmp_path: Path, other: str) -> None:
    (tmp_path / other).write_text("")
    files.write_atomic(tmp_path / "f", "x")
    assert names(tmp_path) == sorted([other, "f"])


def test_a_file_is_on_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle: int) -> None:
        kind = "folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file"
        steps.append(f"{kind} on disk")
        fsync(handle)

    def noted_replace(source: str, target: str) -> None:
        assert Path(source).read_text() == "x"
        steps.append("renamed")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    files.write_atomic(tmp_path / "f", "x")
    assert steps == ["file on disk", "renamed", "folder on disk"]


def test_a_file_system_without_locks_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_a_writer_of(tmp_path / "f")
    (left,) = leftovers(tmp_path / "f")

    def refuse(_handle: int, _how: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    files.write_atomic(tmp_path / "f", "x")
    assert names(tmp_path) == sorted([left.name, "f"])
