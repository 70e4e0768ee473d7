"""The fixture in a suite of users; scripts/docs runs the example of docs/golden.md."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.checks.golden.test_filing import as_recorded_before
from tests.checks.golden.workload import write_workload

pytest_plugins = ["pytester"]

UPDATE = "--o3sim-golden-update"
CHIP = "extends: o3bnn\npe: {count: 8, width_edges: 2}\n"
SUITE = """\
def test_chip(o3sim_golden):
    o3sim_golden("chip.yaml", "tiny.yaml", layers=["conv1"], images=2)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite in a folder of its own, run with every warning an error."""
    write_workload(pytester.path)
    (pytester.path / "chip.yaml").write_text(CHIP)
    pytester.makepyfile(test_chip=SUITE)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider -p no:xdist\n")
    return pytester


def recorded(suite: pytest.Pytester) -> list[str]:
    return sorted(path.parent.name for path in suite.path.glob("o3sim-golden/*/manifest.json"))


def test_record_compare_move(suite: pytest.Pytester) -> None:
    missing = suite.runpytest_subprocess()
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines([f"*nothing was recorded; run pytest with {UPDATE}*"])
    suite.runpytest_subprocess(UPDATE).assert_outcomes(passed=1)
    assert len(recorded(suite)) == 1
    suite.runpytest_subprocess().assert_outcomes(passed=1)
    (suite.path / "chip.yaml").write_text(CHIP.replace("8", "7"))
    moved = suite.runpytest_subprocess()
    moved.assert_outcomes(failed=1)
    moved.stdout.fnmatch_lines(
        ["chip on tiny: not as recorded", "*layer conv1:", "*cycles: *%)", "*trace differs*", f"*{UPDATE}"]
    )
    assert "Traceback" not in moved.stdout.str()


POLICY = """\
from o3sim.extend import Policy
class Mine(Policy):
    def pick(self, view):
        yield from filter(view.ready, view.entries)
"""


def test_code_of_the_suites_own_runs_with_its_consent(suite: pytest.Pytester) -> None:
    (suite.path / "chip.yaml").write_text(f"{CHIP}scheduler: {{policy: 'policy.py:Mine'}}\n")
    (suite.path / "policy.py").write_text(POLICY)
    refused = suite.runpytest_subprocess(UPDATE)
    refused.assert_outcomes(failed=1)
    refused.stdout.fnmatch_lines(["*policy.py (SHA-256 *): would run *o3sim.allow_code*"])
    suite.makeconftest("import o3sim\no3sim.allow_code()\n")
    suite.runpytest_subprocess(UPDATE).assert_outcomes(passed=1)
    suite.runpytest_subprocess().assert_outcomes(passed=1)


PARAMETRISED = """\
import pytest

@pytest.mark.parametrize("count", [7, 8])
def test_made(o3sim_golden, tmp_path, count):
    (tmp_path / "chip.yaml").write_text(f"extends: o3bnn\\npe: {{count: {count}, width_edges: 2}}\\n")
    o3sim_golden(tmp_path / "chip.yaml", "tiny.yaml", layers=[0])

@pytest.mark.parametrize("count", [7, 8])
def test_written_over(o3sim_golden, request, count):
    chip = request.path.with_name("written.yaml")
    chip.write_text(f"extends: o3bnn\\npe: {{count: {count}, width_edges: 2}}\\n")
    o3sim_golden(chip, "tiny.yaml", layers=[0])

@pytest.mark.parametrize("how", [{"images": 2}, {"cycles": 9}, {"layers": [0]}, {"image_file": "images.npz"}])
def test_of_one_machine(o3sim_golden, how):
    o3sim_golden("chip.yaml", "tiny.yaml", **how)

def test_made_too(o3sim_golden, tmp_path):
    (tmp_path / "chip.yaml").write_text("extends: o3bnn\\npe: {count: 6, width_edges: 2}\\n")
    o3sim_golden(tmp_path / "chip.yaml", "tiny.yaml", layers=[0])

@pytest.mark.parametrize("machine", ["one", "two"])
def test_equal_names(o3sim_golden, machine):
    o3sim_golden(f"{machine}/chip.yaml", "tiny.yaml", layers=[0])
