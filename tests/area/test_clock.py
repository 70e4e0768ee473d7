"""Delays are those that the placements give, and a machine is as fast as the slowest of its units."""

from __future__ import annotations

import pytest

from o3sim.area.clock import clock_of, clocks_by_unit, is_extrapolated
from o3sim.area.delays import CONSTANTS, PATHS, delay_ns
from o3sim.area.forms import FORMS
from o3sim.area.machine import pieces_of
from o3sim.area.pieces import Piece, memories
from o3sim.config.catalog import shipped_folder
from o3sim.config.load import load_architecture
from o3sim.config.yaml_marks import read_yaml
from scripts.benchmarks.area_fit import spelled
from scripts.benchmarks.clock_fit import fit, table
from scripts.benchmarks.clock_measured import read_delays
from scripts.benchmarks.clock_place import between_registers
from scripts.benchmarks.clock_points import FITTED_AND_HELD_OUT, every_point

MEASURED = read_delays()
REACH = 0.25
PLACED = [(unit, sizes, is_fitted) for unit, sizes, is_fitted in every_point()]


def test_every_unit_is_placed_at_all_its_sizes() -> None:
    assert set(FITTED_AND_HELD_OUT) == set(FORMS) == set(PATHS)
    assert set(MEASURED) == {(unit, spelled(sizes)) for unit, sizes, _ in PLACED}


def test_constants_are_what_the_placements_give() -> None:
    assert read_yaml(CONSTANTS).data == fit(MEASURED)


@pytest.mark.parametrize("unit", PATHS)
def test_delays_hold_at_sizes_that_were_not_fitted_to(unit: str) -> None:
    errors = [
        delay_ns(unit, sizes) / MEASURED[unit, spelled(sizes)] - 1
        for name, sizes, is_fitted in PLACED
        if name == unit and not is_fitted
    ]
    assert errors
    assert max(map(abs, errors)) <= REACH


def test_no_unit_gets_faster_with_a_size() -> None:
    for unit, sizes, _ in PLACED:
        for name in sizes:
            assert delay_ns(unit, {**sizes, name: 2 * sizes[name]}) >= delay_ns(unit, sizes)


def test_the_page_has_the_delays() -> None:
    page = (shipped_folder("docs") / "area.md").read_text()
    assert "\n".join(table(MEASURED, fit(MEASURED))) in page


def test_the_slowest_unit_sets_the_clock() -> None:
    narrow = Piece("crossbars", "crossbar", {"BANKS": 2, "WIDTH": 8})
    wide = Piece("crossbars", "crossbar", {"BANKS": 64, "WIDTH": 8})
    queue = Piece("select", "selection", {"DEPTH": 128, "ISSUE": 8, "OP_BITS": 60})
    assert clocks_by_unit([narrow, wide]) == {"crossbars": 1000 / delay_ns("crossbar", wide.sizes)}
    found = clock_of([narrow, wide, queue])
    assert (found.mhz, found.unit) == (1000 / delay_ns("selection", queue.sizes), "select")


def test_memories_were_not_placed() -> None:
    assert clocks_by_unit([memories("weight_buffer", 512, 32), Piece("issue_queue", count=3)]) == {}


def test_what_is_larger_than_what_was_placed_is_known() -> None:
    assert not is_extrapolated(Piece("crossbars", "crossbar", {"BANKS": 32, "WIDTH": 512}))
    assert is_extrapolated(Piece("crossbars", "crossbar", {"BANKS": 64, "WIDTH": 8}))
    assert not is_extrapolated(memories("weight_buffer", 512, 32))
    assert any(map(is_extrapolated, pieces_of(load_architecture("small"))))


def test_both_ends_of_a_path_are_registers() -> None:
    ports = {
        "clk": {"direction": "input", "bits": [2]},
        "asks": {"direction": "input", "bits": [3, 4]},
        "served": {"direction": "output", "bits": [5]},
    }
    text = between_registers("arbitration", ports)
    assert "module shell(input clk, input [1:0] asks, output reg [0:0] served);" in text
    assert "always @(posedge clk) asks_r <= asks;" in text
    assert "always @(posedge clk) served <= served_r;" in text
    assert "arbitration unit(.clk(clk), .asks(asks_r), .served(served_r));" in text
