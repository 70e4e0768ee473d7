"""Searches from file to front: the same for a seed however they ran, and as good as they say."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from o3sim.config.consent import allow_code
from o3sim.errors import InputError
from o3sim.report.search_figures import FIGURES, write_figures
from o3sim.results.front import non_dominated
from o3sim.studies.search import run as search_run
from o3sim.studies.search.objectives import Objectives
from o3sim.studies.search.plan import SearchPlan, plan_search
from o3sim.studies.search.run import SearchOutcome, run_search
from tests.studies.search.samples import SEARCH, write_search
from tests.studies.sweep.samples import snapshot

pytest.importorskip("optuna", reason="needs the extra `search`")

FILES = ("results.csv", "layers.csv", "front.csv", "importances.csv", "proposals.jsonl")


def _plan(folder: Path, *changes: tuple[str, str]) -> SearchPlan:
    text = SEARCH
    for change in changes:
        text = text.replace(*change)
    return plan_search(write_search(folder, text))


def _files(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[SearchPlan, Path, SearchOutcome]:
    folder = tmp_path_factory.mktemp("whole")
    plan = _plan(folder)
    return plan, folder / "out", run_search(plan, folder / "out")


def test_the_front_is_of_the_points_that_ran(whole: tuple[SearchPlan, Path, SearchOutcome]) -> None:
    plan, folder, outcome = whole
    assert len(outcome.rows) == 20
    assert len({tuple(row[each.key] for each in plan.space.parameters) for row in outcome.rows}) == 20
    assert all(row["peak_edges_per_cycle"] <= 128 for row in outcome.rows)
    assert all(row["arch.sequencer.width_ops"] == max(1, row["pe.count"] // 2) for row in outcome.rows)
    objectives = Objectives(plan.explore.objectives)
    points = objectives.to_minimise([objectives.values(row) or () for row in outcome.rows])
    best = {tuple(point) for point in points[non_dominated(points)].tolist()}
    found = objectives.to_minimise([objectives.values(row) or () for row in outcome.front])
    assert {tuple(point) for point in found.tolist()} == best
    assert sum(row["knee"] for row in outcome.front) == 1
    with (folder / "front.csv").open(newline="") as stream:
        front = list(csv.DictReader(stream))
    assert [int(row["point"]) for row in front] == [row["point"] for row in outcome.front]
    assert list(front[0])[:4] == ["knee", "cycles", "area.lut", "utilisation"]


def test_the_same_whatever_jobs_is(whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path) -> None:
    plan, folder, _ = whole
    run_search(plan, tmp_path / "two", 2)
    assert _files(tmp_path / "two") == _files(folder)


def test_another_seed_is_another_search(
    whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path
) -> None:
    run_search(_plan(tmp_path, ("seed: 3", "seed: 4")), tmp_path / "out")
    assert _files(tmp_path / "out")[0] != _files(whole[1])[0]


@pytest.mark.parametrize("sampler", ["nsga2", "random"])
def test_other_samplers(tmp_path: Path, sampler: str) -> None:
    plan = _plan(tmp_path, ("trials: 20", f"trials: 14\nsampler: {sampler}"))
    first, second = (run_search(plan, tmp_path / name) for name in "ab")
    assert first == second
    assert len(first.rows) == 14


def test_more_trials_go_on_from_fewer(
    whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_search(_plan(tmp_path, ("trials: 20", "trials: 9")), tmp_path / "out")
    ran: list[int] = []
    original = search_run.run_journalled

    def noting(tasks: list[Any], *rest: Any) -> None:
        ran.extend(task.number for task in tasks)
        original(tasks, *rest)

    monkeypatch.setattr(search_run, "run_journalled", noting)
    run_search(whole[0], tmp_path / "out", resume=True)
    assert ran == list(range(9, 20))
    assert _files(tmp_path / "out") == _files(whole[1])


def test_a_small_space_is_run_to_its_end(tmp_path: Path) -> None:
    outcome = run_search(_plan(tmp_path, ("trials: 20", "trials: 999")), tmp_path / "out")
    assert len(outcome.rows) == 3 * 4 * 3
    assert outcome.exhausted


def test_a_space_without_machines_is_refused(tmp_path: Path) -> None:
    plan = _plan(tmp_path, ("<= 128", "<= 1"))
    with pytest.raises(InputError, match=r"no combination can be run.*`peak_edges_per_cycle <= 1`"):
        run_search(plan, tmp_path / "out")


def test_limits_on_results_keep_points_off_the_front(tmp_path: Path) -> None:
    plan = _plan(tmp_path, ("<= 128]", "<= 128, latency_us * clock_mhz >= 250]"))
    outcome = run_search(plan, tmp_path / "out")
    assert len(outcome.rows) == 20
    assert outcome.front
    assert all(row["latency_us"] * row["arch.clock_mhz"] >= 250 for row in outcome.front)
    assert any(row["latency_us"] * row["arch.clock_mhz"] < 250 for row in outcome.rows)


def test_objectives_may_be_expressions(tmp_path: Path) -> None:
    plan = _plan(tmp_path, ("{cycles: minimise,", "{'cycles * area.lut': minimise,"))
    row = run_search(plan, tmp_path / "out").front[0]
    assert row["cycles * area.lut"] == row["cycles"] * row["area.lut"]


def test_points_that_fail_are_told_and_the_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from o3sim.contract.errors import MachineError
    from o3sim.runs import tasks as evaluate

    original = evaluate.count_task

    def sometimes(task: Any) -> Any:
        if task.architecture.pe.count == 2:
            raise MachineError("it broke")
        return original(task)

    monkeypatch.setattr(evaluate, "count_task", sometimes)
    outcome = run_search(_plan(tmp_path), tmp_path / "out")
    assert {row["error"] for row in outcome.rows} == {"", "it broke"}
    assert all(row["pe.count"] != 2 for row in outcome.front)


@pytest.mark.parametrize("place", [0, 40, -3])
def test_damaged_proposals_are_refused_at_their_line(
    whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path, place: int
) -> None:
    run_search(whole[0], tmp_path / "out")
    proposals = tmp_path / "out" / "proposals.jsonl"
    lines = proposals.read_bytes().splitlines(keepends=True)
    changed = bytearray(lines[4])
    changed[place] ^= 4
    proposals.write_bytes(b"".join([*lines[:4], bytes(changed), *lines[5:]]))
    before = snapshot(tmp_path / "out")
    with pytest.raises(InputError, match=r"proposals\.jsonl:5: damaged: .* start again in another folder"):
        run_search(whole[0], tmp_path / "out", resume=True)
    assert snapshot(tmp_path / "out") == before


@pytest.mark.parametrize("target", ["study.journal", "out/study.journal", "/nowhere"])
def test_locks_that_a_killed_run_left_are_cleared(
    whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path, target: str
) -> None:
    run_search(whole[0], tmp_path / "out")
    lock = tmp_path / "out" / "study.journal.lock"
    lock.symlink_to(target)
    lock.with_name(f"{lock.name}0123-45.rename").symlink_to(target)
    run_search(whole[0], tmp_path / "out", resume=True)
    assert [path.name for path in lock.parent.glob("study.journal*")] == ["study.journal"]
    assert _trials(lock.parent) == 18  # of whole batches


def _trials(folder: Path) -> int:
    """Count the trials that Optuna's own viewers find."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    return len(optuna.load_study(study_name=None, storage=storage).trials)


