"""From a sweep file to points: order, conditions, derived values; and everything wrong at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from o3sim.config.load import load_architecture
from o3sim.errors import ConfigError, InputError
from o3sim.studies.names import figures_of
from o3sim.studies.sweep.config import LEAST_FACTOR, Factors
from o3sim.studies.sweep.expand import Expansion, load_sweep
from o3sim.studies.sweep.run import plan_sweep
from tests.studies.sweep.samples import SWEEP, write_sweep


def _expanded(folder: Path, text: str = SWEEP) -> Expansion:
    return plan_sweep(load_sweep(write_sweep(folder, text))).expansion


def test_the_first_axis_moves_slowest(tmp_path: Path) -> None:
    points = _expanded(tmp_path).points
    assert [point.number for point in points] == list(range(12))
    assert [tuple(point.axes.values()) for point in points][:3] == [(1, 1), (1, 2), (2, 1)]
    assert points[3].architecture.issue_queue.depth_ops == 2
    assert points[3].architecture.pe.latency_cycles == 2


def test_derived_values_conditions_and_groups(tmp_path: Path) -> None:
    text = """\
name: all
architectures: [o3bnn]
workloads: [tiny.yaml]
axes: {pe.count: {from: 8, to: 64, factor: 2}}
zipped: [{pe.contexts: [1, 2], pe.latency_cycles: [3, 4]}]
derived: {pe.width_edges: 1024 / pe.count, issue_queue.depth_ops: 'max(4, pe.count // 4)'}
where: [pe.width_edges >= 32]
"""
    expansion = _expanded(tmp_path, text)
    sizes = [
        (p.architecture.pe.count, p.architecture.pe.width_edges, p.architecture.pe.contexts)
        for p in expansion.points
    ]
    assert sizes == [(8, 128, 1), (8, 128, 2), (16, 64, 1), (16, 64, 2), (32, 32, 1), (32, 32, 2)]
    assert expansion.left_out == 2
    assert expansion.points[4].architecture.issue_queue.depth_ops == 8


def test_conditions_and_derived_values_read_computed_figures(tmp_path: Path) -> None:
    text = """\
