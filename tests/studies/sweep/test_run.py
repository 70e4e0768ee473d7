"""A sweep from file to tables: the figures of single runs, the same bytes however it ran."""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from o3sim.errors import InputError
from o3sim.results.document import to_document
from o3sim.runs import dispatch
from o3sim.runs.executors import InThisProcess, local_executor
from o3sim.runs.simulation import simulate
from o3sim.runs.tasks import PointOutcome, PointTask, evaluate_all
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import Plan, plan_sweep, run_sweep
from tests.studies.sweep.samples import SWEEP, write_sweep

TABLES = ("results.csv", "layers.csv")


def _plan(folder: Path, text: str = SWEEP) -> Plan:
    folder.mkdir(exist_ok=True)
    return plan_sweep(load_sweep(write_sweep(folder, text)))


def _tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def test_rows_are_the_figures_of_single_runs(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    outcome = run_sweep(plan, tmp_path / "out")
    subject = plan.subjects["tiny"]
    labels = None if subject.images.y is None else subject.images.y.tolist()
    for point, row in zip(plan.points, outcome.rows, strict=True):
        alone = to_document(simulate(point.architecture, subject.network, subject.images.x, labels))
        for column in ("cycles", "latency_us", "accuracy", "outputs_exact", "energy_pj_per_image"):
            assert row[column] == alone[column]
        assert row["edges.pruned.pooling"] == alone["edges"]["pruned"]["pooling"]
        assert row["energy_pj.pe"] == alone["energy_pj"]["pe"]
        assert row["outputs_exact"] is True
        layers = [layer for layer in outcome.layers if layer["point"] == point.number]
        assert [layer["cycles"] for layer in layers] == [layer["cycles"] for layer in alone["layers"]]


def test_the_csv_reads_back(tmp_path: Path) -> None:
    outcome = run_sweep(_plan(tmp_path), tmp_path / "out")
    with (tmp_path / "out" / "results.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    for read, row in zip(rows, outcome.rows, strict=True):
        assert float(read["latency_us"]) == row["latency_us"]
        assert read["arch.issue_queue.depth_ops"] == read["issue_queue.depth_ops"]
        assert read["outputs_exact"] == "true"


def test_tables_do_not_depend_on_jobs_or_folder(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    for folder, jobs in (("one", 1), ("two", 2)):
        run_sweep(plan, tmp_path / folder, jobs)
    assert _tables(tmp_path / "one") == _tables(tmp_path / "two")


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra `parquet`")
    outcome = run_sweep(_plan(tmp_path), tmp_path / "out", parquet=True)
    rows = parquet.read_table(tmp_path / "out" / "results.parquet").to_pylist()
    assert [row["cycles"] for row in rows] == [row["cycles"] for row in outcome.rows]


def test_what_is_there_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = _plan(tmp_path)
    run_sweep(plan, tmp_path / "out")
    before = _tables(tmp_path / "out")
    journal = tmp_path / "out" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:6]))
    ran: list[int] = []
    original = evaluate_all

    def noting(tasks: list[PointTask]) -> list[PointOutcome]:
        ran.extend(task.number for task in tasks)
        return original(tasks)

    monkeypatch.setattr(dispatch, "evaluate_all", noting)
    run_sweep(plan, tmp_path / "out", resume=True)
    assert ran == list(range(5, 12))
    assert _tables(tmp_path / "out") == before
    assert journal.read_bytes() == b"".join(lines)


def test_a_folder_in_use_or_with_other_things_is_refused(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    run_sweep(plan, tmp_path / "out")
    with pytest.raises(InputError, match="has a sweep in it"):
        run_sweep(plan, tmp_path / "out")
    with pytest.raises(InputError, match="is not empty"):
        run_sweep(plan, tmp_path)
    with pytest.raises(InputError, match="is a file"):
        run_sweep(plan, tmp_path / "sweep.yaml")
    other = _plan(tmp_path / "other", SWEEP.replace("[1, 2]", "[1, 3]"))
    with pytest.raises(InputError, match="of another sweep or search: points changed"):
        run_sweep(other, tmp_path / "out", resume=True)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    plan = _plan(tmp_path)

    def second(_what: str, _done: int, _total: int) -> None:
        with pytest.raises(InputError, match="another run is at work"):
            run_sweep(plan, tmp_path / "out", resume=True)

    run_sweep(plan, tmp_path / "out", progress=second)


class _Deadly(InThisProcess):
    """Breaks, as a pool does when a process of it dies, at some points."""

    def __init__(self, deadly: set[int], tries: dict[int, int]) -> None:
        self.deadly, self.tries, self.broken = deadly, tries, False

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        for task in args[0]:
            if task.number in self.deadly:
                self.tries[task.number] = self.tries.get(task.number, 0) + 1
                self.broken = True
        if self.broken:
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor())
            return future
        return super().submit(work, *args, **kwargs)