"""


def test_tests_with_parameters_and_files_of_one_name_have_goldens_of_their_own(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(test_chip=PARAMETRISED)
    for count, machine in enumerate(("one", "two"), start=5):
        (suite.path / machine).mkdir()
        (suite.path / machine / "chip.yaml").write_text(CHIP.replace("8", str(count)))
    suite.runpytest_inprocess(UPDATE).assert_outcomes(passed=11)
    assert len(recorded(suite)) == 11
    suite.runpytest_inprocess().assert_outcomes(passed=11)
    before = {path: path.read_bytes() for path in suite.path.glob("o3sim-golden/*/*")}
    suite.runpytest_inprocess(UPDATE).assert_outcomes(passed=11)
    assert {path: path.read_bytes() for path in suite.path.glob("o3sim-golden/*/*")} == before
    manifests = [path.read_text() for path in suite.path.glob("o3sim-golden/*/manifest.json")]
    assert sum('"test": "test_chip.py::test_made[7]"' in text for text in manifests) == 1
    assert not any("pytest-of" in text for text in manifests)


TWO = """\
from pathlib import Path

def test_one(o3sim_golden):
    o3sim_golden("chip.yaml", "tiny.yaml", layers=["conv1"])

def test_two(o3sim_golden):
    chip = Path(__file__).with_name("chip.yaml")
    chip.write_text(chip.read_text() CHANGE)
    o3sim_golden("chip.yaml", "tiny.yaml", layers=["conv1"])
"""


@pytest.mark.parametrize("change", ["", ".replace('8', '7')"])
def test_two_tests_share_a_golden_only_if_it_is_the_same(suite: pytest.Pytester, change: str) -> None:
    suite.makepyfile(test_chip=TWO.replace(" CHANGE", change))
    done = suite.runpytest_inprocess(UPDATE)
    if not change:
        done.assert_outcomes(passed=2)
        return
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*test_chip.py::test_one has just recorded another machine there*"])


def test_a_golden_of_an_earlier_version_is_used_until_it_is_recorded_again(suite: pytest.Pytester) -> None:
    suite.runpytest_inprocess(UPDATE).assert_outcomes(passed=1)
    as_recorded_before(suite.path / "o3sim-golden" / recorded(suite)[0], "chip-tiny")
    suite.runpytest_inprocess().assert_outcomes(passed=1)
    suite.runpytest_inprocess(UPDATE).assert_outcomes(passed=1)
    assert len(recorded(suite)) == 1
    assert recorded(suite) != ["chip-tiny"]


def test_figures_within_a_tolerance(suite: pytest.Pytester) -> None:
    suite.runpytest_inprocess(UPDATE).assert_outcomes(passed=1)
    result = suite.path / "o3sim-golden" / recorded(suite)[0] / "result.json"
    document = json.loads(result.read_text())
    document["layers"][0]["cycles"] *= 1.01
    result.write_text(json.dumps(document))
    enough = ["tolerance=0.02", "tolerance=0.02, without='energy'"]
    too_little = ["without=['traces']", "tolerance=0.0001", "tolerance=7", "without=['power']"]
    calls = [
        SUITE.replace("_chip", f"_{n}").replace("images=2", f"images=2, {how}")
        for n, how in enumerate([*enough, *too_little])
    ]
    suite.makepyfile(test_chip="\n".join(calls))
    done = suite.runpytest_inprocess()
    done.assert_outcomes(passed=len(enough), failed=len(too_little))
    done.stdout.fnmatch_lines(["tolerance 7: expected a share from 0 to below 1, as 0.02 for 2 %"])


def test_wrong_input_fails_in_one_line(suite: pytest.Pytester) -> None:
    (suite.path / "chip.yaml").write_text("extends: o3bnn\npe: {cuont: 8}\n")
    failed = suite.runpytest_inprocess()
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["*chip.yaml:2:*cuont*"])
    assert "Traceback" not in failed.stdout.str()


def test_the_option_is_in_the_help(suite: pytest.Pytester) -> None:
    suite.runpytest_inprocess("--help").stdout.fnmatch_lines([f"*{UPDATE}*"])


def test_nothing_heavy_is_imported_for_those_who_do_not_use_it() -> None:
    heavy = "{'numpy', 'numba', 'simpy', 'pydantic', 'matplotlib', 'typer', 'yaml', 'rich'}"
    code = f"import sys; import o3sim.checks.golden.plugin; print(*{heavy} & set(sys.modules))"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("\n", "")
