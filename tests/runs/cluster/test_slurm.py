"""The script that SLURM gets, as text, and run by a stand-in for sbatch."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from o3sim.errors import ConfigError
from o3sim.runs.cluster.slurm import job_script, load_slurm
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import plan_sweep, run_sweep
from tests.runs.cluster.loopback import ROOT
from tests.studies.sweep.samples import write_sweep

pytest.importorskip("dask_jobqueue", reason="needs the extra `cluster`")

SLURM = """\
workers: 2
cores: 8
memory: 16GiB
walltime: "02:00:00"
queue: batch
account: project
directives: ["--exclusive", "--constraint=avx2"]
prologue: ["module load python", "export OMP_NUM_THREADS=1"]
local_directory: /scratch
"""

SBATCH = """\
#!/bin/sh
cp "$1" "$JOBS/script.$$" # the original is gone in a moment
setsid bash "$JOBS/script.$$" >"$JOBS/log.$$" 2>&1 &
touch "$JOBS/job.$!"
echo "Submitted batch job $!"
"""
SCANCEL = """\
#!/bin/sh
touch "$JOBS/cancelled.$1"
kill -KILL -- "-$1"
"""


@pytest.mark.parametrize(
    ("key", "value"), [("cores: 8", "cores: 1000000000"), ("workers: 2", "workers: 1000000000")]
)
def test_more_processes_than_any_cluster_has(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "slurm.yaml").write_text(SLURM.replace(key, value))
    with pytest.raises(
        ConfigError, match=r"(cores: expected a number <= 4096|workers: expected a number <= 10000)"
    ):
        load_slurm(tmp_path / "slurm.yaml")


def test_the_script_as_text(tmp_path: Path) -> None:
    (tmp_path / "slurm.yaml").write_text(SLURM)
    script = job_script(load_slurm(tmp_path / "slurm.yaml"))
    worker = re.sub(r"tcp://\S+", "ADDRESS", script.splitlines()[-1])
    assert script.splitlines()[:-1] == [
        "#!/usr/bin/env bash",
        "",
        "#SBATCH -J o3sim",
        "#SBATCH -p batch",
        "#SBATCH -A project",
        "#SBATCH -n 1",
        "#SBATCH --cpus-per-task=8",
        "#SBATCH --mem=16G",
        "#SBATCH -t 02:00:00",
        "#SBATCH --exclusive",
        "#SBATCH --constraint=avx2",
        "module load python",
        "export OMP_NUM_THREADS=1",
    ]
    assert worker.startswith(f"{sys.executable} -m distributed.cli.dask_worker ADDRESS")
    for option in ("--nthreads 1", "--memory-limit 2.00GiB", "--nworkers 8", "--local-directory /scratch"):
        assert option in worker


@pytest.mark.slow
def test_a_sweep_on_jobs_of_slurm(tmp_path: Path) -> None:
    tools, jobs = tmp_path / "bin", tmp_path / "jobs"
    jobs.mkdir()
    tools.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    sweep = write_sweep(tmp_path)
    (tmp_path / "slurm.yaml").write_text(
        f"workers: 2\ncores: 1\nmemory: 1GB\nwalltime: '01:00'\nlocal_directory: {jobs}\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "JOBS": str(jobs),
    }
    command = [
        *(sys.executable, "-c", "from o3sim.cli.app import main; main()", "sweep", str(sweep)),
        *("-o", str(tmp_path / "out"), "--cluster", str(tmp_path / "slurm.yaml")),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=120
        )
    finally:
        started = _end(jobs)
    assert (done.returncode, done.stderr) == (0, "2 jobs of SLURM: no workers yet, waiting\n")
    run_sweep(plan_sweep(load_sweep(sweep)), tmp_path / "here")
    for name in ("results.csv", "layers.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    assert len(started) == 2
    assert {path.name for path in jobs.glob("cancelled.*")} == {f"cancelled.{job}" for job in started}


def _end(jobs: Path) -> list[int]:
    """End what is left of the jobs, after giving them the time to be cancelled; return their numbers."""
    started = [int(path.suffix[1:]) for path in jobs.glob("job.*")]
    time.sleep(0.2)
    for job in started:
        with suppress(ProcessLookupError):
            os.killpg(job, signal.SIGKILL)
    return started
