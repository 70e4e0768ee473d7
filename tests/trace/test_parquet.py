"""The table of events, as pyarrow reads it."""

from __future__ import annotations

from io import BytesIO

import pytest

from o3sim.contract.events import Event, EventKind
from o3sim.trace.writers import parquet as writer
from tests.trace.samples import MACHINES, WINDOWS, log, written

table = pytest.importorskip("pyarrow.parquet")


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("machine", MACHINES)
def test_rows_are_the_events(machine: str, window: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BATCH_ROWS", 1000)
    read = table.read_table(BytesIO(written("parquet", machine, WINDOWS[window])))
    assert read.column_names == ["cycle", "kind", "op", "unit", "value"]
    rows = [
        Event(r["cycle"], EventKind[r["kind"].upper()], r["op"], r["unit"], r["value"])
        for r in read.to_pylist()
    ]
    assert rows == log(machine, WINDOWS[window]).events


def test_the_file_says_what_it_is_of() -> None:
    about = table.read_schema(BytesIO(written("parquet", "narrow", WINDOWS["all"]))).metadata
    assert about[b"o3sim.architecture"] == b"narrow"
    assert (about[b"o3sim.workload"], about[b"o3sim.layer"]) == (b"tiny", b"conv1")
