"""Folders take their name whole or not at all, whenever their maker fails or is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from o3sim.errors import InputError
from o3sim.files.folders import replacing_folder, scratch_folder, settle_folder, settle_folders

KILLED = """\
import os, pathlib, signal, sys
from o3sim.files.folders import replacing_folder

target, renames = pathlib.Path(sys.argv[1]), int(sys.argv[2])
rename = pathlib.Path.rename

def counting(self, other):
    global renames
    if renames == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    renames -= 1
    return rename(self, other)

pathlib.Path.rename = counting
with replacing_folder(target) as made:
    (made / "new").write_text("new")
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(target: Path, name: str) -> None:
    with replacing_folder(target) as made:
        (made / name).write_text(name)


def fill_half_way(target: Path) -> None:
    with replacing_folder(target) as made:
        (made / "b").write_text("")
        raise InputError("no more")


def killed(target: Path, renames: int) -> None:
    """Replace a folder in a process that is killed after so many renames."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(target), str(renames)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def test_a_folder_appears_and_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "f", "a")
    assert names(tmp_path / "f") == ["a"]
    write(tmp_path / "f", "b")
    assert names(tmp_path / "f") == ["b"]
    assert names(tmp_path) == ["f"]


def test_permissions_are_ordinary(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    write(tmp_path / "f", "a")
    assert (tmp_path / "f").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_fails_leaves_the_old_one(tmp_path: Path) -> None:
    write(tmp_path / "f", "a")
    with pytest.raises(InputError, match="no"):
        fill_half_way(tmp_path / "f")
    assert (names(tmp_path), names(tmp_path / "f")) == (["f"], ["a"])


def test_a_rename_that_fails_gives_the_old_one_its_name_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "f", "a")
    rename = Path.rename

    def sometimes(self: Path, target: Path) -> Path:
        if self.suffix == ".tmp":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", sometimes)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "f", "b")
    assert (names(tmp_path), names(tmp_path / "f")) == (["f"], ["a"])


@pytest.mark.parametrize("renames", [0, 1])
@pytest.mark.parametrize("after", ["settled", "all settled", "written"])
def test_killed_at_any_rename_the_old_one_is_whole(tmp_path: Path, renames: int, after: str) -> None:
    write(tmp_path / "f", "a")
    killed(tmp_path / "f", renames)
    if after == "settled":
        settle_folder(tmp_path / "f")
    elif after == "all settled":
        settle_folders(tmp_path)
    else:
        write(tmp_path / "f", "c")
    assert names(tmp_path / "f") == (["c"] if after == "written" else ["a"])
    write(tmp_path / "f", "d")
    assert (names(tmp_path), names(tmp_path / "f")) == (["f"], ["d"])


def test_killed_before_there_was_one(tmp_path: Path) -> None:
    killed(tmp_path / "f", 0)
    assert not (tmp_path / "f").exists()
    write(tmp_path / "f", "a")
    assert names(tmp_path) == ["f"]


def test_a_forked_process_leaves_a_scratch_folder_to_the_one_that_made_it() -> None:
    with scratch_folder() as made:
        kept = scratch_folder()
        folder = kept.__enter__()
        child = os.fork()
        if child == 0:
            del kept  # closes what it holds
            os._exit(0)
        os.waitpid(child, 0)
        assert made.is_dir()
        assert folder.is_dir()
        kept.__exit__(None, None, None)
        assert not folder.exists()


SCRATCH = """\
import os, signal, sys
from o3sim.files.folders import scratch_folder
with scratch_folder() as folder:
    (folder / "x").write_text("x")
    print(folder.name, flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_scratch_folders_go_with_their_process_or_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    others = ["o3sim-1234-abcdefgh", "o3sim-mine", "pymp-abcdefgh"]
    for name in others:
        (tmp_path / name).mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", SCRATCH],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as other:
        assert other.stdout is not None
        theirs = other.stdout.readline().strip()
        with scratch_folder() as mine:
            assert names(tmp_path) == sorted([*others, theirs, mine.name])
        assert names(tmp_path) == sorted([*others, theirs])
        other.communicate("")
    assert names(tmp_path) == sorted([*others, theirs])
    with scratch_folder():
        pass
    assert names(tmp_path) == sorted(others)
