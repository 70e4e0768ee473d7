"""Controls in a sweep: each point's own, at every place of the axes, and no faster way to larger numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from o3sim.config.controls import control_of
from o3sim.errors import ConfigError
from o3sim.report.plot.table_speedup import table_speedups
from o3sim.results.result_table import load_results
from o3sim.runs import tasks
from o3sim.runs.point import PointCounts
from o3sim.runs.tasks import PointTask
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import Plan, plan_sweep, run_sweep
from tests.studies.sweep.samples import write_sweep

CONTROLLED = """\
name: controlled
architectures: [small]
workloads: [tiny.yaml]
controls: [dense, in-order]
axes:
  pe.count: [2, 4]
  scheduler.window_in_flight_ops: [1, 2]
"""


def planned(folder: Path, text: str = CONTROLLED) -> Plan:
    return plan_sweep(load_sweep(write_sweep(folder, text)))


def test_each_point_is_followed_by_its_own_controls(tmp_path: Path) -> None:
    points = planned(tmp_path).points
    assert [point.architecture.name for point in points[:3]] == ["small", "small-dense", "small-in-order"]
    assert len(points) == 12
    for machine, dense, in_order in zip(points[::3], points[1::3], points[2::3], strict=True):
        assert machine.axes == dense.axes == in_order.axes
        assert dense.architecture == control_of(machine.architecture, "dense")
        assert in_order.architecture == control_of(machine.architecture, "in-order")


def test_equal_controls_have_a_row_at_each_place_and_one_simulation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    count_task = tasks.count_task

    def noting(task: PointTask) -> PointCounts:
        ran.append(task.architecture.name)
        return count_task(task)

    monkeypatch.setattr(tasks, "count_task", noting)
    outcome = run_sweep(planned(tmp_path), tmp_path / "out")
    assert len(outcome.rows) == 12
    assert (ran.count("small"), ran.count("small-dense")) == (
        4,
        2,
    )  # no window has members in flight in dense


def test_speed_ups_are_over_the_control_of_the_same_size(tmp_path: Path) -> None:
    rows = run_sweep(planned(tmp_path), tmp_path / "out").rows
    table, speed_ups = table_speedups(load_results(tmp_path / "out"), "small-dense")
    latency = {
        (row["architecture"], row["pe.count"], row["scheduler.window_in_flight_ops"]): row for row in rows
    }
    shown = zip(table.rows, speed_ups, strict=True)
    ours = [(row, speed_up) for row, speed_up in shown if row["architecture"] == "small"]
    assert len(ours) == 4
    for row, speed_up in ours:
        place = int(row["pe.count"]), int(row["scheduler.window_in_flight_ops"])
        dense, small = latency["small-dense", *place], latency["small", *place]
        assert dense["peak_edges_per_cycle"] == small["peak_edges_per_cycle"]
        assert speed_up == pytest.approx(dense["latency_us"] / small["latency_us"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            ("[dense, in-order]", "[dens]"),
            r"sweep\.yaml:4:\d+: controls\[0\]: no control `dens` \(did you mean",
        ),
        (
            ("[dense, in-order]", "[dense, dense]"),
            r"controls\[1\]: a second architecture called `small-dense`",
        ),
        (
            ("[2, 4]", "[2, 65536]"),
            r"controls\[0\]: control dense: architecture small: .*\(at pe\.count=65536,",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, changed: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        planned(tmp_path, CONTROLLED.replace(*changed))
