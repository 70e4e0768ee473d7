"""Points that differ only in what timing does not see are simulated once, and nothing else shows of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from o3sim.runs import tasks
from o3sim.runs.case import stored_case
from o3sim.runs.dispatch import batches_of
from o3sim.runs.layer_store import LayerStore
from o3sim.runs.point import PointCounts
from o3sim.runs.tasks import PointTask
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import Plan, plan_sweep, run_sweep
from tests.sample_runs import architecture
from tests.studies.sweep.samples import write_sweep

PRICED = """\
name: priced
architectures: [small]
workloads: [tiny.yaml]
images: {count: 2}
axes:
  energy.table: [asic-45nm, fpga-28nm]
  pe.count: [4, 8]
  clock_mhz: [100, 200, 400]
  activation_buffer.size_kbit: [512, 1024]
"""
TABLES = ("results.csv", "layers.csv")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_sweep(load_sweep(write_sweep(tmp_path, PRICED)))


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The points that are simulated, by number."""
    ran: list[int] = []
    count_task = tasks.count_task

    def noting(task: PointTask) -> PointCounts:
        ran.append(task.number)
        return count_task(task)

    monkeypatch.setattr(tasks, "count_task", noting)
    return ran


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def test_a_sweep_of_prices_and_clocks_simulates_each_machine_once(
    plan: Plan, simulated: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = run_sweep(plan, tmp_path / "shared").rows
    assert len(rows) == 24
    assert [rows[number]["pe.count"] for number in simulated] == [4, 8]
    assert len({row["energy_pj.total"] for row in rows}) > 12
    simulated.clear()
    monkeypatch.setattr(PointTask, "simulation", property(lambda task: str(task.number)))
    run_sweep(plan, tmp_path / "alone")
    assert simulated == list(range(24))
    assert tables(tmp_path / "shared") == tables(tmp_path / "alone")


def test_points_are_resumed_one_by_one(plan: Plan, simulated: list[int], tmp_path: Path) -> None:
    run_sweep(plan, tmp_path / "whole")
    run_sweep(plan, tmp_path / "out", 2)
    assert tables(tmp_path / "out") == tables(tmp_path / "whole")
    journal = tmp_path / "out" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:8]))
    done = {json.loads(line)["number"] for line in lines[1:8]}
    simulated.clear()
    run_sweep(plan, tmp_path / "out", resume=True)
    assert len(simulated) == 2
    assert not done & set(simulated)
    assert tables(tmp_path / "out") == tables(tmp_path / "whole")
    numbers = [json.loads(line)["number"] for line in journal.read_text().splitlines()[1:]]
    assert sorted(numbers) == list(range(24))


def test_batches_keep_points_of_one_simulation_together(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = stored_case(plan.subjects["tiny"], tmp_path)
    points = [
        PointTask(number, architecture(str(number), pe={"count": 4 + number % 3}), case)
        for number in range(9)
    ]

    def cut(most: int) -> list[list[int]]:
        return [[task.number for task in batch] for batch in batches_of(points, most)]

    assert cut(1) == cut(3) == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    assert cut(4) == [[0, 3, 6, 1, 4, 7], [2, 5, 8]]
    monkeypatch.setattr("o3sim.runs.dispatch.MOST_SHARING", 2)
    assert cut(1) == [[0, 3], [6], [1, 4], [7], [2, 5], [8]]
    alone = [PointTask(n, architecture(pe={"count": n + 1}), case) for n in range(5)]
    assert [len(batch) for batch in batches_of(alone, 2)] == [2, 2, 1]


SQUASHED = """\
name: squashed
architectures: [small]
workloads: [tiny.yaml]
images: {count: 2}
axes:
  pruning.squash_latency_cycles: [1, 4]
  dram.bits_per_cycle: [32, 64]
"""


def test_layers_that_no_axis_reaches_run_once_and_tables_do_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_sweep(load_sweep(write_sweep(tmp_path, SQUASHED)))
    store = LayerStore()
    monkeypatch.setattr(tasks, "_STORE", store)
    run_sweep(plan, tmp_path / "reused")
    assert 0 < store.found < store.asked
    asked = store.asked
    run_sweep(plan, tmp_path / "not-reused", reuses_layers=False)
    assert store.asked == asked
    assert tables(tmp_path / "reused") == tables(tmp_path / "not-reused")
