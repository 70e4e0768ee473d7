"""With Numba's compiler switched off, the SimPy engine gives the same results."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from o3sim.errors import InputError
from o3sim.runs.engines import JIT_SWITCH, engine_name
from tests.cli.test_app import O3SIM
from tests.cli.test_synthetic_runs import WORKLOAD
from tests.sample_runs import architecture


def run(folder: Path, switch: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "made.yaml").write_text(WORKLOAD)
    command = [*O3SIM, "run", "small", "made.yaml", "--json", "-", *options]
    environment = {**os.environ, JIT_SWITCH: switch}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=environment, check=False, timeout=300
    )


@pytest.mark.parametrize("options", [(), ("--images", "2", "--jobs", "2"), ("--engine", "simpy")])
def test_the_same_results_slowly(tmp_path: Path, options: tuple[str, ...]) -> None:
    usual, slow = (run(tmp_path, switch, *options) for switch in ("0", "1"))
    assert slow.returncode == 0, slow.stderr
    assert slow.stdout == usual.stdout
    told = f"{JIT_SWITCH} is set: run by the simpy engine, slowly\n"
    assert slow.stderr == ("" if "--engine" in options else told)


def test_the_compiled_engine_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "1", "--engine", "compiled")
    assert done.returncode == 2
    assert done.stderr == f"error: {JIT_SWITCH} is set: engine compiled cannot run; simpy can, slowly\n"


@pytest.mark.parametrize(
    ("switch", "engine"), [("", "compiled"), ("0", "compiled"), ("1", "simpy"), ("x", "compiled")]
)
def test_the_engine_by_default(monkeypatch: pytest.MonkeyPatch, switch: str, engine: str) -> None:
    monkeypatch.setenv(JIT_SWITCH, switch)
    assert engine_name(architecture()) == engine
    assert engine_name(architecture(), "simpy") == "simpy"
    if engine == "simpy":
        with pytest.raises(InputError, match="cannot run"):
            engine_name(architecture(), "compiled")
