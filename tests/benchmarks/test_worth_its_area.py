"""The study of what is worth its area: its space, its choice, its page."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from o3sim.errors import InputError
from o3sim.network.load import load_network, load_workload
from o3sim.runs.case import load_case
from scripts.benchmarks import worth_choice
from scripts.benchmarks.study import FIGURES, ROOT
from scripts.benchmarks.worth_choice import (
    Cost,
    Kept,
    Runs,
    best_of,
    edges_of,
    front_of,
    least_cycles,
    try_all,
)
from scripts.benchmarks.worth_figure import FRONTS, load_fronts
from scripts.benchmarks.worth_machines import (
    SHIPPED,
    Level,
    Point,
    blocks_of,
    combinations,
    keys_of,
    largest_kbit,
    levels_of,
    load_space,
    points_of,
)

PAGE = (ROOT / FIGURES / "worth-its-area.md").read_text()
NETWORK = load_network(load_workload("fashion-vgg"))


def space_of(way: str, **values: list[Any]) -> dict[str, Any]:
    space = load_space()
    space["ways"] = {way: {**space["ways"][way], **values}}
    return {**space, "width_edges": [128], "contexts": [1]}


def points() -> list[Point]:
    values = {"pes": [8, 64], "begun_a_cycle": [0.25], "activation_banks": [4]}
    return list(points_of(space_of("dense", **values), "dense", [NETWORK]))


def test_levels_leave_a_share_of_their_chip_and_ascend() -> None:
    levels = levels_of(load_space())
    assert levels[2] == Level("a ZC706", int(0.85 * 218_600), 545)
    assert [level.lut for level in levels] == sorted(level.lut for level in levels)


@pytest.mark.parametrize("way", load_space()["ways"])
def test_every_value_of_a_way_changes_some_machine(way: str) -> None:
    space = load_space()
    made = [(values, keys_of(way, values)) for values in combinations(space, way)]
    for name in space["ways"][way]:
        if name == "machine":
            continue
        for value in space["ways"][way][name]:
            assert any(keys and values[name] == value for values, keys in made), (name, value)


def test_the_weight_buffer_is_the_largest_that_its_chip_has_blocks_for() -> None:
    kbit = largest_kbit(96, 24, 128)
    assert blocks_of(kbit, 24, 128) <= 96 < blocks_of(kbit + 1, 24, 128)
    assert all(point.bram36 <= 545 for point in points())


def test_the_shipped_machine_is_tried_too_and_comes_last() -> None:
    made = points()
    assert [point.label == SHIPPED for point in made] == [False, False, True]
    assert made[-1].machine.pe.count == 128


def test_of_values_that_do_not_go_together_there_is_no_machine() -> None:
    few = {"width": 128, "contexts": 1, "pes": 64, "ops_a_cycle": 0.5, "queue_ops": 2, "activation_banks": 8}
    assert keys_of("central queue", few) is None


def with_costs(tmp_path: Path, cycles: list[int]) -> tuple[list[Point], Runs]:
    made = [replace_lut(point, lut) for point, lut in zip(points(), (100, 200, 300), strict=True)]
    runs = Runs(Kept(tmp_path / "runs.jsonl"), load_case("fashion-vgg", None, 1))
    for point, cycle in zip(made, cycles, strict=True):
        runs.done[runs.key(point)] = Cost((cycle,), (1.0,))
    return made, runs


def replace_lut(point: Point, lut: int) -> Point:
    return point._replace(lut=lut)


def test_the_front_is_what_no_smaller_machine_beats(tmp_path: Path) -> None:
    made, runs = with_costs(tmp_path, [50, 60, 40])
    assert [point.lut for point in front_of(made, runs)] == [100, 300]


def test_the_best_fits_the_level_and_of_equals_is_the_smallest(tmp_path: Path) -> None:
    made, runs = with_costs(tmp_path, [50, 50, 40])
    assert best_of(made, runs, Level("small", 250, 545)) == made[0]
    assert best_of(made, runs, Level("large", 300, 545)) == made[2]
    assert best_of(made, runs, Level("nothing", 50, 545)) is None


@pytest.mark.parametrize("spared", [True, False])
def test_what_cannot_beat_a_smaller_machine_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spared: bool
) -> None:
    monkeypatch.setattr(worth_choice, "AT_ONCE", 1)
    made, runs = with_costs(tmp_path, [1, 1, 1])
    slow, fast = made[0]._replace(lut=250), made[1]
    least = int(least_cycles(slow, edges_of(NETWORK)))
    runs.done = {runs.key(fast): Cost((least - 1 if spared else least + 1,), (1.0,))}
    try_all([fast, slow], runs)
    assert (runs.cost(slow) is None) == spared


def test_runs_are_kept_and_not_done_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "runs.jsonl")
    kept.add("a", Cost((5,), (2.5,)))
    assert kept.load() == {"a": Cost((5,), (2.5,))}
    with kept.file.open("a") as opened:
        opened.write('{"run": "b", "cyc\n')
    with pytest.raises(InputError, match=r"runs.jsonl:2: damaged"):
        kept.load()


def test_the_page_has_its_command_its_figure_and_its_place() -> None:
    assert "sh scripts/worth-its-area" in PAGE
    assert "](worth-its-area.png)" in PAGE
    assert (ROOT / FIGURES / "worth-its-area.png").is_file()
    assert "(worth-its-area.md)" in (ROOT / FIGURES / "README.md").read_text()


def test_fronts_descend() -> None:
    for ways in load_fronts(FRONTS).values():
        assert set(ways) == set(load_space()["ways"])
        for front in ways.values():
            assert [cycles for _, cycles in front] == sorted({cycles for _, cycles in front}, reverse=True)


def test_a_row_of_the_page_is_what_its_machine_takes(tmp_path: Path) -> None:
    """Dense on fashion-vgg at a quarter of a ZC706, from the sizes that the front has."""
    level = levels_of(load_space())[0]
    with FRONTS.open(newline="") as opened:
        rows = [
            row
            for row in csv.DictReader(opened)
            if (row["network"], row["way"]) == ("fashion-vgg", "dense") and int(row["lut"]) <= level.lut
        ]
    values = {name: [float(value)] for name, value in map(str.split, rows[-1]["sizes"].split(", "))}
    whole = {
        name: [int(number) if number >= 1 else number for number in found] for name, found in values.items()
    }
    space = {**space_of("dense", **whole), "width_edges": whole["width"], "contexts": whole["contexts"]}
    networks = [load_network(load_workload(name)) for name in ("cnv", "fashion-vgg", "cifar-vgg-bn-pool")]
    machine = next(points_of(space, "dense", networks))
    runs = Runs(Kept(tmp_path / "runs.jsonl"), load_case("fashion-vgg", None, 20))
    runs.run([machine])
    cost = runs.cost(machine)
    assert cost is not None
    pe = machine.machine.pe
    sizes = f"dense | {pe.count} x {pe.width_edges} | {pe.contexts} | {machine.lut:,}"
    assert f"| {level.name} | {sizes} | {fmean(cost.cycles):,.0f} |" in PAGE
