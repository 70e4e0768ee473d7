"""Boards: predictions near what was measured, rows with their sources, units by their closed forms."""

from __future__ import annotations

import json

import pytest

from o3sim.checks.boards.predict import Prediction, predictions
from o3sim.checks.boards.report import NEAR, to_json
from o3sim.checks.boards.rows import load_boards


@pytest.fixture(scope="module")
def found() -> list[Prediction]:
    return predictions()


def test_most_rows_with_a_folding_are_near_and_most_of_them_unfitted(found: list[Prediction]) -> None:
    near = [each for each in found if each.error is not None and abs(each.error) <= NEAR]
    assert len(near) >= 7
    assert sum(each.row.fitted == "no" for each in near) >= 5


def test_what_is_not_near_says_that_its_cause_is_not_known(found: list[Prediction]) -> None:
    for each in found:
        if each.error is not None and abs(each.error) > NEAR:
            assert "not known" in each.row.note
        if each.predicted is None:
            assert not each.row.folding


def test_the_simulated_rate_is_that_of_the_slowest_unit(found: list[Prediction]) -> None:
    for each in found:
        if each.predicted is not None and each.row.unit == "images/s":
            assert each.row.clock_mhz is not None
            assert each.predicted == pytest.approx(1e6 * each.row.clock_mhz / each.bound_cycles)


def test_foldings_have_a_unit_for_each_layer_and_are_all_used() -> None:
    boards = load_boards()
    assert {row.folding for row in boards.rows} - {""} == set(boards.foldings)
    for folding in boards.foldings.values():
        lengths = {
            len(sizes) for sizes in (folding.pe, folding.simd, folding.windows, folding.pools) if sizes
        }
        assert len(lengths) == 1


def test_the_document_has_every_row(found: list[Prediction]) -> None:
    rows = json.loads(to_json(found))["rows"]
    assert [row["measured"] for row in rows] == [each.row.measured for each in found]
    assert rows[0]["source"].startswith("Xilinx/BNN-PYNQ")
