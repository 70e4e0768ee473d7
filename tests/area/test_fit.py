"""Constants are those that the measurements give, and hold at sizes that they were not fitted to."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from o3sim.area.forms import CONSTANTS, FORMS, estimate, shifters
from o3sim.area.synthesis import SHARED, UNITS, silent, sources, synthesize
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
        text = (UNITS / f"{unit}.sv").read_text()
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


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(2, 2, 3), (3, 1, 4), (2, 3, 2)])
def test_placement_is_that_of_the_rtl(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """Proved for whatever comes in: of PEs, contexts and items, each of two bits."""
    pytest.importorskip("pyosys", reason="needs the extra `rtl`")
    values = dict(zip(("PES", "CONTEXTS", "ITEMS", "WIDTH"), (*sizes, 2), strict=True))
    own, rtl = sources("placement"), [SHARED / "operands/o3_placement.sv", *sources("placement")[1:]]
    assert proved(tmp_path / "said", {"placement": own, "o3_placement": rtl}, values)


ONE_AFTER_ANOTHER = """
module one_after_another #(parameter int PES = 5, parameter int PORTS = 2) (
    input logic clk, rst, held_up, input logic [PES-1:0] offers, output logic [PES-1:0] taken);
  int first, next, count;
  always_comb begin
    taken = '0; count = 0; next = first;
    for (int f = 0; f < PES; f++)
      for (int n = f; n < f + PES; n++)
        if (first == f && offers[n%PES] && count < PORTS && !held_up) begin
          taken[n%PES] = 1'b1; count = count + 1; next = (n + 1) % PES;
        end
  end
  always_ff @(posedge clk) first <= rst ? 0 : next;
endmodule
"""


@pytest.mark.slow
def test_outcomes_go_round_any_number_of_pes(tmp_path: Path) -> None:
    """For whatever comes in three cycles after a reset: behind the last of five PEs is the first."""
    pytest.importorskip("pyosys", reason="needs the extra `rtl`")
    (tmp_path / "plain.sv").write_text(ONE_AFTER_ANOTHER)
    modules = {"output_buffer": sources("output_buffer"), "one_after_another": [tmp_path / "plain.sv"]}
    others = "o:* o:taken %d i:offered %u"
    from_reset = "-seq 4 -set-at 1 in_rst 1 -prove-skip 1"
    assert proved(tmp_path / "said", modules, {"PES": 5, "PORTS": 2}, from_reset, without=others)


def proved(
    said: Path, modules: dict[str, list[Path]], sizes: dict[str, int], how: str = "", without: str = ""
) -> bool:
    """Return whether two modules are proved to do the same, at all outputs or without some ports."""
    from pyosys import libyosys

    design, values = libyosys.Design(), " ".join(f"-G {name}={size}" for name, size in sizes.items())
    commands = [
        command
        for name, files in modules.items()
        for command in (
            f"read_slang --top {name} {values} {' '.join(map(str, files))}",
            "flatten",
            *([f"delete -port {without}"] if without else []),
            f"design -stash {name}",
        )
    ]
    copies = [f"design -copy-from {name} -as {name} {name}" for name in modules]
    ends = [
        "setattr -mod -unset top *",
        f"miter -equiv -flatten {' '.join(modules)} both",
        "hierarchy -top both",
    ]
    with silent():
        for command in (*commands, *copies, *ends):
            libyosys.run_pass(command, design)
        libyosys.run_pass(f"tee -q -o {said} sat {how} -prove trigger 0 both", design)
    return "SUCCESS" in said.read_text()


def test_estimates_grow_with_every_size() -> None:
    for unit, (names, fitted, _) in POINTS.items():
        base = dict(zip(names, fitted[0], strict=True))
        for name in names:
            if name not in ("BARREL", "THRESHOLD", "LATENCY"):
                larger = {**base, name: 4 * base[name] + 4}
                assert sum(estimate(unit, larger)) >= sum(estimate(unit, base)), (unit, name)