def test_a_point_that_kills_its_process_fails_alone(tmp_path: Path) -> None:
    plan, tries = _plan(tmp_path), {}

    @contextmanager
    def executor(_jobs: int) -> Iterator[Executor]:
        yield _Deadly({4}, tries)

    outcome = run_sweep(plan, tmp_path / "out", 2, open_executor=executor)
    assert [row["point"] for row in outcome.rows if row["status"] == "failed"] == [4]
    assert outcome.failed == 1
    assert "the process that ran it died" in outcome.rows[4]["error"]
    assert tries[4] == 1 + dispatch.TRIES
    again = run_sweep(plan, tmp_path / "out", resume=True)
    assert again.failed == 0
    whole = run_sweep(plan, tmp_path / "whole")
    assert whole.rows == again.rows
    assert _tables(tmp_path / "out") == _tables(tmp_path / "whole")


def test_points_that_fail_are_recorded_and_the_rest_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from o3sim.contract.errors import MachineError
    from o3sim.runs import tasks as evaluate

    original = evaluate.count_task

    def sometimes(task: PointTask) -> Any:
        if task.number % 5 == 2:
            raise MachineError("it broke, with a comma")
        return original(task)

    monkeypatch.setattr(evaluate, "count_task", sometimes)
    outcome = run_sweep(_plan(tmp_path), tmp_path / "out")
    assert [row["status"] for row in outcome.rows].count("failed") == 2
    with (tmp_path / "out" / "results.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[2]["error"] == "it broke, with a comma"
    assert rows[2]["cycles"] == ""
    assert rows[2]["arch.pe.count"] == rows[1]["arch.pe.count"]


def test_a_full_disk_is_one_error_and_resuming_ends_the_same(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    run_sweep(plan, tmp_path / "whole")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / "whole" / "journal.jsonl").stat().st_size
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2 + 7, hard))
        with pytest.raises(InputError, match="cannot be written: File too large"):
            run_sweep(plan, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    kept = (tmp_path / "out" / "journal.jsonl").read_bytes().count(b"\n")
    assert 1 < kept < 13
    run_sweep(plan, tmp_path / "out", resume=True)
    assert _tables(tmp_path / "out") == _tables(tmp_path / "whole")


REMOVING = """
import shutil, sys
from pathlib import Path
from o3sim.errors import InputError
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import plan_sweep, run_sweep

OUT = Path({out!r})

def remove(_what, done, _total):
    if done == 3 and OUT.exists():
        shutil.rmtree(OUT)
        if {again!r}:
            OUT.mkdir()

if __name__ == "__main__":
    try:
        run_sweep(plan_sweep(load_sweep(Path({file!r}))), OUT, {jobs!r}, progress=remove)
    except InputError as error:
        sys.exit(str(error))
"""


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_is_removed_is_noticed_at_the_next_write(
    tmp_path: Path, jobs: int, again: bool
) -> None:
    out = tmp_path / "out"
    script = tmp_path / "remove.py"
    file = str(write_sweep(tmp_path, SWEEP))
    script.write_text(REMOVING.format(out=str(out), again=again, file=file, jobs=jobs))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1, done.stderr
    assert "journal.jsonl: not in its place any more" in done.stderr.splitlines()[-1]
    assert out.exists() == again
    assert not again or list(out.iterdir()) == []


def test_profiles_are_made_once_and_checked(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    run_sweep(plan, tmp_path / "out")
    (stored,) = (tmp_path / "out" / "profiles").iterdir()
    before = {file.name: file.stat().st_mtime_ns for file in stored.iterdir()}
    run_sweep(plan, tmp_path / "out", resume=True)
    assert {file.name: file.stat().st_mtime_ns for file in stored.iterdir()} == before
    index = json.loads((stored / "index.json").read_text())
    (stored / "index.json").write_text(json.dumps({**index, "layout": 0}))
    with pytest.raises(InputError, match="made by another version; remove"):
        run_sweep(plan, tmp_path / "out", resume=True)


def test_one_job_runs_here() -> None:
    with local_executor(1) as executor:
        assert isinstance(executor, InThisProcess)
        assert executor.submit(divmod, 7, 2).result() == (3, 1)
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 7, 0).result()


@pytest.mark.parametrize("name", ["journal.jsonl", ".lock", "sweep.yaml", "results.csv"])
def test_a_folder_with_pipes_in_it_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out" / name)
    with pytest.raises(InputError, match="is a pipe"):
        run_sweep(_plan(tmp_path), tmp_path / "out", resume=True)
