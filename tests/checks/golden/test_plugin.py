"""The fixture in a user's own suite, and the example of docs/golden.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.golden.workload import write_workload

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[3] / "docs" / "golden.md"
UPDATE = "--o3sim-golden-update"
CHIP = "extends: o3bnn\npe: {count: 8, width_edges: 2}\n"
SUITE = """\
def test_chip(o3sim_golden):
    o3sim_golden("chip.yaml", "tiny.yaml", layers=["conv1"], images=2)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite in a folder of its own, run in a process of its own with every warning an error."""
    write_workload(pytester.path)
    (pytester.path / "chip.yaml").write_text(CHIP)
    pytester.makepyfile(test_chip=SUITE)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider -p no:xdist\n")
    return pytester


def test_record_compare_move(suite: pytest.Pytester) -> None:
    missing = suite.runpytest_subprocess()
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines([f"*nothing was recorded; run pytest with {UPDATE}*"])
    suite.runpytest_subprocess(UPDATE).assert_outcomes(passed=1)
    assert (suite.path / "o3sim-golden" / "chip-tiny" / "manifest.json").is_file()
    suite.runpytest_subprocess().assert_outcomes(passed=1)
    (suite.path / "chip.yaml").write_text(CHIP.replace("8", "7"))
    moved = suite.runpytest_subprocess()
    moved.assert_outcomes(failed=1)
    moved.stdout.fnmatch_lines(
        ["chip on tiny: not as recorded", "*layer conv1:", "*cycles: *%)", "*trace differs*", f"*{UPDATE}"]
    )
    assert "Traceback" not in moved.stdout.str()


def test_wrong_input_fails_in_one_line(suite: pytest.Pytester) -> None:
    (suite.path / "chip.yaml").write_text("extends: o3bnn\npe: {cuont: 8}\n")
    failed = suite.runpytest_subprocess()
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["*chip.yaml:2:*cuont*"])
    assert "Traceback" not in failed.stdout.str()


def test_the_option_is_in_the_help(suite: pytest.Pytester) -> None:
    suite.runpytest_subprocess("--help").stdout.fnmatch_lines([f"*{UPDATE}*"])


def test_nothing_heavy_is_imported_for_those_who_do_not_use_it() -> None:
    heavy = "{'numpy', 'numba', 'simpy', 'pydantic', 'matplotlib', 'typer', 'yaml', 'rich'}"
    code = f"import sys; import o3sim.checks.golden.plugin; print(*{heavy} & set(sys.modules))"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.mark.slow
def test_the_example_of_the_page(pytester: pytest.Pytester) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, content in re.findall(r"```\w+ (\S+)\n(.*?)```", page, re.DOTALL):
        (pytester.path / name).write_text(content)
    assert {path.name for path in pytester.path.iterdir()} >= {"chip.yaml", "test_chip.py"}
    pytester.runpytest_subprocess(UPDATE).assert_outcomes(passed=1)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    chip = pytester.path / "chip.yaml"
    chip.write_text(chip.read_text().replace("count: 32", "count: 31"))
    failed = pytester.runpytest_subprocess()
    failed.assert_outcomes(failed=1)
    shown = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    assert _without_numbers(shown[1]) in _without_numbers(failed.stdout.str())


def _without_numbers(text: str) -> str:
    """Leave out the figures: they move with every change of timing that is meant."""
    return re.sub(r"[-+]?\d[\d,.]*", "N", text)