@pytest.mark.parametrize("after", [0, 7])
def test_a_folder_that_is_removed_is_noticed_and_nothing_new_is_in_its_place(
    tmp_path: Path, after: int
) -> None:
    out = tmp_path / "out"

    def remove(_what: str, done: int, _total: int) -> None:
        if done >= after and (out / "study.journal").exists():
            shutil.rmtree(out)
            out.mkdir()

    with pytest.raises(InputError, match=r"journal\.jsonl: not in its place any more|No such file"):
        run_search(_plan(tmp_path), out, progress=remove)
    assert list(out.iterdir()) == []


def test_killed_at_random_moments_nothing_is_lost_or_run_twice(
    whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path
) -> None:
    _kill_and_go_on(whole, tmp_path, kills=8)


ROUNDS = int(os.environ.get("O3SIM_KILLS", "5")) // 5
"""Of five kills each: `O3SIM_KILLS=50` kills fifty times."""


@pytest.mark.slow
def test_killed_time_and_again(whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path) -> None:
    for number in range(ROUNDS):
        (tmp_path / str(number)).mkdir()
        _kill_and_go_on(whole, tmp_path / str(number), kills=5, seed=number)


def _kill_and_go_on(
    whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path, kills: int, seed: int = 1
) -> None:
    plan, unhurt, _ = whole
    moments = random.Random(seed)
    start = time.perf_counter()
    run_search(plan, tmp_path / "timed")
    alone_s = time.perf_counter() - start
    done = 0
    while done < kills:
        done += _killed_while_running(plan, tmp_path / "out", moments.uniform(0, alone_s))
    run_search(plan, tmp_path / "out", resume=True)
    assert _files(tmp_path / "out") == _files(unhurt)
    assert _trials(tmp_path / "out") == _trials(unhurt)
    assert not [
        path for path in (tmp_path / "out").rglob("*") if path.name.endswith(("tmp", "old", "rename"))
    ]
    lines = (tmp_path / "out" / "journal.jsonl").read_text().splitlines()[1:]
    assert sorted(json.loads(line)["number"] for line in lines) == list(range(20))


