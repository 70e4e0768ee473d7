"""Rows of results as a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from o3sim.errors import InputError
from o3sim.results.cells import kinds_of, text_of

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # ships no types


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a DataFrame with a row for each row; columns in the order in which they first come up.

    Every column has a type: int64, float64, bool or string; Int64 and boolean where values are absent
    (points that failed), float64 where all are. Words among numbers (``ideal`` among bank counts)
    make a column of strings, as in the files.

    Raises
    ------
    InputError
        If the extra ``frames`` is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise InputError("DataFrames need pandas: pip install 'o3sim[frames]'") from None
    names = dict.fromkeys(name for row in rows for name in row)
    return pandas.DataFrame({name: _column(pandas, [row.get(name) for row in rows]) for name in names})


def _column(pandas: Any, values: list[Any]) -> pd.Series:
    kinds, absent = kinds_of(values), None in values
    if kinds == {int}:
        return pandas.Series(values, dtype="Int64" if absent else "int64")
    if kinds == {bool}:
        return pandas.Series(values, dtype="boolean" if absent else "bool")
    if kinds <= {int, float}:
        return pandas.Series(values, dtype="float64")
    return pandas.Series([None if value is None else text_of(value) for value in values], dtype="string")
