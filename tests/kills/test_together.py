"""Two runs into one folder, and clocks that go backwards while a run is at work."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kills.running import LONGEST_S
from tests.kills.unhurt import Unhurt, files_of

WITH_FOLDERS = ("sweep", "explore")
PRELOADED = ("faketime", "-m", "-f", "+0", "env", "-u", "FAKETIME")
"""Runs a program whose clock follows a file."""


@pytest.mark.parametrize("name", WITH_FOLDERS)
def test_the_second_of_two_runs_is_refused(
    unhurt_of: Callable[[str], Unhurt], tmp_path: Path, name: str
) -> None:
    unhurt = unhurt_of(name)
    folder = unhurt.fresh(tmp_path / "there")
    seen: list[str] = []

    def second(process: int) -> None:
        _wait_for(folder / "out" / "journal.jsonl")
        os.kill(process, signal.SIGSTOP)
        before = files_of(folder / "out")
        words = [*unhurt.command.words.split(), "--resume"]
        command = [sys.executable, "-c", "from o3sim.cli.app import main; main()", *words]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
        assert files_of(folder / "out") == before
        os.kill(process, signal.SIGCONT)
        seen.append(f"{done.returncode} {done.stderr}")

    ended = unhurt.commands.run(folder, *unhurt.command.words.split(), meanwhile=second)
    assert seen == ["2 error: out: another run is at work in it\n"]
    assert ended.status == 0, ended.err
    unhurt.assert_finished(folder)


def _wait_for(path: Path) -> None:
    limit = time.monotonic() + LONGEST_S
    while not path.exists():
        assert time.monotonic() < limit, f"no {path}"
        time.sleep(0.001)


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs `faketime` (apt install faketime)")
@pytest.mark.parametrize("name", [*WITH_FOLDERS, "profile", "golden record"])
def test_a_clock_that_goes_backwards_changes_nothing(
    unhurt_of: Callable[[str], Unhurt], tmp_path: Path, name: str
) -> None:
    unhurt = unhurt_of(name)
    folder = unhurt.fresh(tmp_path / "there")
    words = [*unhurt.command.words.split(), *unhurt.command.again.split()]
    command = [*PRELOADED, sys.executable, "-c", _BACKWARDS, *words]
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    environment = {**os.environ, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    environment |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "CLOCK": str(clock)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "years passed: -" in done.stderr
    unhurt.assert_finished(folder)
    ended = unhurt.go_on(folder)  # a year after what was written a year before
    assert ended.status == 0, ended.err
    unhurt.assert_finished(folder)


_BACKWARDS = """\
import os, sys, time

def fsync(handle, real=os.fsync, calls=[]):
    calls.append(handle)
    if len(calls) == 3:
        with open(os.environ["CLOCK"], "w") as stream:
            stream.write("-800d\\n")
    real(handle)

os.fsync = fsync
begin = time.time()
from o3sim.cli.app import main
try:
    main()
finally:
    print("years passed:", int((time.time() - begin) / (365 * 86400)), file=sys.stderr)
"""
