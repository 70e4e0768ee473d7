"""Tables of a sweep, read back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from o3sim.errors import InputError
from o3sim.results import result_table
from o3sim.results.result_table import load_layers, load_results
from tests.report.plot.tables import RESULTS, write_tables


def test_a_column_is_found_by_its_key_varied_or_not(tmp_path: Path) -> None:
    table = load_results(write_tables(tmp_path))
    assert table.axes == ("pe.count", "pe.latency_cycles")
    assert table.numbers("pe.count") == [16, 32, 64, 16, 32, 64]
    assert table.cells("scheduler.policy") == ["in_order"] * 3 + ["out_of_order"] * 3
    assert table.failed == 1
    assert table.varied() == ["architecture", "pe.count"]


@pytest.mark.parametrize(
    ("key", "says"), [("pe.coun", "did you mean `pe.count`"), ("architecture", "`a` in it: not a number")]
)
def test_a_column_that_cannot_be_drawn_is_refused(tmp_path: Path, key: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        load_results(write_tables(tmp_path)).numbers(key)


def test_conditions_keep_rows_and_compare_numbers_as_numbers(tmp_path: Path) -> None:
    table = load_results(write_tables(tmp_path))
    assert [row["point"] for row in table.only(["pe.count=16.0", "scheduler.policy=in_order"]).rows] == ["0"]
    with pytest.raises(InputError, match=r"no such point; pe\.count is 16, 32, 64"):
        table.only(["pe.count=8"])
    with pytest.raises(InputError, match="expected KEY=VALUE"):
        table.only(["pe.count"])


def test_layers_come_with_what_their_points_are(tmp_path: Path) -> None:
    table = load_results(write_tables(tmp_path)).only(["pe.count=64"])
    layers = load_layers(table)
    assert [(row["point"], row["layer"], row["arch.scheduler.policy"]) for row in layers] == [
        ("2", "conv1", "in_order"),
        ("2", "conv2", "in_order"),
        ("5", "conv1", "out_of_order"),
        ("5", "conv2", "out_of_order"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no table of `o3sim sweep`"),
        ("a,b\n1,2\n", "no table of `o3sim sweep`"),
        (RESULTS + "7,a\n", "results.csv:9: 2 cells, not 16"),
        (RESULTS.splitlines()[0] + "\n", "none of its 0 points ran"),
        ('point,status\n"1', "cannot be read"),
    ],
)
def test_a_damaged_table_is_one_error(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        load_results(write_tables(tmp_path, text))


def test_a_folder_without_a_table_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"o3sim sweep SWEEP\.yaml"):
        load_results(tmp_path)


@pytest.mark.parametrize("cell", ["nan", "inf", "-1e999"])
def test_what_is_no_finite_number_is_a_word(tmp_path: Path, cell: str) -> None:
    head, first, *rest = RESULTS.splitlines()
    name = head.split(",")[-1]
    text = "\n".join([head, ",".join([*first.split(",")[:-1], cell]), *rest]) + "\n"
    with pytest.raises(InputError, match=f"column `{name}` has `{cell}` in it: not a number"):
        load_results(write_tables(tmp_path, text)).numbers(name)


@pytest.mark.parametrize("text", ["'a' if pe.count else 1", "pe.count * 1" + "0" * 400, "1e308 * 10"])
def test_an_expression_that_comes_to_no_number(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"comes to what is no number|too large"):
        load_results(write_tables(tmp_path)).numbers(text)


def test_a_number_is_the_same_in_every_row(tmp_path: Path) -> None:
    assert load_results(write_tables(tmp_path)).numbers("1 + 1") == [2.0] * 6


def test_a_table_is_a_file_of_a_size_that_tables_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tables(tmp_path)
    monkeypatch.setattr(result_table, "MOST_TABLE_BYTES", 100)
    with pytest.raises(InputError, match=r"results\.csv: has .* bytes; at most 100 are read"):
        load_results(folder)
    (folder / "results.csv").unlink()
    os.mkfifo(folder / "results.csv")
    with pytest.raises(InputError, match=r"results\.csv: cannot be read: is a pipe"):
        load_results(folder)
