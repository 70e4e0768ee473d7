"""No silent wait: what is being done is said within a second and again, but not where a bar says it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from o3sim.cli.progress import progress_on_stderr
from o3sim.network import heartbeat as module
from o3sim.network.activity import Activity, activity_now, doing
from o3sim.network.heartbeat import SWITCH, heartbeat, told_otherwise

SLOW_COMMAND = (
    "import time; from o3sim.cli import app; app.app.command('wait')(lambda: time.sleep(2)); app.main()"
)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH)
    monkeypatch.setattr(module, "FIRST_S", 0.02)
    monkeypatch.setattr(module, "EVERY_S", 0.02)


def lines_of(seconds: float) -> list[str]:
    lines: list[str] = []
    with heartbeat(lines.append):
        time.sleep(seconds)
    return lines


@pytest.mark.usefixtures("soon")
def test_what_is_being_done_is_said_again_and_again() -> None:
    with doing("something long"):
        lines = lines_of(0.3)
    assert len(lines) > 1
    assert {line.partition(";")[0] for line in lines} == {"something long"}
    assert lines_of(0.1)[0].startswith("at work; ")


@pytest.mark.usefixtures("soon")
def test_a_bar_is_not_written_over() -> None:
    with told_otherwise():
        assert not lines_of(0.1)
    assert lines_of(0.1)


@pytest.mark.usefixtures("soon")
def test_progress_is_told_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    with heartbeat(lines.append), progress_on_stderr() as progress:
        assert progress is not None
        progress("layer conv2", 10, 40)
        progress("layer conv2", 30, 40)
        time.sleep(0.1)
    assert lines[0].startswith("layer conv2, 75 %; 0 s so far, about 0 s left")
    assert capsys.readouterr().err == ""


def test_nothing_is_said_if_nobody_wants_it() -> None:
    assert os.environ[SWITCH] == "never"  # as conftest.py has it
    assert not lines_of(0)
    with progress_on_stderr() as progress:
        assert progress is None


def test_what_is_done_within_something_is_said_in_its_place() -> None:
    with doing("outer"):
        with doing("inner") as inner:
            assert activity_now() is inner
        assert isinstance(activity_now(), Activity)
        assert activity_now().what == "outer"  # type: ignore[union-attr]  # it is there
    assert activity_now() is None


def test_a_command_says_within_a_second_what_it_is_at() -> None:
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    command = [sys.executable, "-c", SLOW_COMMAND, "wait"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == "at work; 1 s so far\n"
