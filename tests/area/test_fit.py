"""Constants are those that the measurements give, and hold at sizes that they were not fitted to."""

from __future__ import annotations

import re

import numpy as np
import pytest

from o3sim.area.forms import CONSTANTS, FORMS, estimate, shifters
from o3sim.area.synthesis import SHARED, SHARED_PATHS, UNITS, synthesize
from o3sim.config.catalog import shipped_folder
from o3sim.config.yaml_marks import read_yaml
from scripts.benchmarks.area_fit import Rows, errors, fit, least_squares, read_measured, spelled, table
from scripts.benchmarks.area_points import POINTS, every_point

MEASURED = read_measured()
REACH = 0.15


def test_every_unit_is_measured_at_all_its_sizes() -> None:
    assert set(POINTS) == set(FORMS)
    assert set(MEASURED) == {(unit, spelled(sizes)) for unit, sizes, _ in every_point()}


def test_constants_are_what_the_measurements_give() -> None:
    assert read_yaml(CONSTANTS).data == fit(MEASURED)


@pytest.mark.parametrize("unit", FORMS)
def test_estimates_hold_at_sizes_that_were_not_fitted_to(unit: str) -> None:
    found = [each for each in errors(MEASURED, fit(MEASURED)) if each.unit == unit]
    assert len(found) >= 2
    assert not [each for each in found if max(abs(each.of_lut), abs(each.of_ff)) > REACH]


@pytest.mark.parametrize("unit", FORMS)
def test_one_size_is_twice_beyond_those_that_were_fitted_to(unit: str) -> None:
    _, fitted, held_out = POINTS[unit]
    most = [max(column) for column in zip(*fitted, strict=True)]
    assert any(
        any(size >= 2 * top for size, top in zip(sizes, most, strict=True) if top) for sizes in held_out
    )


def test_fitting_without_a_unit_of_work_gives_another_answer() -> None:
    changed: Rows = dict(MEASURED)
    key = ("crossbar", "BANKS=32 WIDTH=8")
    changed[key] = type(changed[key])(2 * changed[key].lut, changed[key].ff)
    assert fit(changed)["crossbar"] != fit(MEASURED)["crossbar"]


def test_no_constant_is_below_0() -> None:
    terms = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]])
    assert least_squares(terms, np.array([10.0, 12.0, 14.0])).round(6).tolist() == [8.0, 2.0]
    assert least_squares(terms, np.array([14.0, 12.0, 10.0])).min() == 0


def test_a_shifter_that_keeps_one_item_is_a_tree_of_multiplexers() -> None:
    assert [shifters(n, 1) for n in (1, 2, 4, 16)] == [0, 1, 3, 15]


def test_modules_have_the_sizes_that_they_are_measured_at() -> None:
    for unit, (names, _, _) in POINTS.items():
        shared = SHARED_PATHS.get(unit)
        text = (UNITS / f"{unit}.sv" if shared is None else SHARED / shared).read_text()
        assert set(names) <= set(re.findall(r"parameter (?:int|bit) +(\w+)", text))


def test_the_page_has_the_errors() -> None:
    page = (shipped_folder("docs") / "area.md").read_text()
    assert "\n".join(table(MEASURED, fit(MEASURED))) in page


@pytest.mark.slow
def test_yosys_counts_what_the_table_has() -> None:
    pytest.importorskip("pyosys", reason="needs the extra `rtl`")
    sizes = {"BANKS": 4, "WIDTH": 32}
    (found,) = synthesize([("crossbar", sizes)])
    assert found == MEASURED["crossbar", spelled(sizes)]


def test_estimates_grow_with_every_size() -> None:
    for unit, (names, fitted, _) in POINTS.items():
        base = dict(zip(names, fitted[0], strict=True))
        for name in names:
            if name not in ("BARREL", "THRESHOLD", "LATENCY"):
                larger = {**base, name: 4 * base[name] + 4}
                assert sum(estimate(unit, larger)) >= sum(estimate(unit, base)), (unit, name)
