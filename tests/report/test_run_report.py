"""The report: complete, aligned, and readable in 80 columns without a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import fields, replace

import pytest
from rich.console import Console

from o3sim.contract.counters import PeCycles
from o3sim.report.compare import compare_table, peak_note, wide_table
from o3sim.report.console import WIDE_COLUMNS, WIDTH_COLUMNS, make_console, print_note
from o3sim.report.numbers import grouped, percent, ratio, significant
from o3sim.report.run import FAMILIES, layer_table, print_run, short_layer_table
from o3sim.results.comparison import Comparison, compare
from tests.sample_runs import result, sampled_result, with_area


def written(scale: int = 1, compared: bool = True, wide: bool = True) -> str:
    stream = io.StringIO()
    main = with_area(result(scale=scale))
    beside = (with_area(result(name, scale=2 * scale)) for name in ("dense", "in-order-interleaved"))
    others = [compare(main, each) for each in beside]
    print_run(make_console(stream, wide), main, others if compared else (), wide)
    return stream.getvalue()


def small_beside(name: str, count: int = 16) -> Comparison:
    """A machine of 16 PEs beside the sample's 64."""
    other = result(name)
    pe = {**other.configuration["pe"], "count": count}
    return compare(result(), replace(other, configuration={**other.configuration, "pe": pe}))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("scale", [1, 10_000])
def test_piped_output_is_plain_and_fits(scale: int, wide: bool) -> None:
    text = written(scale, wide=wide)
    assert "\x1b" not in text
    assert "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= (WIDE_COLUMNS if wide else WIDTH_COLUMNS)


def test_notes_are_wrapped_once() -> None:
    stream = io.StringIO()
    note = "word " * 30
    print_note(make_console(stream), note)
    lines = stream.getvalue().splitlines()
    assert [len(line) for line in lines] == [79, 69]


def test_fewer_columns_say_the_same_in_sum() -> None:
    short, wide = short_layer_table(result()), layer_table(result())
    rows = [
        [float(str(list(column.cells)[-1]).replace(",", "")) for column in table.columns[2:]]
        for table in (short, wide)
    ]
    useful, waste, stalled, starved, drain, pruned = rows[0][:6]
    of_wide = rows[1]
    assert (useful, waste, drain) == (of_wide[0], of_wide[1], of_wide[6])
    assert stalled == pytest.approx(of_wide[2] + of_wide[5], abs=0.11)
    assert starved == pytest.approx(of_wide[3] + of_wide[4], abs=0.11)
    assert pruned == pytest.approx(of_wide[7] + of_wide[8], abs=0.11)


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
    text = written(wide=False)
    (row,) = (line for line in text.splitlines() if line.startswith(" in-order-interleaved"))
    _, latency_us, *cells = row.split()
    assert latency_us == "15"
    chip_nj = result(scale=2).on_chip_pj / 2 / 1000
    area = ["1.5", "44,444"]  # 66,667 images a second
    assert cells == ["2.00", "2.00", "2.00", f"{chip_nj:.4g}", "2.00", *area]
    (row, _) = (line for line in written().splitlines() if line.startswith(" in-order-interleaved"))
    assert row.split()[2:] == [*cells[:-2], "2.00", "2.00", *area]
    assert "compared" not in written(compared=False)


def test_the_rest_of_a_comparison_is_in_a_table_of_its_own() -> None:
    rows = [line.split() for line in written().splitlines() if line.startswith(" in-order-interleaved")]
    assert len(rows) == 2
    assert (rows[1][1], rows[1][-1]) == ("3,000", "2.00")


def test_one_image_has_no_spread() -> None:
    main = replace(result(), images=1, per_image=result().per_image[:1])
    shown = [column.header for column in compare_table(main, [compare(main, main)]).columns]
    assert shown == [
        "architecture", "latency\nus", "speed-\nup", "chip\nnJ", "chip\nratio", "kLUT", "im./s\n/kLUT",
    ]  # fmt: skip


def test_a_comparison_of_different_peaks_says_so() -> None:
    stream = io.StringIO()
    print_run(
        make_console(stream), result(), [small_beside("dense"), small_beside("mine"), small_beside("a", 64)]
    )
    text = stream.getvalue()
    words = " ".join(text.split())
    assert (
        "dense has 0.25 times the peak of o3bnn (512 beside 2,048 edges a cycle), so the speed-up over it is"
        " that of another size too: --controls dense derives a `dense` of the same size"
    ) in words
    assert "mine has 0.25 times" in words
    assert "too: --controls derives machines of the same size" in words
    assert " a has" not in words
    assert re.search(r"^ dense +0\.25 ", text, re.MULTILINE)


def test_clocks_are_told_where_they_make_the_difference() -> None:
    other = result("slow")
    slow = replace(other, configuration={**other.configuration, "clock_mhz": 50.0})
    note = peak_note(result(), compare(result(), slow))
    assert (
        "slow has 0.25 times the peak of o3bnn (2,048 at 50 MHz beside 2,048 at 200 MHz edges a cycle)"
        in note
    )


def test_a_comparison_of_equal_peaks_says_nothing_of_them() -> None:
    assert "peak" not in written()


def test_markup_in_names_is_text() -> None:
    stream = io.StringIO()
    make_console(stream).print("[bold]x[/bold] :smile:")
    assert stream.getvalue() == "[bold]x[/bold] :smile:\n"


def test_narrow_terminal_keeps_the_width() -> None:
    main = result()
    for table in (short_layer_table(main), compare_table(main, []), wide_table(main, [])):
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


@pytest.mark.parametrize("wide", [False, True])
def test_a_sampled_run_is_marked_in_every_part(wide: bool) -> None:
    stream = io.StringIO()
    print_run(
        make_console(stream, wide), sampled_result(), [compare(sampled_result(), result("dense"))], wide
    )
    text = " ".join(stream.getvalue().split())
    assert "o3bnn: SAMPLED (docs/sampling.md), seed 5: 60.0 % of the ops were run" in text
    assert "stretches of layers marked ~; 95 % intervals of the whole: cycles +-1 %, activation reads" in text
    assert "~ sampled; 95 % intervals of cycles: conv1 +-3 %." in text
    assert re.search(r"conv1 ~ +500", stream.getvalue())
    assert not re.search(r"scores ~", stream.getvalue())
    assert text.count("SAMPLED") == 1
    assert "SAMPLED" not in written() + written(wide=False)
