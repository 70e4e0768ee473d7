"""Figures from the tables of a sweep."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.errors import InputError
from o3sim.report.plot.heatmap import heatmap_data
from o3sim.report.plot.pareto import pareto_data
from o3sim.report.plot.parts import draw_parts, energy_parts, pruning_parts
from o3sim.report.plot.series import draw_series, series_data
from o3sim.report.plot.table_speedup import table_speedup_data
from o3sim.results.result_table import ResultTable, load_results
from tests.report.plot.tables import RESULTS, write_tables

FIGURES = {
    "lines": ["--x", "pe.count", "--y", "cycles", "--by", "scheduler.policy"],
    "pareto": [],
    "heatmap": ["--x", "pe.count", "--y", "architecture"],
    "speedup": ["--over", "b", "--x", "pe.count"],
    "energy": [],
    "pruning": [],
}


@pytest.fixture
def table(tmp_path: Path) -> ResultTable:
    return load_results(write_tables(tmp_path))


def test_a_line_for_each_architecture_in_order_of_the_axis(table: ResultTable) -> None:
    data = series_data(table, "pe.count", "cycles", [])
    assert data.places == (16, 32, 64)
    assert {series.label: list(series.y.values()) for series in data.series} == {
        "a": [400, 200, 180],
        "b": [800, 600, 300],
    }


def test_an_expression_over_columns_is_a_figure(table: ResultTable) -> None:
    data = series_data(
        table.only(["architecture=a"]), "pe.count", "on chip: energy_pj.total - energy_pj.dram", []
    )
    assert data.y_name == "on chip"
    assert list(data.series[0].y.values()) == [15, 18, 30]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("cycles / 0", "division by zero"),
        ("cycles / nothing", "no column `nothing`"),
        ("cylces", "did you mean `cycles`"),
        ("cycles +", "is not an expression"),
        ("2 * architecture", "the word `a` is not a number"),
    ],
)
def test_an_expression_without_a_value_says_why(table: ResultTable, wrong: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        table.numbers(wrong)


def test_a_ratio_is_of_any_column(table: ResultTable) -> None:
    data = table_speedup_data(table, "pe.count", "b", [], "energy_pj.total - energy_pj.dram")
    assert data.series[0].y == pytest.approx({16: 13 / 15, 32: 16 / 18, 64: 40 / 30})
    assert data.y_name == "times less energy_pj.total - energy_pj.dram than b"


def test_figures_beside_each_other_share_their_lines(table: ResultTable) -> None:
    panels = [series_data(table, "pe.count", key, []) for key in ("cycles", "latency_us")]
    figure = draw_series(*panels, log_y=True)
    assert [axes.get_ylabel() for axes in figure.axes] == ["cycles", "latency of an image (µs)"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}


def test_a_figure_of_an_expression_needs_a_name(tmp_path: Path) -> None:
    write_tables(tmp_path)
    done = CliRunner().invoke(app, ["plot", str(tmp_path), "--x", "pe.count", "--y", "cycles / images"])
    assert isinstance(done.exception, InputError)
    assert "--output FILE" in str(done.exception)


def test_points_that_fall_on_one_place_are_refused_with_what_differs(table: ResultTable) -> None:
    with pytest.raises(InputError, match=r"pe.count differ too; tell them apart by --by pe.count"):
        series_data(table, "architecture", "cycles", [])


def test_the_front_leaves_out_what_is_beaten_in_both(table: ResultTable) -> None:
    data = pareto_data(table, "energy_pj_per_image", "cycles_per_image", [])
    assert [table.rows[number]["point"] for number in data.front] == ["3", "0", "1", "2"]
    assert data.knee_label == "a, PE count 32"


def test_a_map_has_a_cell_for_each_point(table: ResultTable) -> None:
    data = heatmap_data(table, "pe.count", "architecture", "cycles")
    assert data.rows == ("a", "b")
    assert data.values.tolist() == [[400, 200, 180], [800, 600, 300]]
    with pytest.raises(InputError, match="several points fall on"):
        heatmap_data(table, "pe.count", "workload", "cycles")


@pytest.mark.parametrize("over", ["b", "architecture=b"])
def test_speed_up_is_over_the_point_that_differs_in_one_key(table: ResultTable, over: str) -> None:
    data = table_speedup_data(table, "pe.count", over, [])
    assert data.series[0].y == pytest.approx({16: 2, 32: 3, 64: 1.5 / 0.9})
    assert data.level == 1


def test_a_point_without_a_baseline_is_refused(table: ResultTable) -> None:
    with pytest.raises(InputError, match=r"architecture=b to compare that of workload=net, pe\.count=32"):
        table_speedup_data(ResultTable(table.path, table.columns, table.rows[:4], 0), "pe.count", "b", [])


def test_energy_is_split_by_unit_for_an_image(table: ResultTable) -> None:
    data = energy_parts(table.only(["architecture=a"]), [])
    assert data.groups == ("16", "32", "64")
    assert data.x_name == "PE count"
    assert data.parts["dram"][:, 0].tolist() == [0.0025, 0.003, 0.005]


def test_pruning_is_split_by_layer(table: ResultTable) -> None:
    data = pruning_parts(table.only(["pe.count=64"]), [])
    assert data.groups == ("conv1", "conv2")
    assert data.bars == ("a", "b")
    assert data.parts["threshold"].tolist() == [[2, 5], [0, 0]]
    assert data.parts["pooling"].tolist() == [[10, 10], [25, 25]]


def test_bars_that_are_called_the_same_are_refused(table: ResultTable) -> None:
    with pytest.raises(InputError, match="several points are called the same"):
        pruning_parts(table, [])


def test_layers_of_other_points_are_not_drawn(tmp_path: Path) -> None:
    folder = write_tables(tmp_path)
    header = (folder / "layers.csv").read_text().splitlines()[0]
    (folder / "layers.csv").write_text(f"{header}\n99,a,net,conv1,100,1,10\n")
    with pytest.raises(InputError, match=r"layers\.csv: has no layers of these points"):
        pruning_parts(load_results(folder), [])


def test_energy_of_nothing_is_drawn_without_a_legend(tmp_path: Path) -> None:
    costs_nothing = re.sub(r"[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,(in_order|out)", r"0.0,0.0,0.0,0.0,\1", RESULTS)
    data = energy_parts(load_results(write_tables(tmp_path, costs_nothing)), ["pe.count", "architecture"])
    assert data.parts == {}
    assert draw_parts(data).legends == []


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_the_same_file_every_time(tmp_path: Path, figure: str) -> None:
    write_tables(tmp_path)
    options = FIGURES[figure] + (["--where", "pe.count=64"] if figure == "pruning" else [])
    found = []
    for name in ("one", "two"):
        target = tmp_path / f"{name}.svg"
        done = CliRunner().invoke(app, ["plot", figure, str(tmp_path), *options, "-o", str(target)])
        assert done.exit_code == 0, done.output
        found.append(target.read_bytes())
    assert found[0] == found[1]
    assert len(found[0]) > 1000


def test_a_folder_without_a_figure_is_drawn_as_lines(tmp_path: Path) -> None:
    write_tables(tmp_path)
    done = CliRunner().invoke(
        app, ["plot", str(tmp_path), "--x", "pe.count", "--y", "cycles", "--by", "scheduler.policy"]
    )
    assert done.exit_code == 0, done.output
    assert Path(done.output.strip()).read_bytes().startswith(b"\x89PNG")


def test_neither_a_figure_nor_a_folder_is_refused_by_name() -> None:
    done = CliRunner().invoke(app, ["plot", "heatmpa"])
    assert isinstance(done.exception, InputError)
    assert "did you mean `heatmap`?" in str(done.exception)
