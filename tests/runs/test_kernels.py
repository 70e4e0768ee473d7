"""Kernels are compiled once: by one process, which says so, whatever asks for them afterwards."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numba
import pytest

from o3sim.compiled.cycle import run_layer
from o3sim.network.bits.announce import MESSAGE, announce_compiling, when_compiling
from o3sim.runs import kernels

SWEEP = "name: s\narchitectures: [small, dense]\nworkloads: [fashion-vgg]\naxes: {pe.width_edges: [32, 64]}\n"
O3SIM = [sys.executable, "-c", "from o3sim.cli.app import main; main()"]


def o3sim(here: Path, *words: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    told = {"O3SIM_PROGRESS": "always"}  # unlike in other tests
    environment = os.environ | told | ({} if cache is None else {"NUMBA_CACHE_DIR": str(cache)})
    return subprocess.run(
        [*O3SIM, *words], cwd=here, env=environment, capture_output=True, text=True, check=True, timeout=300
    )


LOADED_BEFORE = """
import sys
from numba.core.dispatcher import Dispatcher
from o3sim.compiled.cycle import run_layer
from o3sim.compiled.dispatch.cycle import run_windows
from o3sim.config.load import load_architecture
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.runs.case import Case
from o3sim.runs.kernels import load_kernels
from o3sim.runs.point import count_point

machine, files = load_architecture(sys.argv[1]), load_workload(sys.argv[2])
network = load_network(files)
case = Case(network, workload_images(files, network, count=1))
load_kernels([machine], network.layers)
print(len(run_layer.signatures), len(run_windows.signatures))
found = Dispatcher.compile
Dispatcher.compile = lambda kernel, signature: print("late:", kernel) or found(kernel, signature)
count_point(machine, case)
"""
"""Loads kernels, says whether the general loops are among them, and then which come while a point runs."""


@pytest.mark.parametrize(
    ("machine", "network", "general"),
    [
        ("o3bnn", "fashion-vgg", "0 0"),
        ("window", "fashion-vgg", "0 0"),
        ("carousel", "fashion-vgg", "0 0"),
        ("ideal", "fashion-residual", "0 0"),
        ("banked", "fashion-residual", "0 0"),
        ("o3bnn-pipelined", "cnv", "1 0"),
    ],
)
def test_what_a_machine_needs_is_loaded_before_it_runs_and_nothing_else(
    machine: str, network: str, general: str
) -> None:
    words = [sys.executable, "-c", LOADED_BEFORE, machine, network]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout == f"{general}\n"


@pytest.mark.slow  # compiles every kernel anew
def test_the_first_command_compiles_before_its_workers_start_and_no_later_one(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SWEEP)
    first = o3sim(tmp_path, "sweep", "s.yaml", "-o", "first", "--jobs", "2", cache=tmp_path / "cache")
    assert first.stderr.count(MESSAGE) == 1
    for words in (
        ("run", "small", "fashion-vgg"),
        ("sweep", "s.yaml", "-o", "alone"),
        ("sweep", "s.yaml", "-o", "again", "--jobs", "2"),
    ):
        assert MESSAGE not in o3sim(tmp_path, *words, cache=tmp_path / "cache").stderr


def test_there_is_one_signature_after_all_kinds_of_cases(tmp_path: Path) -> None:
    from o3sim import simulate, sweep

    simulate("small", "fashion-vgg")
    sweep({"name": "s", "architectures": ["small"], "workloads": ["fashion-vgg"]}, tmp_path / "swept")
    assert len(run_layer.signatures) == 1


def wait_for(held_by: str, monkeypatch: pytest.MonkeyPatch, loading_s: float) -> None:
    """Load kernels beside a process that has the lock, with what it wrote there, for a while."""
    monkeypatch.setattr(kernels, "LOADING_S", loading_s)
    monkeypatch.setattr(kernels, "_loaded", set())
    monkeypatch.setattr(kernels, "_profiled", set())
    path = Path(run_layer.stats.cache_path) / kernels.LOCK  # type: ignore[attr-defined]  # a dispatcher
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        print(held_by, end="", file=held, flush=True)
        done = threading.Thread(target=kernels.load_usual_kernels)
        done.start()
        time.sleep(0.3)
        assert done.is_alive()
        fcntl.flock(held, fcntl.LOCK_UN)
        done.join(60)
    assert not done.is_alive()
    assert path.read_text() == ""


def test_who_comes_second_says_that_it_waits(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("O3SIM_PROGRESS", "always")
    wait_for("compiling\n", monkeypatch, 60)
    wait_for("", monkeypatch, 0.05)
    assert capfd.readouterr().err == "waiting for another process that compiles kernels\n" * 2


def test_who_keeps_progress_quiet_hears_of_neither(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whether kernels are in the cache, or another process has them, is no part of what a command prints."""
    monkeypatch.setenv("O3SIM_PROGRESS", "never")
    wait_for("compiling\n", monkeypatch, 60)
    told: list[str] = []
    announce_compiling()
    with when_compiling(lambda: told.append("compiling")):
        numba.njit(lambda number: 5 * number)(2)
    assert told == ["compiling"]
    assert capfd.readouterr().err == ""


def test_compiling_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("O3SIM_PROGRESS", "always")
    announce_compiling()
    for _ in range(2):
        numba.njit(lambda number: 7 * number)(2)
    assert capfd.readouterr().err.count(MESSAGE) in (1, 2)  # and once by the kernels, if this is the first


def test_who_waits_while_another_loads_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    wait_for("", monkeypatch, 60)
    assert capfd.readouterr().err == ""


def test_compiling_is_told_once_and_only_where_it_happens() -> None:
    told: list[str] = []
    doubled = numba.njit(lambda number: 2 * number)
    with when_compiling(lambda: told.append("compiling")):
        assert told == []
        assert (doubled(2), doubled(2.0)) == (4, 4.0)
    numba.njit(lambda number: 3 * number)(2)
    assert told == ["compiling"]
