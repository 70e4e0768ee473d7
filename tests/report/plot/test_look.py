"""How figures look: sizes, fonts, legends apart from what is drawn, and colours for every kind of sight."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.contract.counters import PE_CYCLE_CAUSES
from o3sim.energy.units import UNITS as ALL_UNITS
from o3sim.errors import InputError
from o3sim.report.plot import colours
from o3sim.report.plot.bars import MOST_BAR_INCHES, bar_places, name_groups
from o3sim.report.plot.parts import draw_parts, energy_parts
from o3sim.report.plot.quantities import peak_notes, readable
from o3sim.report.plot.series import draw_series, series_data
from o3sim.report.plot.style import STYLES, FigureSize, figure_style, new_figure
from o3sim.report.plot.table_speedup import table_speedup_data
from o3sim.report.plot.timeline import LOOKS, Doing
from o3sim.results.result_table import ResultTable, load_results
from tests.report.plot.tables import RESULTS, write_tables

DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
"""On linear light: Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color
vision deficiency" (2009), table 1."""


@pytest.fixture
def table(tmp_path: Path) -> ResultTable:
    return load_results(write_tables(tmp_path))


def linear(colour: str) -> np.ndarray:
    light = np.array(to_rgb(colour))
    return np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)


def lightness(colour: str) -> float:
    """The L* of CIE 1976, 0..100."""
    y = float(linear(colour) @ [0.2126, 0.7152, 0.0722])
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def seen(colour: str) -> np.ndarray:
    """What is seen of a colour under deuteranopia, as coordinates whose distances are those of L*a*b*."""
    x, y, z = (
        np.clip(DEUTERANOPIA @ linear(colour), 0, 1)
        @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
        / [0.9505, 1, 1.089]
    ) ** (1 / 3)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(
    ("looks", "keys"),
    [(colours.CAUSES, PE_CYCLE_CAUSES), (colours.UNITS, ALL_UNITS), (colours.PRUNINGS, colours.PRUNINGS)],
)
def test_every_part_of_a_stack_has_a_look_and_stands_out_from_the_next(
    looks: dict[str, colours.Look], keys: tuple[str, ...]
) -> None:
    assert list(looks) == list(keys)
    assert len(set(looks.values())) == len(looks)
    for (colour, hatch), (above, other) in pairwise(looks.values()):
        if hatch == other:
            assert abs(lightness(colour) - lightness(above)) > 5, (colour, above)
            assert np.linalg.norm(seen(colour) - seen(above)) > 15, (colour, above)


def test_a_timeline_is_read_in_grey_and_has_the_colours_of_cycle_stacks() -> None:
    shown = [colour for doing, (colour, _) in LOOKS.items() if doing is not Doing.OPEN]
    shades = sorted(map(lightness, shown))
    assert min(high - low for low, high in pairwise(shades)) > 6
    for doing, cause in ((Doing.WASTED, "wasted"), (Doing.SQUASHED, "squashed")):
        assert LOOKS[doing][0] == colours.CAUSES[cause][0]


def test_text_keeps_its_size_whatever_the_width(table: ResultTable) -> None:
    for size in (FigureSize(3.5), STYLES["paper"], STYLES["slides"]):
        with figure_style(size):
            figure = draw_series(series_data(table, "pe.count", "cycles", []))
            axes = figure.axes[0]
            labels = [axes.xaxis.label, *axes.get_xticklabels(), *figure.legends[0].get_texts()]
            assert {label.get_fontsize() for label in labels} == {size.text_points}
            assert figure.get_size_inches()[0] == size.width_inches


def test_panels_go_below_each_other_where_they_have_no_room_beside(table: ResultTable) -> None:
    panels = [series_data(table, "pe.count", key, []) for key in ("cycles", "latency_us", "images")]
    places = {}
    for width in (3.5, 7.16):
        with figure_style(FigureSize(width)):
            figure = draw_series(*panels)
            figure.draw_without_rendering()
            places[width] = {round(axes.get_position().x0, 1) for axes in figure.axes}
    assert [len(found) for found in places.values()] == [1, 3]


@pytest.mark.parametrize("width", [3.5, 7.16])
def test_a_legend_neither_covers_what_is_drawn_nor_leaves_the_page(table: ResultTable, width: float) -> None:
    with figure_style(FigureSize(width)):
        figure = draw_series(series_data(table, "pe.count", "cycles", ["architecture", "scheduler.policy"]))
        figure.draw_without_rendering()
        legend, drawn = figure.legends[0].get_window_extent(), figure.axes[0].get_window_extent()
        assert not legend.overlaps(drawn)
        assert legend.x0 >= 0
        assert legend.x1 <= figure.bbox.x1