name: computed
architectures: [small]
workloads: [tiny.yaml]
axes: {pe.count: {from: 4, to: 64, factor: 2}, issue_queue.depth_ops: [64, 4096]}
derived: {sequencer.width_ops: peak_edges_per_cycle // 64}
where: [peak_edges_per_cycle <= 1024, area.lut > 100_000, on_chip_kbit < 1200]
"""
    points = _expanded(tmp_path, text).points
    assert [p.architecture.pe.count for p in points] == [8, 16, 32]
    assert all(32 * p.architecture.pe.count == 64 * p.architecture.sequencer.width_ops for p in points)
    figures = [figures_of(p.architecture, []) for p in points]
    assert all(each["peak_edges_per_cycle"] <= 1024 and each["area.lut"] > 100_000 for each in figures)
    with pytest.raises(
        ConfigError, match=r"no architecture key `peak_edges_per_cycl`.*did you mean `peak_edges_per_cycle`"
    ):
        _expanded(tmp_path, text.replace("[peak_edges_per_cycle", "[peak_edges_per_cycl"))


def test_what_lies_between_stages_is_in_no_figure_of_a_machine() -> None:
    plain = load_architecture("o3bnn-pipelined")
    changes = {"input_fifo.depth_rows": 9, "skip_fifo.depth_rows": 9, "stages.1.input_fifo.depth_words": 900}
    assert figures_of(plain.with_(changes), []) == figures_of(plain, [])


def test_equal_points_run_once(tmp_path: Path) -> None:
    text = SWEEP.replace("issue_queue.depth_ops: {from: 1, to: 6, step: 1}", "sequencer.width_ops: [1, 1, 2]")
    expansion = _expanded(tmp_path, text)
    assert (len(expansion.points), expansion.repeated) == (4, 2)


@pytest.mark.parametrize(
    ("changed", "messages"),
    [
        (
            ("pe.latency_cycles: [1, 2]", "pe.latency: [1]"),
            [r"sweep\.yaml:7:\d+: .*no architecture key `pe.latency`.*did you mean `pe.latency_cycles`"],
        ),
        (("step: 1}", "step: 0}"), [r"sweep\.yaml:6"]),
        (
            ("[1, 2]", "[1, 0, -3]"),
            [
                r"sweep\.yaml:7:\d+: axes.pe.latency_cycles: expected a number >= 1, found the number 0 ",
                r"found the number -3 ",
            ],
        ),
        (("[1, 2]", "[]"), [r"sweep\.yaml:7"]),
        (
            ("[small]", "[smal, small, nix]"),
            [
                r"sweep\.yaml:2:\d+: architectures\[0\]: no architecture `smal` .did you mean `small`",
                r"sweep\.yaml:2:\d+: architectures\[2\]: no architecture `nix`",
            ],
        ),
        (("[tiny.yaml]", "[nix.yaml]"), [r"sweep\.yaml:3:\d+: workloads\[0\]: nix\.yaml: no such file"]),
        (
            ("[tiny.yaml]", "[tiny.yaml, tiny.yaml]"),
            [r"sweep\.yaml:3:\d+: workloads\[1\]: a second workload called `tiny`"],
        ),
        (
            ("{count: 2}", "{file: nix.npz}"),
            [r"sweep\.yaml:4:\d+: images: .*nix\.npz: cannot be read: No such file"],
        ),
        (("[small]", f"[{'long' * 1000}]"), [r"sweep\.yaml:2:\d+: architectures\[0\]: no architecture"]),
        (
            ("workloads", "work_loads"),
            [r"sweep\.yaml:3:\d+: work_loads.*did you mean `workloads`", "workloads"],
        ),
        (
            ("[1, 2]\n", "[1]\nwhere: [pe.latency_cycles <]\n"),
            [r"sweep\.yaml:8:\d+: where\[0\].*is not an expression"],
        ),
        (
            ("[1, 2]\n", "[1]\nderived: {pe.count: 7 / 2}\n"),
            [r"sweep\.yaml:8:\d+: derived.pe.count: expected an integer, found the number 3.5"],
        ),
        (("[1, 2]\n", "[1]\nderived: {issue_queue.depth_ops: '7'}\n"), [r"is varied or derived already"]),
        (
            ("[1, 2]\n", "[1]\nzipped: [{pe.count: [1, 2], pe.contexts: [1]}]\n"),
            [r"as many values each: pe.count 2, pe.contexts 1"],
        ),
        (("[1, 2]\n", "[1]\nwhere: [pe.latency_cycles > 5]\n"), ["no points"]),
        (("[1, 2]\n", "[1]\nmost_points: 3\n"), ["more than 3 points"]),
        (("{from: 1, to: 6, step: 1}", "{from: 1, to: 99000000, step: 1}"), ["198,000,000 combinations"]),
        (("[small]", "[small, small]"), ["second architecture called `small`"]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, changed: tuple[str, str], messages: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        _expanded(tmp_path, SWEEP.replace(*changed))
    for message in messages:
        assert re.search(message, str(caught.value)), str(caught.value)


def test_many_problems_are_counted(tmp_path: Path) -> None:
    text = SWEEP.replace("{from: 1, to: 6, step: 1}", str(list(range(-99, 0))))
    with pytest.raises(ConfigError) as caught:
        _expanded(tmp_path, text)
    assert len(caught.value.problems) == 21
    assert "more problems" in caught.value.problems[-1]


def test_a_network_that_does_not_fit_is_found_before_anything_runs(tmp_path: Path) -> None:
    text = SWEEP.replace("pe.latency_cycles: [1, 2]", "activation_buffer.size_kbit: [1]").replace(
        "[tiny.yaml]", "[fashion-vgg]"
    )
    with pytest.raises(ConfigError, match=r"activation_buffer\.size_kbit"):
        _expanded(tmp_path, text)


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("{from: 1, to: 64, factor: 1.0000000000000002}", "factor: expected a number >= 1.0001"),
        ("{from: 1, to: 64, factor: 1}", "factor: expected a number >= 1.0001"),
        (
            "{from: -9223372036854775808, to: 9223372036854775807, step: 1}",
            "has 18,446,744,073,709,551,616 values",
        ),
        ("{from: 1, to: 1000000000, step: 1}", "has 1,000,000,000 values; 100,000,000 at most"),
        ("{from: 1, to: 2000000, step: 1}", "2,000,000 values of an axis; at most 1,000,000 are listed"),
        ("{from: 1, to: 64, factr: 2}", "unknown key (did you mean `factor`?)"),
        ("5", "expected a list, found the number 5"),
        ("[]", "expected at least 1 items"),
    ],
)
def test_values_are_counted_before_they_are_listed(tmp_path: Path, axis: str, message: str) -> None:
    text = f"name: many\narchitectures: [small]\nworkloads: [tiny.yaml]\naxes: {{pe.count: {axis}}}\n"
    with pytest.raises(InputError) as caught:
        _expanded(tmp_path, text)
    assert message in str(caught.value)


def test_factors_go_up_to_the_largest_number_there_is() -> None:
    values = Factors.model_validate({"from": 1, "to": 2**63 - 1, "factor": LEAST_FACTOR}).values()
    assert len(values) < 500_000
    assert values[0] == 1


@pytest.mark.parametrize("axes", [3000, 20_000])
def test_combinations_beyond_all_counting_are_told_in_a_few_digits(tmp_path: Path, axes: int) -> None:
    listed = "".join(f"  key{number}: [1, 2]\n" for number in range(axes))
    text = f"name: many\narchitectures: [small]\nworkloads: [tiny.yaml]\naxes:\n{listed}"
    with pytest.raises(
        InputError, match=r"sweep\.yaml: over 10\^18 combinations; at most 10,000,000 are looked at"
    ):
        _expanded(tmp_path, text)