def _killed_while_running(plan: SearchPlan, folder: Path, after_s: float) -> bool:
    """Run in a forked process and kill it after a while; False if it was done by then."""
    child = os.fork()
    if child == 0:
        try:
            run_search(plan, folder, resume=True)
        finally:
            os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_folder_of_another_search_is_refused(
    whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path
) -> None:
    run_search(whole[0], tmp_path / "out")
    with pytest.raises(InputError, match="of another sweep or search: search changed"):
        run_search(_plan(tmp_path, ("seed: 3", "seed: 4")), tmp_path / "out", resume=True)
    proposals = tmp_path / "out" / "proposals.jsonl"
    proposals.write_text(
        proposals.read_text().replace('"point": 2, "pe.count": ', '"point": 2, "pe.count": 9')
    )
    before = snapshot(tmp_path / "out")
    with pytest.raises(InputError, match=r"proposals\.jsonl:3: damaged: not as it was written"):
        run_search(whole[0], tmp_path / "out", resume=True)
    assert snapshot(tmp_path / "out") == before


POLICY = """\
from o3sim.machine.policies import Policy
class Mine(Policy):
    def pick(self, view):
        yield from (op for op in view.entries if view.ready(op))
"""
CUSTOM = (
    ("architecture: small", "architecture: chip.yaml"),
    ("trials: 20", "trials: 4"),
    ("pe.latency_cycles: [1, 2, 3]", "energy.table: [TABLE]"),
)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("policy.py", "yield from", "yield  from", r"architecture changed \(policy\.py\)"),
        ("chip.yaml", "extends: small", "extends: o3bnn", "architecture changed;"),
        ("base.yaml", "asic-45nm", "fpga-28nm", r"search changed \(base\.yaml, fpga-28nm\.yaml\)"),
        ("tiny.yaml", "threshold: 100", "threshold: 101", "workload changed;"),
        ("explore.yaml", "seed: 3", "seed: 4", "search changed;"),
    ],
)
def test_a_search_goes_on_only_if_all_is_as_it_was(
    tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    text = SEARCH
    for change in CUSTOM:
        text = text.replace(*change)
    path = write_search(tmp_path, text.replace("TABLE", str(tmp_path / "lab.yaml")))
    (tmp_path / "chip.yaml").write_text('extends: small\nscheduler: {policy: "policy.py:Mine"}\n')
    (tmp_path / "policy.py").write_text(POLICY)
    (tmp_path / "lab.yaml").write_text("extends: base.yaml\n")
    (tmp_path / "base.yaml").write_text("extends: asic-45nm\n")
    with allow_code():
        run_search(plan_search(path), tmp_path / "out")
        before = snapshot(tmp_path / "out")
        (tmp_path / file).write_text((tmp_path / file).read_text().replace(old, new))
        with pytest.raises(InputError, match=f"of another sweep or search: {message}"):
            run_search(plan_search(path), tmp_path / "out", resume=True)
    assert snapshot(tmp_path / "out") == before


def test_optuna_opens_the_study(whole: tuple[SearchPlan, Path, SearchOutcome]) -> None:
    import optuna

    _, folder, outcome = whole
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    backend = optuna.storages.journal.JournalFileBackend(str(folder / "study.journal"))
    study = optuna.load_study(study_name="small-search", storage=optuna.storages.JournalStorage(backend))
    told = len(outcome.rows) // 6 * 6
    assert [trial.values[0] for trial in study.trials] == [row["cycles"] for row in outcome.rows[:told]]


def test_figures_are_the_same_bytes(whole: tuple[SearchPlan, Path, SearchOutcome], tmp_path: Path) -> None:
    plan, _, outcome = whole
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_figures(plan, outcome, tmp_path / name)
    for name in FIGURES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    drawn = (tmp_path / "a" / "front.svg").read_text()
    assert "issue_queue.depth_ops" in drawn
    assert "area (LUTs), less" in drawn
    assert "less is better" in drawn
    alone = {path.name for path in (tmp_path / "a").glob("front-*.png")}
    assert "front-area.lut-over-cycles.png" in alone


def test_importances_add_up(whole: tuple[SearchPlan, Path, SearchOutcome]) -> None:
    importances = whole[2].importances.rows
    assert [row["parameter"] for row in importances] == [each.key for each in whole[0].space.parameters]
    for name in ("cycles", "area.lut", "utilisation"):
        assert sum(row[name] for row in importances) == pytest.approx(1)
