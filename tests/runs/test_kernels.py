"""Kernels are compiled once: by one process, which says so, whatever asks for them afterwards."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from o3sim.compiled.cycle import run_layer
from o3sim.network.bits.announce import MESSAGE
from o3sim.runs import kernels

SWEEP = "name: s\narchitectures: [small, dense]\nworkloads: [fashion-vgg]\naxes: {pe.width_edges: [32, 64]}\n"
O3SIM = [sys.executable, "-c", "from o3sim.cli.app import main; main()"]


def o3sim(here: Path, *words: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({} if cache is None else {"NUMBA_CACHE_DIR": str(cache)})
    return subprocess.run(
        [*O3SIM, *words], cwd=here, env=environment, capture_output=True, text=True, check=True, timeout=300
    )


@pytest.mark.slow  # compiles every kernel anew
def test_a_sweep_after_a_run_compiles_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SWEEP)
    first = o3sim(tmp_path, "run", "small", "fashion-vgg", cache=tmp_path / "cache")
    assert first.stderr.splitlines() == [MESSAGE]
    swept = o3sim(tmp_path, "sweep", "s.yaml", "-o", "swept", "--jobs", "2", cache=tmp_path / "cache")
    assert MESSAGE not in swept.stderr
    alone = o3sim(tmp_path, "sweep", "s.yaml", "-o", "alone", cache=tmp_path / "cache")
    assert MESSAGE not in alone.stderr


@pytest.mark.slow
def test_the_parent_compiles_before_its_workers_start(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SWEEP)
    swept = o3sim(tmp_path, "sweep", "s.yaml", "-o", "swept", "--jobs", "2", cache=tmp_path / "cache")
    assert swept.stderr.count(MESSAGE) == 1


def test_there_is_one_signature_after_all_kinds_of_cases(tmp_path: Path) -> None:
    from o3sim import simulate, sweep

    simulate("small", "fashion-vgg")
    sweep({"name": "s", "architectures": ["small"], "workloads": ["fashion-vgg"]}, tmp_path / "swept")
    assert len(run_layer.signatures) == 1


def test_who_comes_second_says_that_it_waits(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernels, "LOADING_S", 0.05)
    path = Path(run_layer.stats.cache_path) / kernels.LOCK  # type: ignore[attr-defined]  # a dispatcher
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = threading.Thread(target=kernels.load_kernels.__wrapped__)
        done.start()
        time.sleep(0.3)
        assert done.is_alive()
        fcntl.flock(held, fcntl.LOCK_UN)
        done.join(60)
    assert not done.is_alive()
    assert capfd.readouterr().err == "waiting for another process that compiles kernels\n"
