"""The study of all ways to dispatch: its machines, its ratios, and its page."""

from __future__ import annotations

from dataclasses import fields

import pytest

from o3sim.config.load import load_architecture
from o3sim.network.load import load_network, load_workload
from o3sim.runs.case import load_case
from scripts.benchmarks.study import FIGURES, ROOT
from scripts.benchmarks.ways_to_dispatch import (
    BALANCED,
    DENSE,
    SHIPPED,
    WAYS,
    Sizes,
    machine_of,
    settings,
)
from scripts.benchmarks.without_a_queue import (
    Figures,
    Row,
    main,
    points_of,
    print_shipped,
    print_varied,
    run,
)

PAGE = (ROOT / FIGURES / "without-a-queue.md").read_text()


@pytest.mark.parametrize("name", WAYS)
def test_as_shipped_a_way_is_the_shipped_machine_but_for_what_it_states(name: str) -> None:
    way = WAYS[name]
    assert machine_of(name) == load_architecture(way.machine).with_(way.changes)


def test_everything_varied_is_a_machine_of_its_own() -> None:
    network = load_network(load_workload("fashion-vgg"))
    points = points_of(network, [SHIPPED, *settings()])
    assert len({point[:3] for point in points}) == len({machine for *_, machine in points}) == len(points)


def test_a_network_without_measured_work_runs_without_the_balanced_machine() -> None:
    network = load_network(load_workload("fashion-vgg"))
    assert [way for _, _, way, _ in points_of(network, [SHIPPED])] == [way for way in WAYS if way != BALANCED]


def test_what_feeds_the_pes_grows_with_them_and_the_queue_with_the_latency() -> None:
    queued = machine_of("central, out of order", Sizes(pes=128, width=16, latency=4, contexts=4))
    assert (queued.issue_queue.depth_ops, queued.scheduler.issue_width_ops) == (2048, 64)
    assert queued.weight_buffer.banks == queued.activation_buffer.banks == 256
    dense = machine_of(DENSE, Sizes(latency=4, contexts=4))
    assert dense.sequencer.width_ops == dense.scheduler.issue_width_ops == 256
    group = machine_of("group + patch", Sizes(pes=32, width=64, contexts=2))
    assert (group.scheduler.groups, group.activation_buffer.banks, group.pe.pick) == (4, 1, "barrel")


def figures(cycles: int, chip_uj: float) -> Figures:
    rest = {field.name: 1.0 for field in fields(Figures)}
    return Figures(**{**rest, "cycles": cycles, "chip_uj": chip_uj})  # type: ignore[arg-type]


def test_ratios_are_of_the_images_that_both_ran(capsys: pytest.CaptureFixture[str]) -> None:
    dense = Row("t", "as shipped", DENSE, [figures(100, 8.0), figures(200, 8.0)])
    window = Row("t", "as shipped", "window", [figures(50, 4.0), figures(80, 16.0)])
    assert window.ratios(dense, "cycles") == [2.0, 2.5]
    assert window.over(dense, "cycles") == pytest.approx(300 / 130)
    print_shipped("made-up", [dense, window])
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| window"))
    assert [cell.strip() for cell in row.split("|")][2:6] == ["65", "2.308", "2.00", "2.50"]
    varied = Row("banks", "64", "window", [figures(200, 16.0)])
    print_varied([varied], [dense, window])
    assert capsys.readouterr().out.splitlines()[-1] == "| window | 2.00 / 2.00 | 0.50 / 0.50 |"


def test_the_page_has_its_command_and_every_way() -> None:
    assert "sh scripts/without-a-queue" in PAGE
    assert all(f"| {way} |" in PAGE for way in WAYS)
    assert "(without-a-queue.md)" in (ROOT / FIGURES / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["central, in order", "window"])
def test_a_row_of_the_page_is_what_its_command_prints(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    case = load_case("fashion-vgg", None, 20)
    points = [point for point in points_of(case.network, [SHIPPED]) if point[2] in (DENSE, way)]
    print_shipped("fashion-vgg", run(case, points, 20))
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"| {way} |")]
    assert rows[0] in PAGE  # the other is of its energy


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch"], "error: no workload `nosuch`"),
        (["--images", "0"], "--images: expected at least 1"),
        (["--images", "2", "--varied", "3"], "--varied: expected 0 to --images"),
        (["--csv", "nosuch/table.csv"], "--csv nosuch/table.csv: expected a file in a folder that is there"),
    ],
)
def test_what_cannot_be_compared_is_one_error(
    arguments: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["without-a-queue", *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert says in capsys.readouterr().err.splitlines()[-1]
