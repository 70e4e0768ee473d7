"""DataFrames: every column of a type, none of objects."""

from __future__ import annotations

from typing import Any

import pytest

from o3sim.results.frames import frame_of
from tests.sample_runs import result

pytest.importorskip("pandas", reason="needs the extra `frames`")


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([1.5, 2.0], "float64"),
        ([1, 2.5], "float64"),
        ([1.5, None], "float64"),
        ([None, None], "float64"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        (["a", ""], "string"),
        (["a", None], "string"),
        (["ideal", 128], "string"),
        ([True, 1], "string"),
        ([[1, 2], [3]], "string"),
    ],
)
def test_a_column_has_the_type_of_its_values(values: list[Any], dtype: str) -> None:
    column = frame_of([{"x": value} for value in values])["x"]
    assert column.dtype == dtype
    assert list(column.isna()) == [value is None for value in values]


def test_words_among_numbers_are_written_as_in_files() -> None:
    assert list(frame_of([{"x": "ideal"}, {"x": 0.1}, {"x": True}])["x"]) == ["ideal", "0.1", "true"]


def test_counts_are_exact_beside_points_that_failed() -> None:
    frame = frame_of([{"x": 2**53 + 1}, {}])
    assert int(frame["x"][0]) == 2**53 + 1


def test_columns_come_in_the_order_of_the_rows() -> None:
    assert list(frame_of([{"b": 1}, {"a": 2, "b": 3}]).columns) == ["b", "a"]
    assert frame_of([]).empty


def test_layers_of_a_run_are_typed() -> None:
    frame = result().to_frame()
    assert dict(frame.dtypes.astype(str).value_counts()).keys() == {"string", "int64", "float64", "bool"}
    assert frame.dtypes["layer"] == "string"
    assert frame.dtypes["energy_pj.total"] == "float64"
    assert frame.dtypes["pe_cycles.useful"] == "int64"
    assert list(frame["cycles"]) == [1000, 2000]
