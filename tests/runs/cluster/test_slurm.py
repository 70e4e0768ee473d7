"""The script that SLURM gets, as text, and run by a stand-in for sbatch."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.errors import ConfigError, InputError
from o3sim.runs.cluster import slurm
from o3sim.runs.cluster.certificates import temporary_certificates
from o3sim.runs.cluster.connect import scheduler_at
from o3sim.runs.cluster.slurm import job_script, load_slurm, open_slurm
from o3sim.runs.stop import never
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import plan_sweep, run_sweep
from tests.runs.cluster.listeners import listening
from tests.runs.cluster.loopback import ROOT
from tests.runs.cluster.pem import write_certificates
from tests.studies.sweep.samples import write_sweep

pytest.importorskip("dask_jobqueue", reason="needs the extra `cluster`")

# Of distributed itself: sockets that its client leaves to the garbage collector.
quiet = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

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
SINFO = """\
#!/bin/sh
hostname
"""
SCANCEL = """\
#!/bin/sh
touch "$JOBS/cancelled.$1"
kill -KILL -- "-$1"
"""


def test_the_script_as_text(tmp_path: Path) -> None:
    (tmp_path / "slurm.yaml").write_text(SLURM)
    script = job_script(load_slurm(tmp_path / "slurm.yaml"))
    worker = script.splitlines()[-1]
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
    assert worker.startswith(f"{sys.executable} -m distributed.cli.dask_worker tls://SCHEDULER:PORT")
    for option in (
        *("--nthreads 1", "--memory-limit 2.00GiB", "--nworkers 8", "--local-directory /scratch"),
        *("--protocol tls", "--tls-ca-file", "--tls-cert", "--tls-key"),
        *("--no-dashboard", "--dashboard-address 127.0.0.1:0"),
    ):
        assert option in worker


def _script(folder: Path, text: str) -> list[str]:
    (folder / "slurm.yaml").write_text(f"workers: 2\ncores: 2\nwalltime: '01:00'\n{text}")
    return job_script(load_slurm(folder / "slurm.yaml")).splitlines()


def test_words_with_spaces_stay_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/my python/bin/python")
    script = _script(
        tmp_path,
        "name: queue depths\nqueue: a b\naccount: '\"c\" d'\nlocal_directory: /scratch/my runs; echo $(id)\n",
    )
    assert [
        shlex.split(line)[1:]
        for line in script
        if line.startswith(("#SBATCH -J", "#SBATCH -p", "#SBATCH -A"))
    ] == [
        ["-J", "queue depths"],
        ["-p", "a b"],
        ["-A", '"c" d'],
    ]
    words = shlex.split(script[-1])
    assert words[0] == "/opt/my python/bin/python"
    assert words[words.index("--local-directory") + 1] == "/scratch/my runs; echo $(id)"


def test_without_memory_slurm_decides(tmp_path: Path) -> None:
    script = _script(tmp_path, "directives: ['--mem-per-cpu=2G']\n")
    assert not [line for line in script if "--mem=" in line]
    assert "#SBATCH --mem-per-cpu=2G" in script
    assert "--memory-limit auto" in script[-1]


@pytest.mark.parametrize(
    "text",
    [
        'name: "a\\nb"',
        'queue: "a\\rb"',
        'directives: ["a\\nb"]',
        "interface: a b",
        "interface: $(id)",
        'name: ""',
    ],
)
def test_what_would_be_another_line_or_command_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected text that|is not text"):
        _script(tmp_path, f"{text}\n")


def test_a_dry_run_opens_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slurm.yaml").write_text(SLURM)
    arguments = ["sweep", str(write_sweep(tmp_path)), "--cluster", str(tmp_path / "slurm.yaml"), "--dry-run"]
    opened: list[object] = []

    def note(*arguments: object) -> None:
        opened.append(arguments)
        raise OSError("not here")

    monkeypatch.setattr(socket.socket, "bind", note)
    monkeypatch.setattr(socket.socket, "listen", note)
    before, listened = set(tmp_path.iterdir()), listening(os.getpid())
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "dask_worker tls://SCHEDULER:PORT" in done.stdout
    assert (opened, listening(os.getpid())) == ([], listened)
    assert set(tmp_path.iterdir()) == before


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "slurm.yaml").write_text(SLURM + f"interface: lo\nshared_directory: {tmp_path}/$FOLDER\n")
    (tmp_path / "shared").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOLDER", "shared")
        with open_slurm(load_slurm(tmp_path / "slurm.yaml")) as cluster:
            yield cluster


@pytest.mark.slow
@quiet
def test_the_scheduler_is_all_that_listens_and_only_where_it_was_told(opened: Any) -> None:
    assert opened.scheduler.address.startswith("tls://127.0.0.1:")
    while_open = Counter(listening(os.getpid()))
    opened.close()
    assert while_open - Counter(listening(os.getpid())) == Counter(["127.0.0.1"])


@pytest.mark.slow
@quiet
def test_who_shows_no_certificate_of_this_run_is_refused(opened: Any, tmp_path: Path) -> None:
    address = opened.scheduler.address
    for stranger in (None, write_certificates(tmp_path / "other")):
        with pytest.raises(InputError), scheduler_at(address, never, print, stranger):
            pass
    with pytest.raises(InputError), scheduler_at(address.replace("tls", "tcp"), never, print):
        pass


@pytest.mark.slow
@quiet
def test_certificates_are_for_their_owner_and_gone_at_the_end(tmp_path: Path) -> None:
    with temporary_certificates(tmp_path) as security:
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
        assert Path(security.tls_worker_key).parent == folder
    assert list(tmp_path.iterdir()) == []


def test_certificates_that_cannot_be_written_are_one_error(tmp_path: Path) -> None:
    (tmp_path / "slurm.yaml").write_text(SLURM + f"shared_directory: {tmp_path}/none\n")
    with (
        pytest.raises(InputError, match="none: certificates cannot be written there: No such file"),
        open_slurm(load_slurm(tmp_path / "slurm.yaml")),
    ):
        pass


def test_one_address_is_bound_not_all_and_dasks_configuration_opens_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask

    asked: list[dict[str, Any]] = []
    text = "".join(line for line in SLURM.splitlines(keepends=True) if not line.startswith("prologue"))
    (tmp_path / "slurm.yaml").write_text(text)
    monkeypatch.setattr("distributed.utils.get_ip", lambda: "192.0.2.7")
    monkeypatch.setattr(
        "dask_jobqueue.slurm.SLURMCluster", lambda **options: asked.append(options) or nullcontext()
    )
    for here in (False, True):
        monkeypatch.setattr(slurm, "nodes_are_here", lambda _queue, here=here: here)
        with open_slurm(load_slurm(tmp_path / "slurm.yaml")):
            pass
    for own in ({"host": "192.0.2.9"}, {"security": None, "protocol": "tcp", "dashboard_address": ":8787"}):
        with (
            dask.config.set({"jobqueue.slurm.scheduler-options": own}),
            open_slurm(load_slurm(tmp_path / "slurm.yaml")),
        ):
            pass
    hosts = [options["scheduler_options"].pop("host") for options in asked]
    assert hosts == ["192.0.2.7", "127.0.0.1", "192.0.2.9", "127.0.0.1"]
    assert all(
        options["scheduler_options"] == {"dashboard": False, "dashboard_address": None} for options in asked
    )
    assert ["--host" in options["worker_extra_args"] for options in asked] == [False, True, True, True]


def _started(folder: Path, sbatch: str) -> subprocess.Popen[str]:
    """Start a sweep on jobs of a stand-in for SLURM, whose only node is this machine."""
    tools, jobs = folder / "bin", folder / "jobs"
    jobs.mkdir()
    tools.mkdir()
    for name, text in (("sbatch", sbatch), ("scancel", SCANCEL), ("sinfo", SINFO)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (folder / "slurm.yaml").write_text(
        f"workers: 2\ncores: 1\nwalltime: '01:00'\nlocal_directory: {jobs}\nshared_directory: {jobs}\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "JOBS": str(jobs),
    }
    command = [
        *(sys.executable, "-c", "from o3sim.cli.app import main; main()", "sweep", str(write_sweep(folder))),
        *("-o", str(folder / "out"), "--cluster", str(folder / "slurm.yaml")),
    ]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_while_it_waits_cancels_jobs_and_leaves_no_certificates(
    number: int, status: int, tmp_path: Path
) -> None:
    with _started(tmp_path, "#!/bin/sh\necho Submitted batch job 4194999\n") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "2 jobs of SLURM: no workers yet, waiting\n"
        assert list((tmp_path / "jobs").glob(".o3sim-tls*"))
        process.send_signal(number)
        assert (process.wait(60), process.stderr.read()) == (status, "")
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == ["cancelled.4194999"]


@pytest.mark.slow
def test_a_sweep_on_jobs_of_slurm(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    try:
        with _started(tmp_path, SBATCH) as process:
            addresses = _addresses_until_end(process, jobs)
            assert process.stderr is not None
            said = process.stderr.read()
    finally:
        started = _end(jobs)
    assert (process.returncode, said) == (0, "2 jobs of SLURM: no workers yet, waiting\n")
    assert addresses == {"127.0.0.1"}
    assert not list(jobs.glob(".o3sim-tls*"))
    run_sweep(plan_sweep(load_sweep(tmp_path / "sweep.yaml")), tmp_path / "here")
    for name in ("results.csv", "layers.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    assert len(started) == 2
    assert {path.name for path in jobs.glob("cancelled.*")} == {f"cancelled.{job}" for job in started}


def _addresses_until_end(process: subprocess.Popen[str], jobs: Path) -> set[str]:
    """Return where the command and its jobs listened, until it has ended."""
    addresses: set[str] = set()
    limit = time.monotonic() + 120
    while process.poll() is None:
        assert time.monotonic() < limit
        for pid in (process.pid, *(int(path.suffix[1:]) for path in jobs.glob("job.*"))):
            addresses |= set(listening(pid))
        time.sleep(0.1)
    return addresses


def _end(jobs: Path) -> list[int]:
    """End what is left of the jobs, after giving them the time to be cancelled; return their numbers."""
    started = [int(path.suffix[1:]) for path in jobs.glob("job.*")]
    time.sleep(0.2)
    for job in started:
        with suppress(ProcessLookupError):
            os.killpg(job, signal.SIGKILL)
    return started
