"""Sweeps and searches on real dask workers: the same bytes as here, whatever dies on the way."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from o3sim.errors import InputError
from o3sim.runs import dispatch
from o3sim.runs.cluster import executor as cluster_executor
from o3sim.runs.cluster.connect import scheduler_at
from o3sim.runs.cluster.installed import installed, package_digest
from o3sim.runs.stop import never
from o3sim.studies.search.plan import plan_search
from o3sim.studies.search.run import run_search
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import Plan, SweepOutcome, plan_sweep, run_sweep
from tests.runs.cluster.deadly import DEADLY_POINT, evaluate_or_die, evaluate_slowly
from tests.runs.cluster.loopback import ROOT, Loopback, loopback
from tests.studies.search.samples import write_search
from tests.studies.sweep.samples import SWEEP, write_sweep

pytest.importorskip("distributed", reason="needs the extra `cluster`")
pytestmark = [
    pytest.mark.slow,
    # Of distributed itself: sockets that its client leaves to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

POINTS = 32
TEXT = SWEEP.replace("to: 6", "to: 16")
TABLES = ("results.csv", "layers.csv")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_sweep(load_sweep(write_sweep(tmp_path_factory.mktemp("plan"), TEXT)))


@pytest.fixture(scope="module")
def local(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("local") / "out"
    run_sweep(plan, folder)
    return _tables(folder)


@pytest.fixture(scope="module")
def two_on_one_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    with loopback(tmp_path_factory.mktemp("shared"), ("node", "node")) as cluster:
        yield cluster


def _tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def _ignored(_what: str) -> None:
    """Hear nothing."""


def _swept(plan: Plan, folder: Path, cluster: Loopback, kill_at: int | None = None) -> SweepOutcome:
    def watch(_what: str, done: int, _total: int) -> None:
        if kill_at is not None and done >= kill_at:
            cluster.kill_worker(0)

    with scheduler_at(cluster.address, never, _ignored) as there:
        return run_sweep(plan, folder, there.jobs, progress=watch, open_executor=there.open_executor)


def test_the_same_bytes_and_one_copy_a_node(
    plan: Plan, local: list[bytes], two_on_one_node: Loopback, tmp_path: Path
) -> None:
    _swept(plan, tmp_path / "out", two_on_one_node)
    assert _tables(tmp_path / "out") == local
    assert len(two_on_one_node.copies()) == 1


def test_a_search_is_the_same_too(two_on_one_node: Loopback, tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="needs the extra `search`")
    search = plan_search(write_search(tmp_path))
    run_search(search, tmp_path / "here")
    with scheduler_at(two_on_one_node.address, never, _ignored) as there:
        run_search(search, tmp_path / "there", there.jobs, open_executor=there.open_executor)
    for name in (*TABLES, "front.csv"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_a_worker_with_other_sources_is_refused_by_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "o3sim", tmp_path / "o3sim", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "o3sim" / "runs" / "point.py").open("a") as stream:
        stream.write("# edited\n")
    different = re.compile(
        r"worker tcp://127\.0\.0\.1:\d+ has o3sim \S+ \((\w{12})\), here is \S+ \((\w{12})\):"
        r" install the same on both"
    )
    with loopback(tmp_path, ()) as cluster:
        cluster.start_worker("node", sources=tmp_path)
        with (
            pytest.raises(InputError, match=different) as caught,
            scheduler_at(cluster.address, never, _ignored),
        ):
            pass
    found = different.fullmatch(str(caught.value))
    assert found is not None
    assert found[2] == package_digest(ROOT / "o3sim")[:12] != found[1]


def test_a_worker_whose_o3sim_cannot_tell_is_refused_too(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "o3sim", tmp_path / "o3sim", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "o3sim" / "runs" / "cluster" / "installed.py").unlink()
    with loopback(tmp_path, ()) as cluster:
        cluster.start_worker("node", sources=tmp_path)
        with (
            pytest.raises(
                InputError, match=r"worker tcp://\S+ cannot tell which o3sim it has: .*: install it"
            ),
            scheduler_at(cluster.address, never, _ignored),
        ):
            pass


def test_a_worker_that_joins_later_is_compared_too(
    plan: Plan, two_on_one_node: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_executor, "installed", lambda: {**installed(), "Numba": "0.0.9"})
    with pytest.raises(InputError, match=r"worker tcp://\S+ has Numba \S+, here is"):
        _swept(plan, tmp_path / "out", two_on_one_node)


def test_a_copy_that_changed_on_the_node_is_brought_again(
    plan: Plan, local: list[bytes], tmp_path: Path
) -> None:
    with loopback(tmp_path, ("node",)) as cluster:
        _swept(plan, tmp_path / "out", cluster)
        (copy,) = cluster.copies()
        changed = next(copy.glob("*_decision.npy"))
        right = changed.read_bytes()
        changed.chmod(0o600)
        changed.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
        _swept(plan, tmp_path / "again", cluster)
        assert cluster.copies() == [copy]
        assert changed.read_bytes() == right
    assert _tables(tmp_path / "again") == local


def test_the_command_line(plan: Plan, local: list[bytes], two_on_one_node: Loopback, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-c", "from o3sim.cli.app import main; main()", "sweep", str(plan.file.path)),
        *("-o", str(tmp_path / "out"), "--scheduler", two_on_one_node.address),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        f"--scheduler {two_on_one_node.address}: without certificates: anyone who reaches this scheduler or"
        " its workers can run code as their user (docs/scale.md)"
    ]
    assert f"{POINTS} points, 0 failed" in done.stdout
    assert _tables(tmp_path / "out") == local


def test_a_worker_killed_half_way(
    plan: Plan, local: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "evaluate_all", evaluate_slowly)
    with loopback(tmp_path, ("one", "two")) as cluster:
        _swept(plan, tmp_path / "out", cluster, kill_at=POINTS // 2)
        assert cluster.workers[0].poll() == -signal.SIGKILL
        assert len(cluster.copies()) == 2
    assert _tables(tmp_path / "out") == local
    lines = (tmp_path / "out" / "journal.jsonl").read_text().splitlines()[1:]
    assert sorted(json.loads(line)["number"] for line in lines) == list(range(POINTS))


def test_a_point_that_kills_its_workers_fails_alone(
    plan: Plan, local: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback(tmp_path, ("node",), allowed_failures=0) as cluster:  # its nanny starts it again
        monkeypatch.setattr(dispatch, "evaluate_all", evaluate_or_die)
        outcome = _swept(plan, tmp_path / "out", cluster)
        assert [row["point"] for row in outcome.rows if row["error"]] == [DEADLY_POINT]
        assert "the process that ran it died" in outcome.rows[DEADLY_POINT]["error"]
    monkeypatch.undo()
    run_sweep(plan, tmp_path / "out", resume=True)
    assert _tables(tmp_path / "out") == local


def test_a_scheduler_that_dies_is_one_error_and_the_rest_runs_later(
    plan: Plan, local: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "evaluate_all", evaluate_slowly)
    with loopback(tmp_path, ("node",)) as cluster, scheduler_at(cluster.address, never, _ignored) as there:

        def stop(_what: str, done: int, _total: int) -> None:
            if done >= POINTS // 4:
                cluster.stop()

        with pytest.raises(InputError, match="the scheduler of the cluster is gone; --resume"):
            run_sweep(plan, tmp_path / "out", there.jobs, progress=stop, open_executor=there.open_executor)
    run_sweep(plan, tmp_path / "out", resume=True)
    assert _tables(tmp_path / "out") == local