def test_a_bar_is_never_as_wide_as_a_page() -> None:
    with figure_style():
        _, width = bar_places(2, 1)
        assert width * 0.85 * STYLES["paper"].width_inches / 2 <= MOST_BAR_INCHES + 1e-9
        places, width = bar_places(20, 3)
        assert 3 * width <= 0.8
        assert places.shape == (20, 3)


def test_thin_parts_have_no_outline_and_parts_are_named_in_words(table: ResultTable) -> None:
    with figure_style():
        figure = draw_parts(energy_parts(table, []))
        assert {patch.get_linewidth() for patch in figure.axes[0].patches} == {0}
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["PE", "DRAM"]


def test_energy_is_in_units_that_are_read(table: ResultTable) -> None:
    large = RESULTS.replace(",10.0,20.0,", ",123456789.0,20.0,")
    name, values = readable(load_results(write_tables(table.path.parent, large)), "energy_pj_per_image")
    assert (name, values[0]) == ("energy of an image (nJ)", 123456.789)
    assert readable(table, "energy_pj_per_image")[0] == "energy of an image (pJ)"


def test_the_base_is_drawn_where_it_has_a_place(table: ResultTable) -> None:
    along = table_speedup_data(table, "pe.count", "pe.count=16", [])
    assert [series.y[16] for series in along.series] == [1.0, 1.0]
    lines = table_speedup_data(table, "pe.count", "b", [])
    assert ([series.label for series in lines.series], lines.level_name) == (["a"], "b")
    bars = table_speedup_data(table.only(["pe.count=64"]), "architecture", "b", [])
    assert [series.y["b"] for series in bars.series] == [1.0]


def test_points_of_different_peaks_say_so(tmp_path: Path) -> None:
    head, *rows = RESULTS.splitlines()
    sizes = [f"{row},32,{200 if row.split(',')[1] == 'a' else 100}" for row in rows]
    text = "\n".join([f"{head},arch.pe.width_edges,arch.clock_mhz", *sizes]) + "\n"
    table = load_results(write_tables(tmp_path, text)).only(["pe.count=16"])
    (note,) = peak_notes(table, ["architecture"])
    assert note.endswith("differ up to 2 times.")
    assert peak_notes(table, ["clock_mhz"]) == []
    assert peak_notes(table.only(["architecture=a"]), []) == []


def test_a_pdf_has_its_fonts_in_it(tmp_path: Path) -> None:
    write_tables(tmp_path)
    target = tmp_path / "figure.pdf"
    arguments = ["plot", "pareto", str(tmp_path), "--inches", "3.5", "-o", str(target)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert b"/FontFile2" in target.read_bytes()
    assert b"/Type3" not in target.read_bytes()
    assert re.search(rb"/MediaBox \[ 0 0 252 ", target.read_bytes())


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--inches", "0", "--inches 0: expected 2 to 40"),
        ("--inches", "nan", "--inches nan: expected 2 to 40"),
        ("--style", "slide", "--style slide: expected paper or slides (did you mean `slides`?)"),
    ],
)
def test_sizes_that_are_none_are_refused(tmp_path: Path, option: str, value: str, says: str) -> None:
    write_tables(tmp_path)
    done = CliRunner().invoke(app, ["plot", "energy", str(tmp_path), option, value])
    assert isinstance(done.exception, InputError)
    assert str(done.exception) == says


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["dense", "a-long-name-of-a-machine"], ["dense", "a-long-name-of-a-\nmachine"]),
        (["one", "two"], ["one", "two"]),
        (["dense", "anamewithouthyphensthatislong"], ["dense", "anamewithouthyphensthatislong"]),
        (["dense", "-".join(["words"] * 20)], ["dense", "-".join(["words"] * 20)]),
    ],
)
def test_long_names_of_bars_are_broken_at_hyphens_or_turned(names: list[str], shown: list[str]) -> None:
    with figure_style(FigureSize(3.5)):
        figure = new_figure(2)
        axes = figure.add_subplot()
        name_groups(axes, names)
        labels = axes.get_xticklabels()
        assert [label.get_text() for label in labels] == shown
        fits = shown != names or names == ["one", "two"]
        assert {label.get_rotation() for label in labels} == ({0.0} if fits else {35.0})
