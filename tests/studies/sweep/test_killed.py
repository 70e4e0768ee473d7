"""Sweeps that are killed at random moments go on to the same tables, no point lost, none twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import Plan, plan_sweep, run_sweep
from tests.studies.sweep.samples import SWEEP, write_sweep

KILLS = 50
POINTS = 48
MANY = SWEEP.replace("[1, 2]", "[1, 2, 3, 4, 5, 6, 7, 8]")
O3SIM = [sys.executable, "-c", "from o3sim.cli.app import main; main()"]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """The plan of a sweep that has run once, unhurt, into ``whole``."""
    made = plan_sweep(load_sweep(write_sweep(tmp_path, MANY)))
    run_sweep(made, tmp_path / "whole")
    return made


def _same_as_unhurt(folder: Path) -> None:
    whole = folder.parent / "whole"
    for name in ("results.csv", "layers.csv"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    lines = (folder / "journal.jsonl").read_text().splitlines()[1:]
    assert sorted(json.loads(line)["number"] for line in lines) == list(range(POINTS))


def _killed_while_running(plan: Plan, folder: Path, after_s: float) -> bool:
    """Run in a forked process, which has everything loaded, and kill it after a while."""
    child = os.fork()
    if child == 0:
        try:
            run_sweep(plan, folder, resume=True)
        finally:
            os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.slow
def test_killed_fifty_times_at_random_moments(plan: Plan, tmp_path: Path) -> None:
    moments = random.Random(1)
    start = time.perf_counter()
    run_sweep(plan, tmp_path / "timed")
    alone_s = time.perf_counter() - start
    kills = rounds = 0
    while kills < KILLS:
        folder = tmp_path / f"round{rounds}"
        for _ in range(12):
            kills += _killed_while_running(plan, folder, moments.uniform(0, alone_s / 3))
        run_sweep(plan, folder, resume=True)
        _same_as_unhurt(folder)
        rounds += 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_parent_and_workers_killed_on_the_command_line(
    plan: Plan, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "out"
    command = [
        *O3SIM,
        "sweep",
        str(tmp_path / "sweep.yaml"),
        "--output",
        str(folder),
        "--jobs",
        "2",
        "--resume",
    ]
    running = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    workers = _workers_of(running, folder)
    if workers:
        os.kill(workers[0], signal.SIGKILL)
        time.sleep(0.05)
    running.send_signal(number)
    _, error = running.communicate(timeout=60)
    assert "Traceback" not in error.decode()
    assert running.returncode in (0, -number, 128 + number)
    _wait_until_gone(workers)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{POINTS} points, 0 failed" in done.stdout
    _same_as_unhurt(folder)


def _workers_of(running: subprocess.Popen[bytes], folder: Path) -> list[int]:
    """Wait until points are being finished; return the processes that finish them."""
    journal = folder / "journal.jsonl"
    limit = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < limit:
        if journal.exists() and journal.read_bytes().count(b"\n") > 1:
            return [int(line) for line in _children(running.pid) for line in _children(int(line))]
        time.sleep(0.002)
    return []


def _children(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []


def _wait_until_gone(processes: list[int]) -> None:
    limit = time.monotonic() + 20
    while any(_runs(process) for process in processes):
        assert time.monotonic() < limit, "workers outlive the run"
        time.sleep(0.05)


def _runs(process: int) -> bool:
    """Tell a process that runs from one that is gone or waits to be collected."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
