"""The tables of a sweep: their columns, and CSV files with the same bytes for the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from o3sim.errors import InputError
from o3sim.files import open_atomic
from o3sim.results.cells import guarded, kinds_of, text_of
from o3sim.results.columns import (
    AGREEMENT,
    BY_AREA,
    PIPELINE_NUMBERS,
    RESIDENT_NUMBERS,
    SLOWEST_STAGE,
    SOME_COLUMNS,
    measure_columns,
)
from o3sim.results.result import RunResult


def result_columns(result: RunResult) -> dict[str, Any]:
    """Return a run's totals by column; what only some machines have comes last."""
    columns = {
        "images": result.images,
        "accuracy": result.accuracy,
        "synthetic": "+".join(result.synthetic),
        **({"float_ends": "+".join(result.float_ends)} if result.float_ends else {}),
    } | measure_columns(result)
    for name in BY_AREA:
        columns[name] = None if result.area is None else getattr(result.area, name.removeprefix("area."))
    if result.agreement is not None:
        columns[AGREEMENT] = result.agreement
    if result.pipeline is not None:
        columns |= {
            name: getattr(result.pipeline, name.removeprefix("pipeline."))
            for name in (*PIPELINE_NUMBERS, SLOWEST_STAGE)
        }
    if result.resident is not None:
        columns |= {
            name: getattr(result.resident, name.removeprefix("resident.")) for name in RESIDENT_NUMBERS
        }
    return columns


def layer_rows(result: RunResult) -> list[dict[str, Any]]:
    """Return a row for each layer; those of a pipeline have the figures of its stage last."""
    rows = [{"layer": layer.name, **measure_columns(layer)} for layer in result.layers]
    if result.pipeline is not None:
        for row, stage in zip(rows, result.pipeline.stages, strict=True):
            figures = {name: value for name, value in asdict(stage).items() if name != "name"}
            row |= {f"stage.{name}": value for name, value in figures.items()}
    return rows


def last_columns_apart(columns: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the columns that every row has from those that only some have, which stand behind all others."""
    some = {name: value for name, value in columns.items() if name in SOME_COLUMNS}
    return {name: value for name, value in columns.items() if name not in some}, some


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows as CSV: columns in the order in which they first come up, nothing for None.

    Floats are written as their shortest exact form, switches as true and false, text that a spreadsheet
    would take for a formula behind an apostrophe.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(guarded, columns))
    writer.writerows([_csv_cell(row.get(name)) for name in columns] for row in rows)
    return buffer.getvalue()


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as a Parquet file, whole or not at all.

    Raises
    ------
    InputError
        If the extra ``parquet`` is not installed, or the file cannot be written.
    """
    try:
        import pyarrow as pa  # type: ignore[import-untyped]  # ships no types
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # ships no types
    except ImportError:
        raise InputError("Parquet tables need pyarrow: pip install 'o3sim[parquet]'") from None
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.table({name: pa.array(_uniform([row.get(name) for row in rows])) for name in columns})
    with open_atomic(path) as stream:
        pq.write_table(table, stream, compression="zstd")


def _uniform(values: list[Any]) -> list[Any]:
    """Make text of a column that mixes words and numbers, such as ``ideal`` among bank counts."""
    kinds = kinds_of(values)
    if len(kinds) > 1 and not kinds <= {int, float}:
        return [None if value is None else text_of(value) for value in values]
    return values


def _csv_cell(value: Any) -> str:
    return guarded(value) if isinstance(value, str) else text_of(value)
