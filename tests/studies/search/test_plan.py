"""A search file is checked as a whole before anything runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.errors import InputError
from o3sim.studies.search.plan import plan_search
from tests.studies.search.samples import SEARCH, write_search

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "explore.yaml"


@pytest.mark.parametrize(
    ("changed", "messages"),
    [
        (
            ("pe.count: [", "pe.cuont: ["),
            [r"explore\.yaml:5:.*no architecture key `pe.cuont`.*`pe.count`"],
        ),
        (
            ("[1, 2, 3]", "[1, 0]"),
            [
                r"explore\.yaml:7:\d+: parameters.pe.latency_cycles: "
                r"expected a number >= 1, found the number 0"
            ],
        ),
        (("[1, 2, 3]", "[]"), [r"explore\.yaml:7"]),
        (
            ("architecture: small", "architecture: smal"),
            [r"explore\.yaml:2:\d+: architecture: .*did you mean `small`"],
        ),
        (("tiny.yaml", "nix.yaml"), [r"explore\.yaml:3:\d+: workload: nix\.yaml: no such file"]),
        (("seed: 3", "images: {count: 99}"), [r"explore\.yaml:13:\d+: images: .*99"]),
        (("to: 16", "to: 1"), [r"explore\.yaml:6:\d+: .*has no values"]),
        (("<= 128", "<="), [r"explore\.yaml:9:\d+: constraints\[0\].*is not an expression"]),
        (("peak_edges_per_cycle", "peak_edges"), [r"no architecture key or column `peak_edges`"]),
        (("utilisation:", "utilization:"), [r"explore\.yaml:10:.*no column of numbers `utilization`"]),
        (("cycles: minimise", "cycles: least"), [r"explore\.yaml:10"]),
        (("trials: 20", "trials: 0"), [r"explore\.yaml:12"]),
        (("{sequencer.width_ops:", "{pe.count:"), [r"is a parameter already"]),
        (
            ("[1, 2, 4, 8]", "[1, fast]"),
            [r"explore\.yaml:5:\d+: parameters.pe.count: expected an integer, found `fast`"],
        ),
        (
            ("[1, 2, 4, 8]", "{from: 1, to: 9999999, step: 1}"),
            [r"pe.count: has 9,999,999 values; 10,000 at most"],
        ),
        (
            ("[1, 2, 4, 8]", "{from: 1, to: 64, factor: 1.0000000000000002}"),
            [r"factor: expected a number >= 1"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, changed: tuple[str, str], messages: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        plan_search(write_search(tmp_path, SEARCH.replace(*changed)))
    for message in messages:
        assert re.search(message, str(caught.value)), str(caught.value)


def test_the_example_is_valid_and_known_as_a_search() -> None:
    result = CliRunner().invoke(app, ["validate", str(EXAMPLE)], catch_exceptions=False)
    assert result.stdout == f"{EXAMPLE}: valid search\n"
    assert plan_search(EXAMPLE).space.size == 1620


def test_derived_values_and_constraints_read_computed_figures(tmp_path: Path) -> None:
    text = SEARCH.replace("'max(1, pe.count // 2)'", "peak_edges_per_cycle // 32").replace(
        "[peak_edges_per_cycle <= 128]", "[on_chip_kbit <= 1095, area.lut <= 250_000]"
    )
    space = plan_search(write_search(tmp_path, text)).space
    axes = {"pe.count": 4, "issue_queue.depth_ops": 8, "pe.latency_cycles": 1}
    assert space.candidate(axes).architecture.sequencer.width_ops == 4
    with pytest.raises(InputError, match=r"`on_chip_kbit <= 1095` does not hold"):
        space.candidate({**axes, "issue_queue.depth_ops": 256})
    with pytest.raises(InputError, match=r"`area.lut <= 250_000` does not hold"):
        space.candidate({**axes, "pe.count": 64})
