"""Figures within a tolerance, without energy, without traces: what is forgiven, and what never is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from o3sim.checks.diff.changes import Change
from o3sim.checks.diff.results import compare_documents
from o3sim.checks.golden.case import Case
from o3sim.checks.golden.check import check
from o3sim.checks.golden.filing import record_in
from o3sim.checks.golden.record import load_inputs
from o3sim.checks.golden.strictness import Strictness, strictness
from o3sim.errors import InputError
from o3sim.results.document import to_document
from o3sim.runs.simulation import simulate
from tests.checks.golden.workload import write_workload
from tests.sample_runs import architecture, images, network

TABLE = "extends: asic-45nm\nname: lab\n"
CHIP = (  # ideal banks: no conflicts, so few that any change moves them by more than a tolerance
    "extends: o3bnn\npe: {count: 8, width_edges: 2}\nactivation_buffer: {banks: ideal}\n"
    "weight_buffer: {banks: ideal}\nenergy: {table: lab.yaml}\n"
)


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    (tmp_path / "lab.yaml").write_text(TABLE)
    (tmp_path / "chip.yaml").write_text(CHIP)
    case = Case(str(tmp_path / "chip.yaml"), str(write_workload(tmp_path)))
    return record_in(tmp_path / "goldens", load_inputs(case))


def edit(golden: Path, *keys: str | int, change: Callable[[Any], Any]) -> None:
    """Change a recorded figure, as if o3sim had changed the other way."""
    result = json.loads((golden / "result.json").read_text())
    inner = result
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = change(inner[keys[-1]])
    (golden / "result.json").write_text(json.dumps(result))


def one_percent_more(value: float) -> float:
    return value * 1.01


def edit_trace(golden: Path) -> None:
    path = golden / "trace-00-conv1.txt.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b" pe3 1\n", b" pe3 0\n", 1)))


@pytest.mark.parametrize("keys", [("layers", 0, "cycles"), ("edges", "total"), ("utilisation",)])
def test_figures_may_be_off_by_a_share_of_what_was_recorded(
    golden: Path, keys: tuple[str | int, ...]
) -> None:
    edit(golden, *keys, change=one_percent_more)
    assert check(golden) != []
    assert check(golden, Strictness(0.02)) == []
    assert str(keys[-1]) in check(golden, Strictness(0.005))[2]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("classes",), [2]),
        (("agreement",), 0.999),
        (("accuracy",), 0.5),
        (("outputs_exact",), False),
        (("layers", 1, "outputs_exact"), False),
        (("events", "order_bits"), 5),
        (("tops_per_watt",), None),
    ],
)
def test_what_no_tolerance_forgives(golden: Path, keys: tuple[str | int, ...], value: Any) -> None:
    assert check(golden, Strictness(0.99)) == []
    edit(golden, *keys, change=lambda _: value)
    assert check(golden, Strictness(0.99)) != []


def test_traces_are_compared_unless_there_is_a_tolerance_or_they_are_left_out(golden: Path) -> None:
    edit_trace(golden)
    assert check(golden, strictness(None, ())) != []
    assert check(golden, strictness(0.0, ())) == []
    assert check(golden, strictness(None, "traces")) == []
    edit(golden, "cycles", change=one_percent_more)
    assert check(golden, strictness(None, ["traces"])) != []


def test_without_energy_the_table_may_be_another(golden: Path, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(TABLE.replace("asic-45nm", "fpga-28nm"))
    (tmp_path / "other.yaml").write_text("extends: fpga-28nm\n")
    for chip in (CHIP, CHIP.replace("lab", "other")):
        (tmp_path / "chip.yaml").write_text(chip)
        assert "  input changed: energy_table (" in "\n".join(check(golden))
        assert check(golden, strictness(None, "energy")) == []
    (tmp_path / "chip.yaml").write_text(CHIP.replace("8", "7"))
    report = check(golden, strictness(None, ("energy",)))
    assert "  input changed: architecture (sha256)" in report
    assert not any(word in line for line in report for word in ("energy", "_pj", "fj_per", "watt"))


def test_exactly_the_figures_that_a_table_has_a_part_in_are_of_energy() -> None:
    machines = [architecture(), architecture(energy={"table": "fpga-28nm"})]
    one, other = (to_document(simulate(machine, network(), images(2))) for machine in machines)
    found = compare_documents(one, other)
    assert found is not None
    without = strictness(None, "energy")
    for changes in found.changes.values():
        assert [change for change in changes if not without.forgives(change, {})] == []
    slower = architecture(pe={"latency_cycles": 4})
    moved = compare_documents(one, to_document(simulate(slower, network(), images(2))))
    assert moved is not None
    kept = [change.name for change in moved.changes["the run"] if not without.forgives(change, {})]
    assert {"cycles", "latency_us", "utilisation"} <= set(kept)


def test_with_a_tolerance_an_input_may_change_as_long_as_the_figures_do_not(
    golden: Path, tmp_path: Path
) -> None:
    (tmp_path / "chip.yaml").write_text(CHIP.replace("count: 8", "latency_cycles: 4, count: 8"))
    cycles = next(line for line in check(golden) if line.startswith("    cycles: "))
    percent = float(cycles.split("(")[1].split(" %")[0])
    assert 0 < percent < 50
    assert check(golden, Strictness(0.9)) == []
    report = check(golden, Strictness(percent / 200))
    assert "  input changed: architecture (sha256)" in report
    assert "    configuration.pe.latency_cycles: 3 -> 4 (+33.33 %)" in report


def test_a_tolerance_of_nothing_is_for_the_same_figures_from_other_inputs(
    golden: Path, tmp_path: Path
) -> None:
    (tmp_path / "chip.yaml").write_text("note: another\n" + CHIP.replace("lab", "copy"))
    (tmp_path / "copy.yaml").write_text(TABLE.replace("lab", "copy"))
    assert "  input changed: energy_table (name, sha256)" in check(golden)
    assert check(golden, Strictness(0.0)) == []
    edit(golden, "layers", 0, "cycles", change=lambda cycles: cycles + 1)
    assert check(golden, Strictness(0.0)) != []


@pytest.mark.parametrize("tolerance", [-0.1, 1, 2.0, float("nan"), float("inf"), True, "x"])
def test_tolerances_that_are_none(tolerance: Any) -> None:
    with pytest.raises(
        InputError, match=r"tolerance .*: expected a share from 0 to below 1, as 0\.02 for 2 %"
    ):
        strictness(tolerance, ())


def test_parts_that_are_none() -> None:
    with pytest.raises(InputError, match="without power: expected energy or traces"):
        strictness(None, "power")


def test_only_numbers_are_near_each_other() -> None:
    how = Strictness(0.1)
    assert how.forgives(Change("cycles", 100, 110), {})
    assert how.forgives(Change("x", -100.0, -91), {})
    assert not how.forgives(Change("cycles", 100, 111), {})
    assert not how.forgives(Change("cycles", 0, 1), {})
    assert not how.forgives(Change("cycles", 100, 101), None)
    assert not how.forgives(Change("cycles", None, 0), {})
    assert not how.forgives(Change("outputs_exact", True, False), {})
    assert not how.forgives(Change("classes[0]", 100, 101), {})


RECORDED = {
    "cycles": 50,
    "edges": {"total": 1000, "executed": 500, "pruned": {"threshold": 0}},
    "pe_cycles": {"useful": 90, "drain": 10},
    "energy_pj": {"total": 200.0, "pe": 1.0},
    "events": {
        "ops": 100,
        "squashed_pe": 2,
        "squashed_queue": 0,
        "dram_bits": 100,
        "activation_reads": 200,
        "line_buffer_reads": 0,
        "weight_reads": 100,
        "reads_unused": 0,
        "write_conflicts": 5,
    },
}


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("cycles", 50, 55),
        ("edges.executed", 500, 600),
        ("edges.pruned.threshold", 0, 100),
        ("pe_cycles.drain", 10, 20),
        ("pe_cycles.useful", 90, 80),
        ("energy_pj.pe", 1.0, 21.0),
        ("energy_pj.total", 200.0, 220.0),
        ("events.squashed_pe", 2, 12),
        ("events.squashed_queue", 0, 10),
        ("events.ops", 100, 90),
        ("events.dram_bits", 100, 110),
        ("events.activation_reads", 200, 220),
        ("events.reads_unused", 0, 30),
        ("events.write_conflicts", 5, 15),
    ],
)
def test_parts_of_a_whole_are_off_by_a_share_of_the_whole(name: str, value: float, most: float) -> None:
    how = Strictness(0.1)
    assert how.forgives(Change(name, value, most), RECORDED)
    beyond = most + (0.5 if most > value else -0.5)
    assert not how.forgives(Change(name, value, beyond), RECORDED)


def test_all_events_that_count_ops_are_parts_of_the_ops() -> None:
    from o3sim.checks.golden import strictness as module
    from o3sim.contract.counters import EVENTS

    assert {name for name in EVENTS if name.startswith("squashed")} | {
        "dispatched",
        "issued",
        "retired",
    } == module._OPS
