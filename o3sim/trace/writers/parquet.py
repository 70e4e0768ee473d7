"""``parquet``: the events as a table for pandas, polars or duckdb. Needs the extra ``parquet``.

Columns ``cycle`` (int64), ``kind`` (text), ``op`` (int64), ``unit`` (text) and ``value`` (int64), one
row for each event, in canonical order.
"""

from __future__ import annotations

from typing import BinaryIO

from o3sim.contract.events import Event
from o3sim.trace.registry import import_extra
from o3sim.trace.writer import TracedLayer

arrow = import_extra("pyarrow", "parquet")
parquet = import_extra("pyarrow.parquet", "parquet")

BATCH_ROWS = 65_536
"""Events kept before they are written: one row group of the file."""

_TEXT = arrow.dictionary(arrow.int32(), arrow.string())
COLUMNS = {
    "cycle": arrow.int64(),
    "kind": _TEXT,
    "op": arrow.int64(),
    "unit": _TEXT,
    "value": arrow.int64(),
}


class ParquetWriter:
    """Write events in batches."""

    def __init__(self, stream: BinaryIO, layer: TracedLayer) -> None:
        about = {
            "o3sim.architecture": layer.architecture.name,
            "o3sim.workload": layer.workload,
            "o3sim.layer": layer.name,
        }
        self._schema = arrow.schema(COLUMNS, metadata=about)
        self._file = parquet.ParquetWriter(stream, self._schema, compression="zstd")
        self._rows: list[tuple[int, str, int, str, int]] = []

    def see(self, event: Event) -> None:
        """Take one event."""
        self._rows.append((event.cycle, event.kind.name.lower(), event.op, event.unit, event.value))
        if len(self._rows) == BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        """Write the last batch and the footer."""
        if self._rows:
            self._flush()
        self._file.close()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True)
        arrays = [arrow.array(column, kind) for column, kind in zip(columns, COLUMNS.values(), strict=True)]
        self._file.write_batch(arrow.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._rows.clear()


def make_writer(stream: BinaryIO, layer: TracedLayer) -> ParquetWriter:
    """Write a table of events."""
    return ParquetWriter(stream, layer)
