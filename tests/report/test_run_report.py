"""The report: complete, aligned, and readable in 100 columns without a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import fields, replace

import pytest
from rich.console import Console

from o3sim.contract.counters import PeCycles
from o3sim.report.console import WIDTH_COLUMNS, make_console
from o3sim.report.numbers import grouped, percent, ratio, significant
from o3sim.report.run import FAMILIES, compare_table, layer_table, print_run
from o3sim.results.result import compare
from tests.sample_runs import result


def written(scale: int = 1, compared: bool = True) -> str:
    stream = io.StringIO()
    main = result(scale=scale)
    others = [compare(main, result(name, scale=2 * scale)) for name in ("dense", "in-order-interleaved")]
    print_run(make_console(stream), main, others if compared else ())
    return stream.getvalue()


@pytest.mark.parametrize("scale", [1, 10_000])
def test_piped_output_is_plain_and_fits(scale: int) -> None:
    text = written(scale)
    assert "\x1b" not in text
    assert "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= WIDTH_COLUMNS


def test_numbers_are_whole() -> None:
    lines = written(10_000).splitlines()
    row = next(line for line in lines if line.split()[:1] == ["conv1"])
    assert "5,000,000" in row.split()
    assert len(row.split()) == 13


def test_says_what_was_run_and_that_it_is_exact() -> None:
    text = written()
    assert text.startswith("o3bnn on fashion-vgg, 2 images")
    assert "\noutputs exact: yes\n" in text
    assert re.search(r"accuracy +50\.0 % \(1 of 2\)", text)
    assert re.search(r"classes +9, 3", text)
    assert re.search(r"latency +7\.5 us at 200 MHz", text)
    assert "asic-45nm" in text


def test_columns_of_pe_cycles_sum_to_100() -> None:
    row = next(line for line in written().splitlines() if line.split()[:1] == ["all"])
    assert sum(float(cell) for cell in row.split()[2:9]) == pytest.approx(100, abs=0.4)


def test_every_cause_is_of_a_family_that_has_a_column() -> None:
    families = [item.metadata["family"] for item in fields(PeCycles)]
    assert set(families) == set(FAMILIES)


def test_compare_table_has_a_row_for_each() -> None:
    text = written()
    row = next(line for line in text.splitlines() if line.startswith(" in-order-interleaved"))
    cells = row.split()
    assert cells[3] == "2.00"
    assert cells[-1] == "2.00"
    assert "compared" not in written(compared=False)


def test_markup_in_names_is_text() -> None:
    stream = io.StringIO()
    make_console(stream).print("[bold]x[/bold] :smile:")
    assert stream.getvalue() == "[bold]x[/bold] :smile:\n"


def test_narrow_terminal_keeps_the_width() -> None:
    main = result()
    for table in (layer_table(main), compare_table(main, [])):
        stream = io.StringIO()
        console = Console(file=stream, width=WIDTH_COLUMNS)
        console.print(table)
        assert "…" not in stream.getvalue()


def test_numbers() -> None:
    assert percent(1) == "100.0"
    assert grouped(0.4) == "0"
    assert significant(0) == "0"
    assert significant(999.96) == "1000"
    assert ratio(0.333) == "0.33"


def test_the_size_of_a_line_buffer_is_reported_where_there_is_one() -> None:
    buffered = replace(result(), storage_kbit=replace(result().storage_kbit, line_buffer=7.5))
    stream = io.StringIO()
    print_run(make_console(stream), buffered)
    assert re.search(r"line buffer +7\.5 kbit", stream.getvalue())
    assert "line buffer " not in written(compared=False).replace("line_buffer", "")
