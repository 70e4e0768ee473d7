"""Cells of CSV files: no spreadsheet computes them, and they read back as they were."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.results.cells import guarded, unguarded
from o3sim.results.result_table import load_results
from o3sim.results.table import csv_text
from tests.report.plot.tables import RESULTS, write_tables

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "'=1", "''=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_a_formula(text: str) -> None:
    rows = [{text: text, "n": -5, "x": -0.5, "number": "-5"}]
    head, cells = csv.reader(io.StringIO(csv_text(rows), newline=""))
    assert head[0].startswith("'")
    assert cells == [f"'{text}", "-5", "-0.5", "-5"]


@given(st.text("='+-@\t\r 1a"))
def test_text_reads_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", FORMULAS[:4])
def test_a_table_is_read_without_the_guard(tmp_path: Path, text: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow([guarded(text)])
    table = load_results(write_tables(tmp_path, RESULTS.replace(",net,", f",{stream.getvalue()},")))
    assert set(table.cells("workload")) == {text}
