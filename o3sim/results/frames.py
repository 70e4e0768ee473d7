"""Rows of results as a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from o3sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # ships no types


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a DataFrame with a row for each row; columns in the order in which they first come up.

    Raises
    ------
    InputError
        If the extra ``frames`` is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise InputError("DataFrames need pandas: pip install 'o3sim[frames]'") from None
    return pandas.DataFrame(list(rows))
